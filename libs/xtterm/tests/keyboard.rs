//! What a keyboard sends in either set of scan codes, and what it doesn't.

use proptest::prelude::*;
use xtterm::key::{Decoder, Key, Keyboard, ScanCodes};
use xtterm::line::{Editor, History, NoCompletion, Response};

/// Feeds the codes of one set.
fn keys(set: ScanCodes, codes: &[u8]) -> Vec<Key> {
    let mut keyboard = Keyboard::new(set);
    codes.iter().filter_map(|&code| keyboard.feed(code)).collect()
}

/// A key as it is wired: its code in both sets, behind `E0` where it is one of the keys that the first PC had not.
#[derive(Clone, Copy)]
enum Wire {
    Plain(u8, u8),
    Extended(u8, u8),
}

use Wire::{Extended, Plain};

const SHIFT: Wire = Plain(0x2A, 0x12);
const CONTROL: Wire = Plain(0x1D, 0x14);
const ALT: Wire = Plain(0x38, 0x11);
const CAPS_LOCK: Wire = Plain(0x3A, 0x58);
const NUM_LOCK: Wire = Plain(0x45, 0x77);

const SETS: [ScanCodes; 2] = [ScanCodes::Set1, ScanCodes::Set2];

impl Wire {
    fn down(self, set: ScanCodes) -> Vec<u8> {
        match (self, set) {
            (Plain(code, _), ScanCodes::Set1) | (Plain(_, code), ScanCodes::Set2) => vec![code],
            (Extended(code, _), ScanCodes::Set1) | (Extended(_, code), ScanCodes::Set2) => vec![0xE0, code],
        }
    }

    fn up(self, set: ScanCodes) -> Vec<u8> {
        let mut codes = self.down(set);
        let last = codes.pop().unwrap();
        match set {
            ScanCodes::Set1 => codes.push(last | 0x80),
            ScanCodes::Set2 => codes.extend([0xF0, last]),
        }
        codes
    }
}

/// The codes of a key that is pressed and released while others are held down.
fn stroke(set: ScanCodes, held: &[Wire], key: Wire) -> Vec<u8> {
    let mut codes: Vec<u8> = held.iter().flat_map(|wire| wire.down(set)).collect();
    codes.extend(key.down(set));
    codes.extend(key.up(set));
    codes.extend(held.iter().rev().flat_map(|wire| wire.up(set)));
    codes
}

/// Keys as they are wired, what is held with them, and what they are.
const FORMS: &[(&[Wire], Wire, Key)] = &[
    (&[], Plain(0x25, 0x42), Key::Char('k')),
    (&[SHIFT], Plain(0x25, 0x42), Key::Char('K')),
    (&[CONTROL], Plain(0x25, 0x42), Key::Ctrl('k')),
    (&[Extended(0x1D, 0x14)], Plain(0x25, 0x42), Key::Ctrl('k')),
    (&[CONTROL], Plain(0x2E, 0x21), Key::Ctrl('c')),
    (&[CONTROL], Plain(0x23, 0x33), Key::Backspace),
    (&[CONTROL], Plain(0x17, 0x43), Key::Tab),
    (&[CONTROL], Plain(0x32, 0x3A), Key::Enter),
    (&[], Plain(0x03, 0x1E), Key::Char('2')),
    (&[SHIFT], Plain(0x03, 0x1E), Key::Char('@')),
    (&[], Plain(0x29, 0x0E), Key::Char('`')),
    (&[SHIFT], Plain(0x0C, 0x4E), Key::Char('_')),
    (&[], Plain(0x2B, 0x5D), Key::Char('\\')),
    (&[], Plain(0x39, 0x29), Key::Char(' ')),
    (&[], Plain(0x1C, 0x5A), Key::Enter),
    (&[], Extended(0x1C, 0x5A), Key::Enter),
    (&[], Plain(0x0E, 0x66), Key::Backspace),
    (&[ALT], Plain(0x0E, 0x66), Key::Ctrl('w')),
    (&[], Plain(0x0F, 0x0D), Key::Tab),
    (&[], Plain(0x01, 0x76), Key::Escape),
    (&[], Extended(0x48, 0x75), Key::Up),
    (&[], Extended(0x50, 0x72), Key::Down),
    (&[], Extended(0x4B, 0x6B), Key::Left),
    (&[], Extended(0x4D, 0x74), Key::Right),
    (&[CONTROL], Extended(0x4B, 0x6B), Key::WordLeft),
    (&[ALT], Extended(0x4D, 0x74), Key::WordRight),
    (&[ALT], Plain(0x30, 0x32), Key::WordLeft),
    (&[ALT], Plain(0x21, 0x2B), Key::WordRight),
    (&[], Extended(0x47, 0x6C), Key::Home),
    (&[], Extended(0x4F, 0x69), Key::End),
    (&[], Extended(0x49, 0x7D), Key::PageUp),
    (&[], Extended(0x51, 0x7A), Key::PageDown),
    (&[], Extended(0x52, 0x70), Key::Insert),
    (&[], Extended(0x53, 0x71), Key::Delete),
    (&[], Plain(0x3B, 0x05), Key::F(1)),
    (&[], Plain(0x44, 0x09), Key::F(10)),
    (&[], Plain(0x58, 0x07), Key::F(12)),
    (&[], Plain(0x48, 0x75), Key::Char('8')),
    (&[], Plain(0x53, 0x71), Key::Char('.')),
];

#[test]
fn every_key_means_the_same_in_both_sets() {
    for set in SETS {
        for (held, wire, key) in FORMS {
            let codes = stroke(set, held, *wire);
            assert_eq!(keys(set, &codes), [*key], "{set:?}: {codes:02x?}");
        }
    }
}

#[test]
fn what_is_released_is_up_again() {
    for set in SETS {
        for held in [SHIFT, CONTROL, ALT] {
            let mut codes = stroke(set, &[held], Plain(0x25, 0x42));
            codes.extend(stroke(set, &[], Plain(0x30, 0x32)));
            assert_eq!(keys(set, &codes).last(), Some(&Key::Char('b')), "{set:?}");
        }
    }
}

#[test]
fn a_key_that_is_held_down_comes_again_and_again() {
    assert_eq!(keys(ScanCodes::Set1, &[0x1E, 0x1E, 0x1E, 0x9E]), [Key::Char('a'); 3]);
}

#[test]
fn locks_hold_until_they_are_pressed_again() {
    let (a, eight) = (Plain(0x1E, 0x1C), Plain(0x48, 0x75));
    for set in SETS {
        let typed: Vec<u8> = [CAPS_LOCK, a, CAPS_LOCK, a, NUM_LOCK, eight, NUM_LOCK, eight]
            .into_iter()
            .flat_map(|wire| stroke(set, &[], wire))
            .collect();
        let expected = [Key::Char('A'), Key::Char('a'), Key::Up, Key::Char('8')];
        assert_eq!(keys(set, &typed), expected, "{set:?}");
    }
}

#[test]
fn what_is_no_key_of_a_terminal_is_nothing() {
    // An acknowledgement, a self-test passed, an overrun, Scroll Lock, the Windows key, Print Screen with its made-up
    // shift, Pause.
    let none: &[&[u8]] = &[
        &[0xFA],
        &[0xAA],
        &[0x00],
        &[0x46, 0xC6],
        &[0xE0, 0x5B, 0xE0, 0xDB],
        &[0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA],
        &[0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5],
    ];
    for codes in none {
        let with_a = [codes, &[0x1E_u8, 0x9E][..]].concat();
        assert_eq!(keys(ScanCodes::Set1, &with_a), [Key::Char('a')], "{codes:02x?}");
    }
}

#[test]
fn a_line_is_edited_as_at_a_terminal() {
    let history = History::<64>::new();
    let mut line = Editor::<32>::new();
    let (c, p, u, t) = (Plain(0x2E, 0x21), Plain(0x19, 0x4D), Plain(0x16, 0x3C), Plain(0x14, 0x2C));
    let left = Extended(0x4B, 0x6B);
    for set in SETS {
        line.clear();
        let codes = [c, t, p, u, left, left, Plain(0x0E, 0x66)].map(|wire| stroke(set, &[], wire));
        for key in keys(set, &codes.concat()) {
            assert_eq!(line.press(key, &history, &NoCompletion), Response::Edited, "{set:?}");
        }
        assert_eq!((line.text(), line.cursor()), ("cpu", 1));
    }
}

proptest! {
    /// Whatever comes, every key is one that a terminal could have sent.
    #[test]
    fn no_code_does_harm(codes: Vec<u8>) {
        for set in SETS {
            for key in keys(set, &codes) {
                match key {
                    Key::Char(character) => prop_assert!(matches!(character, ' '..='~')),
                    Key::Ctrl(letter) => {
                        let mut decoder = Decoder::new();
                        prop_assert_eq!(decoder.feed(letter as u8 - 0x60).next(), Some(key));
                    }
                    Key::F(number) => prop_assert!((1..=12).contains(&number)),
                    _ => {}
                }
            }
        }
    }

    /// A key that was torn off in the middle costs at most the next one.
    #[test]
    fn rubbish_is_forgotten(codes: Vec<u8>) {
        for set in SETS {
            let released = [SHIFT, CONTROL, ALT, Extended(0x1D, 0x14), Extended(0x38, 0x11), Plain(0x36, 0x59)];
            let mut all = codes.clone();
            // A byte that ends whatever has begun, then nothing is down.
            all.push(0x1E);
            all.extend(released.into_iter().flat_map(|wire| wire.up(set)));
            all.extend(stroke(set, &[], Extended(0x48, 0x75)));
            prop_assert_eq!(keys(set, &all).pop(), Some(Key::Up));
        }
    }
}
