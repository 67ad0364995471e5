//! What terminals send, and what they don't.

use proptest::prelude::*;
use xtterm::key::{Decoder, Key, MAX_SEQUENCE};

fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut decoder = Decoder::new();
    let mut keys: Vec<Key> = bytes.iter().flat_map(|&byte| decoder.feed(byte)).collect();
    keys.extend(decoder.idle());
    keys
}

fn text(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

/// One key and its forms on the terminals that the module lists.
const FORMS: &[(Key, &[&str])] = &[
    (Key::Up, &["\x1b[A", "\x1bOA", "\x1b[1;5A"]),
    (Key::Down, &["\x1b[B", "\x1bOB", "\x1b[1;2B"]),
    (Key::Right, &["\x1b[C", "\x1bOC", "\x1b[1;2C"]),
    (Key::Left, &["\x1b[D", "\x1bOD"]),
    (Key::WordRight, &["\x1b[1;5C", "\x1b[1;3C", "\x1bf", "\x1b[1;6C"]),
    (Key::WordLeft, &["\x1b[1;5D", "\x1b[1;3D", "\x1bb"]),
    (Key::Home, &["\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~", "\x1bh", "\x1b[1;5H"]),
    (Key::End, &["\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~", "\x1bk", "\x1b[K"]),
    (Key::Insert, &["\x1b[2~", "\x1b+", "\x1b[@", "\x1b[L"]),
    (Key::Delete, &["\x1b[3~", "\x1b-", "\x1b[X", "\x1b[3;5~"]),
    (Key::PageUp, &["\x1b[5~", "\x1b?", "\x1b[I"]),
    (Key::PageDown, &["\x1b[6~", "\x1b/", "\x1b[G"]),
    (Key::F(1), &["\x1bOP", "\x1b[11~", "\x1b[[A", "\x1b1", "\x1b[M", "\x1b[1;2P"]),
    (Key::F(2), &["\x1bOQ", "\x1b[12~", "\x1b[[B", "\x1b2", "\x1b[N"]),
    (Key::F(3), &["\x1bOR", "\x1b[13~", "\x1b[[C", "\x1b3", "\x1b[O"]),
    (Key::F(4), &["\x1bOS", "\x1b[14~", "\x1b[[D", "\x1b4", "\x1b[P"]),
    (Key::F(5), &["\x1b[15~", "\x1b[[E", "\x1b5", "\x1b[Q", "\x1b[15;2~"]),
    (Key::F(6), &["\x1b[17~", "\x1b6", "\x1b[R"]),
    (Key::F(7), &["\x1b[18~", "\x1b7", "\x1b[S"]),
    (Key::F(8), &["\x1b[19~", "\x1b8", "\x1b[T"]),
    (Key::F(9), &["\x1b[20~", "\x1b9", "\x1b[U"]),
    (Key::F(10), &["\x1b[21~", "\x1b0", "\x1b[V"]),
    (Key::F(11), &["\x1b[23~", "\x1b!"]),
    (Key::F(12), &["\x1b[24~", "\x1b@"]),
    (Key::Enter, &["\r", "\n", "\r\n", "\x1bOM"]),
    (Key::Tab, &["\t", "\x1bOI"]),
    (Key::Backspace, &["\x08", "\x7f"]),
    (Key::Ctrl('x'), &["\x18"]),
    (Key::Ctrl('w'), &["\x17", "\x1b\x7f"]),
    (Key::Escape, &["\x1b"]),
    (Key::Char('7'), &["7", "\x1bOw"]),
    (Key::Char('-'), &["-", "\x1bOm"]),
    (Key::Char('ß'), &["ß"]),
    (Key::Char('€'), &["€"]),
    (Key::Char('𝄞'), &["𝄞"]),
];

#[test]
fn each_key_is_known_in_all_its_forms() {
    for (key, forms) in FORMS {
        for form in *forms {
            assert_eq!(keys(form.as_bytes()), [*key], "{form:?}");
        }
    }
}

#[test]
fn a_lone_escape_is_told_by_the_silence_behind_it() {
    let mut decoder = Decoder::new();
    assert_eq!(decoder.feed(0x1B).count(), 0);
    assert!(decoder.is_waiting());
    assert_eq!(decoder.idle(), Some(Key::Escape));
    assert!(!decoder.is_waiting());
    assert_eq!(decoder.idle(), None);
    assert_eq!(keys(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
    assert_eq!(keys(b"\x1bx"), [Key::Escape, Key::Char('x')]);
}

#[test]
fn a_sequence_broken_off_is_dropped_in_silence() {
    for broken in ["\x1b[", "\x1b[1", "\x1bO", "\x1b[[", "\x1b[1;5", "\u{e9}"] {
        let mut decoder = Decoder::new();
        let bytes = &broken.as_bytes()[..broken.len().min(5)];
        let bytes = if broken == "\u{e9}" { &bytes[..1] } else { bytes };
        assert!(bytes.iter().all(|&byte| decoder.feed(byte).next().is_none()), "{broken:?}");
        assert_eq!(decoder.idle(), None);
        assert_eq!(decoder.feed(b'A').collect::<Vec<_>>(), [Key::Char('A')], "{broken:?}");
    }
}

#[test]
fn what_is_no_key_is_nothing() {
    for rubbish in [
        b"\x1b[200~".as_slice(),
        b"\x1b[99~",
        b"\x1b[?1;2c",
        b"\x1b[12;40R",
        b"\x1b[65535;1A",
        b"\x1b[>0;276;0c",
        b"\x00",
        b"\x1c",
        b"\x80",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xff",
        b"\xc2\x80",
        b"\x1b[[Z",
        b"\x1b[Z",
        b"\x1b[1 q",
    ] {
        assert_eq!(keys(rubbish), [], "{rubbish:?}");
    }
}

#[test]
fn a_broken_character_does_not_take_the_next_one_along() {
    assert_eq!(keys(b"\xe2\x82A"), text("A"));
    assert_eq!(keys(b"\xe2\x82\r"), [Key::Enter]);
    assert_eq!(keys(b"\xf0\x9d\xc3\x9f"), text("ß"));
}

#[test]
fn a_control_character_ends_a_sequence_and_counts() {
    assert_eq!(keys(b"\x1b[1;\r"), [Key::Enter]);
    assert_eq!(keys(b"\x1b[1;\x03"), [Key::Ctrl('c')]);
    assert_eq!(keys(b"\x1bO\x1b[B"), [Key::Down]);
    assert_eq!(keys(b"\x1b[[\x1b[B"), [Key::Down]);
}

#[test]
fn endless_parameters_end() {
    let endless = [b"\x1b[".as_slice(), &[b'1'; 200]].concat();
    let typed = 200 - usize::from(MAX_SEQUENCE);
    assert_eq!(keys(&endless), vec![Key::Char('1'); typed]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_key_is_understood_after_any_rubbish_and_a_pause(
        rubbish in proptest::collection::vec(any::<u8>(), 0..40),
        which in 0..FORMS.len(),
    ) {
        let mut decoder = Decoder::new();
        rubbish.iter().for_each(|&byte| assert!(decoder.feed(byte).count() <= 2));
        decoder.idle();
        let (key, forms) = FORMS[which];
        for form in forms {
            let mut found: Vec<Key> = form.bytes().flat_map(|byte| decoder.feed(byte)).collect();
            found.extend(decoder.idle());
            prop_assert_eq!(found, [key]);
        }
    }

    #[test]
    fn a_sequence_is_understood_even_without_the_pause(
        rubbish in proptest::collection::vec(any::<u8>(), 0..40),
        which in 0..FORMS.len(),
    ) {
        let (key, forms) = FORMS[which];
        // Behind an Escape, Escape and a letter would be another key's form; those with a bracket are not.
        for form in forms.iter().filter(|form| form.starts_with("\x1b[") || form.starts_with("\x1bO")) {
            let found = keys(&[&rubbish, form.as_bytes()].concat());
            prop_assert_eq!(found.last(), Some(&key));
        }
    }

    #[test]
    fn text_arrives_as_it_was_sent(sent in "\\PC{0,40}") {
        let sent: String = sent.chars().filter(|one| !one.is_control()).collect();
        prop_assert_eq!(keys(sent.as_bytes()), text(&sent));
    }
}
