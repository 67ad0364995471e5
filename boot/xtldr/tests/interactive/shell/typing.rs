//! Lines on their way in, and long output on its way out.

use xtcore::PagingMode;
use xtldr::shell::{Memory, Outcome, WordError, Words};
use xtterm::key::Key;

use super::{Machine, run, session};
use crate::support::console::{Event, Script};

#[test]
fn earlier_lines_come_back_and_words_are_completed() {
    let script = |keys: &[&[Key]]| Script::pressing(keys.concat());
    let typed = |text: &str| text.chars().map(Key::Char).collect::<Vec<_>>();
    let machine = Machine::new(PagingMode::Pml4);
    let mut memory = Memory::default();

    let ls = script(&[
        &typed("ls \\REA"),
        &[Key::Tab, Key::Home],
        &typed("x"),
        &[Key::Ctrl('c')],
        &typed("ex"),
        &[Key::Tab, Key::Enter],
    ]);
    assert_eq!(run(&ls, &machine, &mut memory), Outcome::Menu);
    assert!(ls.printed().contains("XTLDR> xls \\README.TXT \nXTLDR> exit \n"), "{}", ls.printed());

    let up = script(&[&typed("ver"), &[Key::Enter, Key::Up, Key::Up, Key::Enter]]);
    assert_eq!(run(&up, &machine, &mut memory), Outcome::Menu, "the line of the last visit");

    let ambiguous = script(&[
        &typed("u"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("re"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("cat \\RE"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("boot s"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("menu"),
        &[Key::Enter],
    ]);
    run(&ambiguous, &machine, &mut memory);
    let printed = ambiguous.printed();
    assert!(printed.contains("\\README.TXT  \\RELEASE.TXT  \n"), "{printed}");
    let screens = ambiguous.seen().join("\n");
    assert!(
        screens.contains("XTLDR> unset ")
            && screens.contains("XTLDR> reboot ")
            && screens.contains("XTLDR> boot Second "),
        "{screens}"
    );
}

#[test]
fn a_line_longer_than_the_screen_scrolls_sideways() {
    let mut keys: Vec<Key> = "x".repeat(100).chars().map(Key::Char).collect();
    keys.extend([Key::Home, Key::Char('y'), Key::Ctrl('c')]);
    keys.extend("menu".chars().map(Key::Char));
    keys.push(Key::Enter);
    let script = Script::pressing(keys);
    run(&script, &Machine::new(PagingMode::Pml4), &mut Memory::default());
    let seen = script.seen();
    let last = |screen: &String| screen.lines().last().unwrap().to_owned();
    assert_eq!(last(&seen[100]), format!("XTLDR> {}", "x".repeat(71)), "room for the cursor");
    assert_eq!(last(&seen[102]), format!("XTLDR> y{}", "x".repeat(71)));
}

#[test]
fn quotes_hold_words_together_and_backslashes_are_themselves() {
    fn words(line: &str) -> Result<Vec<String>, WordError> {
        Words::split(line).map(|words| words.iter().map(str::to_owned).collect())
    }

    assert_eq!(words(r#"cat "\A FOLDER\B" c"#).unwrap(), ["cat", r"\A FOLDER\B", "c"]);
    assert_eq!(words(r#"a"b c"d "" e"#).unwrap(), ["ab cd", "", "e"]);
    assert_eq!(words(" \t ").unwrap(), Vec::<String>::new());
    assert_eq!(words(r#"say "hello"#), Err(WordError::OpenQuote));
    assert_eq!(words(&"x ".repeat(40)), Err(WordError::TooMany));
    assert_eq!(words(&"x".repeat(257)), Err(WordError::TooLong));
    assert!(session(&[r#"say "hello"#]).contains("a quote (\") is opened and not closed\n"));
}

#[test]
fn long_output_pages_and_can_be_left() {
    let screen = |then: &[Key]| {
        let keys = "help".chars().map(Key::Char).chain([Key::Enter]).chain(then.iter().copied());
        let keys = keys.chain("menu".chars().map(Key::Char)).chain([Key::Enter]);
        let script = Script::new(10, 80, keys.map(Event::Press).collect::<Vec<_>>());
        assert_eq!(run(&script, &Machine::new(PagingMode::Pml4), &mut Memory::default()), Outcome::Menu);
        (script.seen()[5].clone(), script.printed())
    };
    let (more, left) = screen(&[Key::Char('q')]);
    assert!(more.ends_with("-- more -- (Space: a page, Enter: a line, q: enough)"), "{more}");
    assert_eq!(more.lines().count(), 10, "nine lines and the question: {more}");
    assert!(left.contains("\n  cpu ") && !left.contains("\n  reboot "), "{left}");
    assert!(!left.contains("-- more"), "the question is gone");
    let (_, whole) = screen(&[Key::Enter, Key::Tab, Key::Char(' ')]);
    assert!(whole.contains("\n  poweroff ") && !whole.contains("-- more"), "{whole}");
}
