//! Where the characters of long lines go.

use proptest::prelude::*;
use xtterm::draw::{Flow, Step};

/// Shows a text as a screen does that does what it is told, and returns its rows, without blanks at their ends.
fn shown(mut flow: Flow, text: &str) -> Vec<String> {
    let columns = flow.columns();
    let mut rows = vec![vec![' '; columns]];
    for character in text.chars() {
        let step = flow.put(character);
        let row = rows.last_mut().unwrap();
        match step {
            Step::Here(column) => row[column] = character,
            Step::Next { moves, to } => {
                let word: Vec<char> = row.splice(moves.clone(), moves.map(|_| ' ')).collect();
                let mut next = vec![' '; columns];
                next[to..to + word.len()].copy_from_slice(&word);
                next[to + word.len()] = character;
                rows.push(next);
            }
            Step::Nowhere => assert_eq!(character, ' '),
        }
        assert!(flow.column() <= columns);
    }
    rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
}

fn hanging(columns: usize, text: &str) -> Vec<String> {
    shown(Flow::hanging(columns), text)
}

#[test]
fn a_row_ends_between_words_and_the_next_begins_below_the_second_one() {
    assert_eq!(
        hanging(40, "*** double fault at 0xfffff800053e8ce1: the stack of the thread culprit has overflowed"),
        [
            "*** double fault at 0xfffff800053e8ce1:",
            "    the stack of the thread culprit has",
            "    overflowed"
        ]
    );
    assert_eq!(
        hanging(40, "    CPU 0: passive, thread delayed 1, at 0x81bb1b4a ex::crime::try_commit+0x1e2"),
        [
            "    CPU 0: passive, thread delayed 1, at",
            "        0x81bb1b4a",
            "        ex::crime::try_commit+0x1e2"
        ]
    );
}

#[test]
fn rows_go_on_below_the_first_word_where_the_second_one_is_far_and_at_the_left_where_both_are() {
    assert_eq!(hanging(20, "  xtoskrnl: no screen here"), ["  xtoskrnl: no", "  screen here"]);
    assert_eq!(hanging(20, "        eight blanks before"), ["        eight blanks", "before"]);
    assert_eq!(
        shown(Flow::flush(20), "*** a line that begins at the left"),
        ["*** a line that", "begins at the left"]
    );
}

#[test]
fn words_that_no_row_can_hold_are_cut_where_the_row_ends() {
    assert_eq!(hanging(12, "a  0123456789abcdef"), ["a  012345678", "   9abcdef"]);
    assert_eq!(hanging(12, "a  b 0123456789abcdef"), ["a  b", "   012345678", "   9abcdef"]);
    assert_eq!(hanging(5, "0123456789ab cd"), ["01234", "56789", "ab cd"]);
    assert_eq!(hanging(0, "abc"), ["a", "b", "c"]);
}

#[test]
fn blanks_at_which_a_row_ends_are_not_shown_and_make_no_row() {
    assert_eq!(hanging(8, "one two    three"), ["one two", "three"]);
    assert_eq!(hanging(8, "one four three"), ["one four", "three"]);
    assert_eq!(hanging(8, "one two     "), ["one two"]);
    assert_eq!(hanging(4, "        a"), ["", "a"]);
}

#[test]
fn what_stands_there_is_never_behind() {
    let mut flow = Flow::hanging(12);
    // Each letter is shown as it comes, in the row that it does not yet exceed.
    for (column, character) in "*** at 0x12 ".chars().enumerate() {
        assert_eq!(flow.put(character), Step::Here(column));
    }
    assert_eq!(flow.put('3'), Step::Next { moves: 12..12, to: 0 });
    assert_eq!((flow.put('4'), flow.column()), (Step::Here(1), 2));
    flow.restart();
    assert_eq!((flow.column(), flow.put('x')), (0, Step::Here(0)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_letter_is_lost_and_no_word_cut_that_fits_a_row(text in "[ab ]{0,60}", columns in 1..20_usize, hangs: bool) {
        let rows = shown(if hangs { Flow::hanging(columns) } else { Flow::flush(columns) }, &text);
        let letters = |text: &str| text.chars().filter(|one| *one != ' ').collect::<String>();
        prop_assert_eq!(letters(&rows.concat()), letters(&text));
        // The first row is the text's own beginning, and the others begin below one another.
        prop_assert!(text.starts_with(&rows[0]));
        let depth = |row: &String| row.len() - row.trim_start().len();
        let hang = rows.get(1).map_or(0, depth);
        prop_assert!(rows.iter().skip(1).all(|row| depth(row) == hang));
        let deepest = if hangs { columns / 4 } else { 0 };
        prop_assert!(hang <= deepest);
        // The first word has nowhere to go.
        let whole = |word: &&str| word.len() <= columns - deepest;
        let of_rows: Vec<&str> = rows.iter().flat_map(|row| row.split_whitespace()).collect();
        let mut found = of_rows.iter();
        for word in text.split_whitespace().filter(whole).skip(1) {
            prop_assert!(found.any(|one| *one == word), "{word} in {rows:?}");
        }
    }
}
