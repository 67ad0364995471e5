//! A prompt without an operating system: what a person types, byte by byte, becomes commands; and a screen sends only
//! what has changed.
//!
//! The bytes are a recording, so that the result is the same each time. A boot loader takes them from a serial port.

use xtterm::draw::{Ansi, Canvas, Colours, Glyphs, Place, Size, Slot, row};
use xtterm::key::Decoder;
use xtterm::line::{Complete, Editor, History, Response};

/// The words that the prompt knows.
const WORDS: [&str; 4] = ["layout", "locks", "pool", "poweroff"];

/// Offers all of them; what does not begin like the word on the line does not count.
struct Words;

impl Complete for Words {
    fn offers(&self, _before: &str, offer: &mut dyn FnMut(&str)) {
        WORDS.iter().for_each(|word| offer(word));
    }
}

/// "la", Tab, Enter; the arrow up, Home, "pool", Ctrl-K for the rest of the line, Enter.
const TYPED: &[u8] = b"la\t\r\x1b[A\x01pool\x0b\r";

fn main() {
    let mut decoder = Decoder::new();
    let mut history = History::<256>::new();
    let mut editor = Editor::<80>::new();
    for byte in TYPED {
        for key in decoder.feed(*byte) {
            if editor.press(key, &history, &Words) == Response::Done {
                println!("command: {}", editor.text());
                history.push(editor.text());
                editor.clear();
            }
        }
    }
    println!("history: {:?}", history.iter().collect::<Vec<_>>());

    // The same picture twice, with one digit changed: the second time one cell goes over the line.
    let size = Size { rows: 2, columns: 20 };
    let mut canvas = Canvas::new([Slot::EMPTY; 40], size);
    let mut terminal = Ansi::new(String::new(), size, Glyphs::Ascii, Colours::None);
    for text in ["free frames 62716", "free frames 62715"] {
        row(&mut canvas, Place::new(0, 0), 20, text);
        canvas.send(&mut terminal);
        println!("sent {:?}", std::mem::take(terminal.out()));
    }
}
