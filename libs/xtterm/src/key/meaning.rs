//! Which sequence is which key.
//!
//! | sender | its forms |
//! |---|---|
//! | VT100, VT102 | `ESC [ A`, `ESC O A`, `ESC O P` to `S`, the keypad `ESC O j` to `y` |
//! | VT220, xterm, PuTTY | `ESC [ n ~`, with modifiers `ESC [ n ; m ~` and `ESC [ 1 ; m A` |
//! | Linux console | `ESC [ [ A` to `E` |
//! | UEFI 2.10, appendix B, table "VT-UTF8" | `ESC 1` to `9`, `ESC 0`, `ESC !`, `ESC @`, `ESC h`, `k`, `+`, `-`, `?`, `/` |
//! | the same, "PC ANSI" | `ESC [ M` to `V`, `ESC [ @`, `L`, `X`, `I`, `G` |
//!
//! Some forms mean two things. A terminal that sends `ESC [ P` without a parameter is a PC-ANSI one (F4), since a VT100
//! has no Delete key; `ESC O p` is the keypad's 0, as its inventor meant it.

use super::Key;

/// The numbers between the introducer and the last byte of a sequence; a missing one is zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Numbers {
    pub(super) first: u16,
    pub(super) modifier: u16,
}

/// The number by which xterm says that a key was pressed without a modifier; it counts them from here as bits.
const UNMODIFIED: u16 = 1;
const ALT: u16 = 2;
const CONTROL: u16 = 4;

/// `ESC [ numbers last`.
pub(super) fn control(numbers: Numbers, last: u8) -> Option<Key> {
    match (numbers.first, last) {
        (number, b'~') => tilde(number),
        (0, b'@' | b'L') => Some(Key::Insert),
        (0, b'G') => Some(Key::PageDown),
        (0, b'I') => Some(Key::PageUp),
        (0, b'K') => Some(Key::End),
        (0, b'M'..=b'V') => Some(Key::F(last - b'M' + 1)),
        (0, b'X') => Some(Key::Delete),
        // Other first numbers with these letters are answers of the terminal, such as where its cursor is.
        (1, b'P'..=b'S') => Some(Key::F(last - b'P' + 1)),
        (0 | 1, _) => arrow(numbers.modifier, last),
        _ => None,
    }
}

/// `ESC O numbers last`.
pub(super) fn shift(numbers: Numbers, last: u8) -> Option<Key> {
    match last {
        b'M' => Some(Key::Enter),
        b'I' => Some(Key::Tab),
        b'P'..=b'S' => Some(Key::F(last - b'P' + 1)),
        // The keypad: the characters on its keys, 0x40 further on; `X` is its equals sign.
        b'j'..=b'y' => Some(Key::Char(char::from(last - 0x40))),
        b'X' => Some(Key::Char('=')),
        _ => arrow(numbers.modifier, last),
    }
}

/// `ESC [ [ last`.
pub(super) fn linux(last: u8) -> Option<Key> {
    match last {
        b'A'..=b'E' => Some(Key::F(last - b'A' + 1)),
        _ => None,
    }
}

/// `ESC last`.
pub(super) fn escape(last: u8) -> Option<Key> {
    Some(match last {
        b'1'..=b'9' => Key::F(last - b'0'),
        b'0' => Key::F(10),
        b'!' => Key::F(11),
        b'@' => Key::F(12),
        b'h' => Key::Home,
        b'k' => Key::End,
        b'+' => Key::Insert,
        b'-' => Key::Delete,
        b'?' => Key::PageUp,
        b'/' => Key::PageDown,
        b'b' | b'B' => Key::WordLeft,
        b'f' | b'F' => Key::WordRight,
        _ => return None,
    })
}

fn tilde(number: u16) -> Option<Key> {
    Some(match number {
        1 | 7 => Key::Home,
        2 => Key::Insert,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        // The VT220 left gaps between the groups of its function keys.
        11 => Key::F(1),
        12 => Key::F(2),
        13 => Key::F(3),
        14 => Key::F(4),
        15 => Key::F(5),
        17 => Key::F(6),
        18 => Key::F(7),
        19 => Key::F(8),
        20 => Key::F(9),
        21 => Key::F(10),
        23 => Key::F(11),
        24 => Key::F(12),
        _ => return None,
    })
}

fn arrow(modifier: u16, last: u8) -> Option<Key> {
    let by_words = modifier.saturating_sub(UNMODIFIED) & (ALT | CONTROL) != 0;
    Some(match (last, by_words) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', false) => Key::Right,
        (b'C', true) => Key::WordRight,
        (b'D', false) => Key::Left,
        (b'D', true) => Key::WordLeft,
        (b'F', _) => Key::End,
        (b'H', _) => Key::Home,
        _ => return None,
    })
}
