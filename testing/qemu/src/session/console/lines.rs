//! From the bytes of a serial line to lines of text.
//!
//! Firmware paints its console with terminal escape sequences. Those are dropped, and one that moves the cursor or
//! clears the screen ends the line, so that what is printed next starts at column 0 here too.

/// Longest line that is kept in one piece; a guest that never ends its line cannot fill the host's memory.
const LONGEST: usize = 1 << 20;

/// Where the splitter stands in an escape sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Text,
    Escape,
    Control,
}

/// Collects bytes and yields lines.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    line: Vec<u8>,
    state: State,
}

impl Splitter {
    /// Takes in some bytes and hands every line that they complete to `each`, without its end and without escape
    /// sequences. Bytes that are no UTF-8 appear as the replacement character.
    pub(crate) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for byte in bytes {
            match (self.state, byte) {
                (State::Text, 0x1B) => self.state = State::Escape,
                (State::Text, b'\n') => self.flush(&mut each),
                (State::Text, 0x20.. | b'\t') => {
                    self.line.push(*byte);
                    if self.line.len() >= LONGEST {
                        self.flush(&mut each);
                    }
                }
                // Carriage returns and other control characters.
                (State::Text, _) => {}
                (State::Escape, b'[') => self.state = State::Control,
                (State::Escape, _) => self.state = State::Text,
                (State::Control, 0x40..=0x7E) => {
                    self.state = State::Text;
                    if matches!(byte, b'H' | b'J' | b'f') && !self.line.is_empty() {
                        self.flush(&mut each);
                    }
                }
                (State::Control, _) => {}
            }
        }
    }

    /// Hands over what is left when no more bytes can come.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.flush(&mut each);
        }
    }

    fn flush(&mut self, each: &mut impl FnMut(&str)) {
        each(&String::from_utf8_lossy(&self.line));
        self.line.clear();
    }
}
