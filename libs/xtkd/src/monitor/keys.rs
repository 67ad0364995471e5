//! Where keys come from.

use core::fmt::Write;

use xtterm::key::{Decoder, Key};

use super::pager::Paging;

/// What was heard of a terminal in a little while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// A byte of a serial line.
    Byte(u8),
    /// A key of a keyboard.
    Key(Key),
    /// Nothing.
    Silence,
    /// Nothing, and nothing will be: there is nobody.
    Nobody,
}

/// A place where somebody reads and types. What is written is ASCII with carriage returns before line feeds.
pub trait Terminal: Write {
    /// Waits a little while, some fifty milliseconds, for something to be typed.
    fn hear(&mut self) -> Heard;

    /// Tells how much of an answer has room where somebody reads. Asked once a line, when it has been typed.
    fn paging(&self) -> Paging;
}

/// Bytes and keys of a terminal as one sequence of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    decoder: Decoder,
    /// Completed by the same byte as the key before it.
    next: Option<Key>,
}

impl Keys {
    pub(super) const fn new() -> Self {
        Self { decoder: Decoder::new(), next: None }
    }

    /// Waits for a key; `None` when there is nobody to press one.
    pub(super) fn press(&mut self, terminal: &mut dyn Terminal) -> Option<Key> {
        loop {
            if let Some(key) = self.next.take() {
                return Some(key);
            }
            let key = match terminal.hear() {
                Heard::Nobody => return None,
                Heard::Key(key) => Some(key),
                Heard::Silence => self.decoder.idle(),
                Heard::Byte(byte) => {
                    let mut keys = self.decoder.feed(byte);
                    let first = keys.next();
                    self.next = keys.next();
                    first
                }
            };
            if key.is_some() {
                return key;
            }
        }
    }
}
