//! Keys, and how the bytes of a terminal or the scan codes of a keyboard become keys.

mod decoder;
mod keyboard;
mod meaning;

pub use decoder::{Decoder, Keys, MAX_SEQUENCE};
pub use keyboard::{Keyboard, ScanCodes};

/// What a person pressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Key {
    /// A character, never a control character.
    Char(char),
    /// Enter or Return.
    Enter,
    /// Deletes backwards.
    Backspace,
    /// Deletes forwards.
    Delete,
    /// Insert.
    Insert,
    /// Tab.
    Tab,
    /// Escape, alone.
    Escape,
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// The arrow to the left.
    Left,
    /// The arrow to the right.
    Right,
    /// To the beginning of the word: Control or Alt with the arrow to the left, Alt-B.
    WordLeft,
    /// To the end of the word: Control or Alt with the arrow to the right, Alt-F.
    WordRight,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, 1 to 12.
    F(u8),
    /// Control and a lower-case letter. Those that terminals send for other keys never come: H, I, J and M.
    Ctrl(char),
}
