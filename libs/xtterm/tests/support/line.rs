//! A line of characters edited in the simplest way, and random bytes typed into both it and the editor.
//!
//! Shared with the fuzz target `terminal`.

use xtterm::key::{Decoder, Key};
use xtterm::line::{Complete, Editor, History, Response};

/// Bytes of a line: few, so that it gets full.
pub(crate) const CAPACITY: usize = 24;
/// Bytes of the history: few, so that it forgets.
pub(crate) const REMEMBERED: usize = 64;

/// Words that begin alike, and one beyond the capacity of a line.
pub(crate) const WORDS: [&str; 5] =
    ["memmap ", "memory ", "Menu ", "ls ", "a word that has no room in the line "];

/// Offers [`WORDS`].
pub(crate) struct Offers;

impl Complete for Offers {
    fn offers(&self, _before: &str, offer: &mut dyn FnMut(&str)) {
        WORDS.into_iter().for_each(offer);
    }
}

/// The line as characters before and behind the cursor, and what was entered, newest last.
#[derive(Default)]
pub(crate) struct Model {
    before: Vec<char>,
    behind: Vec<char>,
    entered: Vec<String>,
    back: usize,
    draft: String,
}

impl Model {
    pub(crate) fn text(&self) -> String {
        self.before.iter().chain(&self.behind).collect()
    }

    pub(crate) fn cursor(&self) -> usize {
        self.before.len()
    }

    fn replace(&mut self, text: &str) {
        self.before.clear();
        self.behind.clear();
        text.chars().for_each(|one| self.insert(one));
    }

    fn insert(&mut self, one: char) {
        if self.text().len() + one.len_utf8() <= CAPACITY {
            self.before.push(one);
        }
    }

    fn left(&mut self) -> Option<char> {
        let one = self.before.pop()?;
        self.behind.insert(0, one);
        Some(one)
    }

    fn right(&mut self) -> Option<char> {
        if self.behind.is_empty() {
            return None;
        }
        let one = self.behind.remove(0);
        self.before.push(one);
        Some(one)
    }

    fn word_left(&mut self) {
        while self.before.last().is_some_and(|one| one.is_whitespace()) {
            self.left();
        }
        while self.before.last().is_some_and(|one| !one.is_whitespace()) {
            self.left();
        }
    }

    fn word_right(&mut self) {
        while self.behind.first().is_some_and(|one| one.is_whitespace()) {
            self.right();
        }
        while self.behind.first().is_some_and(|one| !one.is_whitespace()) {
            self.right();
        }
    }

    /// What is called up: the lines entered, newest first, each once, as many as fit.
    fn remembered(&self) -> Vec<&String> {
        let mut room = REMEMBERED;
        let mut lines: Vec<&String> = Vec::new();
        for line in self.entered.iter().rev() {
            if lines.contains(&line) {
                continue;
            }
            match room.checked_sub(line.len() + 1) {
                Some(rest) => room = rest,
                None => break,
            }
            lines.push(line);
        }
        lines
    }

    fn recall(&mut self) {
        let line = match self.back.checked_sub(1) {
            None => self.draft.clone(),
            Some(index) => self.remembered()[index].clone(),
        };
        self.replace(&line);
    }

    fn tab(&mut self) {
        let mut before = self.before.clone();
        let start = before.iter().rposition(|one| one.is_whitespace()).map_or(0, |at| at + 1);
        let word: String = before.split_off(start).into_iter().collect();
        let begins = |whole: &&str| {
            whole.len() <= CAPACITY && whole.to_ascii_lowercase().starts_with(&word.to_ascii_lowercase())
        };
        let offers: Vec<&str> = WORDS.into_iter().filter(begins).collect();
        let Some((first, others)) = offers.split_first() else { return };
        let mut common = first.to_string();
        while !others.iter().all(|other| other.to_ascii_lowercase().starts_with(&common.to_ascii_lowercase()))
        {
            common.pop();
        }
        let room = CAPACITY - (self.text().len() - word.len());
        if common.len() <= room && (offers.len() == 1 || common.len() > word.len()) {
            self.before = before;
            common.chars().for_each(|one| self.insert(one));
        }
    }

    pub(crate) fn press(&mut self, key: Key) {
        match key {
            Key::Char(one) => self.insert(one),
            Key::Backspace => drop(self.before.pop()),
            Key::Delete if !self.behind.is_empty() => drop(self.behind.remove(0)),
            Key::Left => drop(self.left()),
            Key::Right => drop(self.right()),
            Key::WordLeft => self.word_left(),
            Key::WordRight => self.word_right(),
            Key::Home | Key::Ctrl('a') => while self.left().is_some() {},
            Key::End | Key::Ctrl('e') => while self.right().is_some() {},
            Key::Ctrl('u') => self.before.clear(),
            Key::Ctrl('k') => self.behind.clear(),
            Key::Ctrl('w') => {
                let whole = self.before.len();
                self.word_left();
                let cut = whole - self.before.len();
                self.behind.drain(..cut);
            }
            Key::Up if self.back < self.remembered().len() => {
                if self.back == 0 {
                    self.draft = self.text();
                }
                self.back += 1;
                self.recall();
            }
            Key::Down if self.back > 0 => {
                self.back -= 1;
                self.recall();
            }
            Key::Tab => self.tab(),
            _ => {}
        }
    }

    fn enter(&mut self) {
        let line = self.text();
        if !line.trim().is_empty() {
            self.entered.push(line);
        }
        *self = Self { entered: std::mem::take(&mut self.entered), ..Self::default() };
    }

    fn cancel(&mut self) {
        self.replace("");
        self.enter();
    }
}

/// Types `input` and compares line, cursor, history and windows after every key. The byte 0xFF is a pause.
pub(crate) fn judge(input: &[u8]) {
    let mut decoder = Decoder::new();
    let mut history = History::<REMEMBERED>::new();
    let mut editor = Editor::<CAPACITY>::new();
    let mut model = Model::default();
    for &byte in input {
        let keys: Vec<Key> = match byte {
            0xFF => decoder.idle().into_iter().collect(),
            _ => decoder.feed(byte).collect(),
        };
        for key in keys {
            match editor.press(key, &history, &Offers) {
                Response::Done => {
                    history.push(editor.text());
                    editor.clear();
                    model.enter();
                }
                Response::Cancelled => {
                    editor.clear();
                    model.cancel();
                }
                Response::Edited | Response::Ambiguous | Response::Unused(_) => model.press(key),
            }
            assert_eq!((editor.text(), editor.cursor()), (model.text().as_str(), model.cursor()), "{key:?}");
            judge_window(&mut editor, usize::from(byte % 32));
        }
        let remembered: Vec<&str> = model.remembered().into_iter().map(String::as_str).collect();
        assert_eq!(history.iter().collect::<Vec<_>>(), remembered);
    }
}

fn judge_window(editor: &mut Editor<CAPACITY>, width: usize) {
    let text: Vec<char> = editor.text().chars().collect();
    let cursor = editor.cursor();
    let window = editor.window(width);
    let width = width.max(1);
    let seen: Vec<char> = window.text.chars().collect();
    assert!(window.cursor < width && seen.len() <= width, "{window:?} in {width}");
    let first = cursor - window.cursor;
    assert_eq!(seen, text[first..text.len().min(first + width)], "one piece of the line");
    // The cursor may stand one behind the text, so a line that fits with it is seen whole.
    assert!(text.len() < width || first + width <= text.len() + 1, "no room is wasted");
    assert!(text.len() >= width || first == 0, "a line that fits is seen whole");
}
