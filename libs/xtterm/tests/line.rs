//! The editor against a plain vector of characters.

#[path = "support/line.rs"]
mod line;

use line::{CAPACITY, Offers, judge};
use proptest::prelude::*;
use xtterm::key::{Decoder, Key};
use xtterm::line::{Completion, Editor, History, NoCompletion, Response, Window};

/// How many random inputs a property gets; `XTOS_FUZZ_CASES` asks for more, and the fuzz target `terminal` for the rest.
fn cases() -> ProptestConfig {
    let given = std::env::var("XTOS_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: given.unwrap_or(100_000_u32) / 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Pieces of input that a person's terminal sends, and rubbish between them.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    const KEYS: &[&[u8]] = &[
        b"\x1b[A",
        b"\x1b[A",
        b"\x1b[B",
        b"\x1b[C",
        b"\x1b[D",
        b"\x1b[D",
        b"\x1b[1;5C",
        b"\x1b[1;5D",
        b"\x1b[3~",
        b"\x7f",
        b"\x01",
        b"\x05",
        b"\x15",
        b"\x0b",
        b"\x17",
        b"\t",
        b"\r",
        b"\r",
        b"\x1b\xff",
        b"mem",
        b"l\t",
        b"me\t",
        b"M\t",
        b" ",
        b"two words",
        "é—ß".as_bytes(),
        b"a long line that is cut",
        b"\x03",
        b"a \t",
    ];
    let piece = prop_oneof![
        12 => proptest::sample::select(KEYS).prop_map(<[u8]>::to_vec),
        3 => "[a-c ]{1,6}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_editor_does_what_a_vector_of_characters_does(input in pieces()) {
        judge(&input);
    }

    #[test]
    fn no_bytes_do_harm(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        judge(&input);
    }
}

fn typed(text: &[u8]) -> Editor<CAPACITY> {
    let mut editor = Editor::new();
    let mut decoder = Decoder::new();
    for key in text.iter().flat_map(|&byte| decoder.feed(byte)) {
        editor.press(key, &History::<0>::new(), &Offers);
    }
    editor
}

#[test]
fn a_full_line_takes_no_more_and_no_half_characters() {
    let mut editor = Editor::<4>::with_text("abc");
    editor.insert('é');
    assert_eq!(editor.text(), "abc");
    editor.insert('d');
    editor.insert('e');
    assert_eq!((editor.text(), editor.cursor()), ("abcd", 4));
}

#[test]
fn a_window_scrolls_no_further_than_needed() {
    let mut editor = Editor::<40>::with_text("0123456789");
    assert_eq!(editor.window(5), Window { text: "6789", cursor: 4 });
    let press = |editor: &mut Editor<40>, key| editor.press(key, &History::<0>::new(), &NoCompletion);
    for _ in 0..4 {
        press(&mut editor, Key::Left);
    }
    assert_eq!(
        editor.window(5),
        Window { text: "6789", cursor: 0 },
        "the text stands while the cursor moves in it"
    );
    press(&mut editor, Key::Left);
    assert_eq!(editor.window(5), Window { text: "56789", cursor: 0 });
    press(&mut editor, Key::Home);
    assert_eq!(editor.window(5), Window { text: "01234", cursor: 0 });
}

#[test]
fn a_word_is_completed_as_far_as_all_offers_agree() {
    assert_eq!(typed(b"l\t").text(), "ls ");
    assert_eq!(typed(b"x mem\t").text(), "x mem");
    assert_eq!(typed(b"memm\t").text(), "memmap ");
    assert_eq!(typed(b"MEMO\t").text(), "memory ", "as it is spelt");
    let mut editor = typed(b"me");
    assert_eq!(editor.complete(&Offers), Completion::Ambiguous);
    assert_eq!(typed(b"q").complete(&Offers), Completion::Nothing);
    assert_eq!(typed(b"a w").complete(&Offers), Completion::Nothing, "an offer without room");
}

#[test]
fn keys_that_mean_nothing_to_a_line_come_back() {
    let mut editor = typed(b"ab");
    for key in [Key::F(10), Key::PageUp, Key::Insert, Key::Ctrl('x')] {
        assert_eq!(editor.press(key, &History::<0>::new(), &NoCompletion), Response::Unused(key));
    }
    assert_eq!(editor.text(), "ab");
}

#[test]
fn what_was_being_typed_comes_back_behind_the_newest_line() {
    let mut history = History::<64>::new();
    history.push("older");
    history.push("newer");
    let mut editor = Editor::<16>::with_text("half a li");
    let mut press = |key| {
        editor.press(key, &history, &NoCompletion);
        editor.text().to_owned()
    };
    assert_eq!(press(Key::Up), "newer");
    assert_eq!(press(Key::Up), "older");
    assert_eq!(press(Key::Up), "older", "there is none before");
    assert_eq!(press(Key::Down), "newer");
    assert_eq!(press(Key::Down), "half a li");
    assert_eq!(press(Key::Down), "half a li");
}

#[test]
fn a_line_entered_again_is_held_once_and_newest() {
    let mut history = History::<16>::new();
    for line in ["one", "two", "one", "  ", "a\nb", "longer than the room"] {
        history.push(line);
    }
    assert_eq!(history.iter().collect::<Vec<_>>(), ["one", "two"]);
    // 4 + 4 + 8 bytes: just all of it.
    history.push("1234567");
    assert_eq!(history.iter().collect::<Vec<_>>(), ["1234567", "one", "two"]);
    history.push("x");
    assert_eq!(history.iter().collect::<Vec<_>>(), ["x", "1234567", "one"]);
}
