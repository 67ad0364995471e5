//! Scan codes to keys: what the decoder of bytes is for a terminal, for a PC's own keyboard.
//!
//! Which code is which key, and what a US keyboard prints on it, is the crate `pc-keyboard`'s. Here its keys become the
//! [`Key`]s that a terminal's bytes become, so that whoever reads keys need not know where somebody sits: Control with
//! the letters H, I, J and M is Backspace, Tab and Enter, and Control or Alt make words of the arrows' steps, as they do
//! there.
//!
//! Each code is handled in constant time, and none makes it wait or panic: a code that means nothing, or the rest of a
//! key of which the beginning was lost, is dropped.
//!
//! Source: IBM Personal System/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)".

use pc_keyboard::layouts::Us104Key;
use pc_keyboard::{
    DecodedKey, Error, HandleControl, KeyCode, KeyEvent, Modifiers, PS2Keyboard, ScancodeSet, ScancodeSet1,
    ScancodeSet2,
};

use super::Key;

/// How a keyboard numbers its keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScanCodes {
    /// As the first PC's did: what a keyboard controller makes of the other set where it translates.
    Set1,
    /// As keyboards send them.
    Set2,
}

/// Turns the scan codes of a keyboard with US layout into keys.
///
/// Num Lock counts as on when nothing was pressed yet, Caps Lock as off: the lamps of a keyboard are not asked.
pub struct Keyboard {
    keys: PS2Keyboard<Us104Key, Codes>,
}

impl Keyboard {
    /// Starts with no key down.
    #[must_use]
    pub const fn new(codes: ScanCodes) -> Self {
        let codes = match codes {
            ScanCodes::Set1 => Codes::Set1(ScancodeSet1::new()),
            ScanCodes::Set2 => Codes::Set2(ScancodeSet2::new()),
        };
        Self { keys: PS2Keyboard::new(codes, Us104Key, HandleControl::MapLettersToUnicode) }
    }

    /// Reads the next byte of the keyboard and returns the key that is pressed with it, or pressed once more where it
    /// is held down.
    // On its own, so that it is as small as this crate is built, wherever it is called.
    #[inline(never)]
    pub fn feed(&mut self, code: u8) -> Option<Key> {
        let event = self.keys.add_byte(code).ok()??;
        let pressed = self.keys.process_keyevent(event)?;
        let modifiers = self.keys.get_modifiers();
        match pressed {
            DecodedKey::Unicode(character) => typed(character, modifiers),
            DecodedKey::RawKey(code) => named(code, modifiers),
        }
    }
}

/// The set in use. The crate has a type for each.
enum Codes {
    Set1(ScancodeSet1),
    Set2(ScancodeSet2),
}

impl ScancodeSet for Codes {
    fn advance_state(&mut self, code: u8) -> Result<Option<KeyEvent>, Error> {
        match self {
            Self::Set1(set) => set.advance_state(code),
            Self::Set2(set) => set.advance_state(code),
        }
    }
}

/// Returns the key with a character on it.
fn typed(character: char, modifiers: &Modifiers) -> Option<Key> {
    Some(match character {
        '\n' | '\r' => Key::Enter,
        '\t' => Key::Tab,
        // Alt and Backspace delete a word, as Control-W does.
        '\u{8}' if modifiers.is_alt() => Key::Ctrl('w'),
        '\u{8}' => Key::Backspace,
        '\u{7F}' => Key::Delete,
        '\u{1B}' => Key::Escape,
        '\u{1}'..='\u{1A}' => Key::Ctrl(char::from(character as u8 + 0x60)),
        'b' | 'B' if modifiers.is_alt() => Key::WordLeft,
        'f' | 'F' if modifiers.is_alt() => Key::WordRight,
        ' '..='~' => Key::Char(character),
        _ => return None,
    })
}

/// Returns the key with a name on it, if it is one that terminals have.
fn named(code: KeyCode, modifiers: &Modifiers) -> Option<Key> {
    let is_by_word = modifiers.is_ctrl() || modifiers.is_alt();
    Some(match code {
        KeyCode::ArrowUp => Key::Up,
        KeyCode::ArrowDown => Key::Down,
        KeyCode::ArrowLeft if is_by_word => Key::WordLeft,
        KeyCode::ArrowLeft => Key::Left,
        KeyCode::ArrowRight if is_by_word => Key::WordRight,
        KeyCode::ArrowRight => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Insert => Key::Insert,
        KeyCode::F1 => Key::F(1),
        KeyCode::F2 => Key::F(2),
        KeyCode::F3 => Key::F(3),
        KeyCode::F4 => Key::F(4),
        KeyCode::F5 => Key::F(5),
        KeyCode::F6 => Key::F(6),
        KeyCode::F7 => Key::F(7),
        KeyCode::F8 => Key::F(8),
        KeyCode::F9 => Key::F(9),
        KeyCode::F10 => Key::F(10),
        KeyCode::F11 => Key::F(11),
        KeyCode::F12 => Key::F(12),
        _ => return None,
    })
}
