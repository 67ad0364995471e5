//! The monitor as somebody at its terminal finds it.

mod support;

use support::{Asked, Script, session, session_at};
use xtkd::monitor::{Ended, Heard, Next, Paging, execute, parse_address, parse_number};
use xtterm::key::Key;

/// Does one line, whole, and returns what was written.
fn answer(line: &str) -> String {
    let (mut terminal, mut asked) = (Script::typing("", Paging::Lines(1)), Asked::default());
    assert_eq!(execute(line, &mut terminal, &mut asked), Next::Stay);
    terminal.written
}

fn json(line: &str) -> serde_json::Value {
    let text = answer(line);
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    serde_json::from_str(text.trim_end()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn numbers_are_decimal_unless_marked_and_addresses_hexadecimal() {
    for (text, number) in [("16", 16), ("0x10", 16), ("0XfF", 255), ("0", 0), ("1`00000000", 1 << 32)] {
        assert_eq!(parse_number(text), Some(number), "{text}");
    }
    for (text, address) in [
        ("fffff800`00001000", 0xFFFF_F800_0000_1000),
        ("0xfffff80000001000", 0xFFFF_F800_0000_1000),
        ("0xFFFFF800`00001000", 0xFFFF_F800_0000_1000),
        ("80000000", 0x8000_0000),
        ("ffffffffffffffff", u64::MAX),
    ] {
        assert_eq!(parse_address(text), Some(address), "{text}");
    }
    for nonsense in ["", "0x", "`", "-1", "+1", "12g", "10000000000000000", "0x 1"] {
        assert_eq!(parse_address(nonsense), None, "{nonsense}");
        assert!(nonsense == "10000000000000000" || parse_number(nonsense).is_none(), "{nonsense}");
    }
    assert_eq!(parse_number("18446744073709551616"), None);
}

#[test]
fn a_command_gets_its_arguments() {
    let (asked, _, ended) = session("number 0x20 fff`00000000\rNUMBER 5\r", Paging::Whole);
    assert_eq!(asked, ["number 32 Some(17587891077120)", "number 5 None"]);
    assert_eq!(ended, Ended::Alone);
}

#[test]
fn a_line_that_is_wrong_says_what_is_wrong() {
    for (line, complaint) in [
        ("number", "NUMBER is missing"),
        ("number x", "'x' is no number (decimal, or 0x and hexadecimal)"),
        ("number 1 zz", "'zz' is no address (hexadecimal)"),
        ("number 1 2 3", "'3' is one word too many"),
        ("nonsense 1", "there is no command 'nonsense'; help lists them"),
        ("help nonsense", "there is no such command; help lists them"),
        ("absent", "nothing is there"),
    ] {
        let said = answer(line);
        assert!(said.trim_end().ends_with(complaint), "{line}: {said}");
        let error = json(&format!("json {line}"));
        assert_eq!(error["error"].as_str(), Some(complaint), "{line}");
    }
    assert_eq!(answer(""), "");
    assert_eq!(answer("   "), "");
}

#[test]
fn what_is_locked_is_said_to_be_busy_and_the_answer_stays_whole() {
    assert!(answer("locked").ends_with("busy: the ledger\r\n"));
    let said = json("json locked");
    assert_eq!(said["before"], 1);
    assert_eq!(said["busy"], "the ledger");
    assert_eq!(said["never"], serde_json::json!([]));
}

#[test]
fn both_forms_of_an_answer_say_the_same() {
    let text = answer("rows 2");
    assert_eq!(
        text,
        concat!(
            "    row  name         bytes  odd\r\n",
            "      0  the \"0\"          0  no\r\n",
            "      1  the \"1\"      1 KiB  yes\r\n",
        )
    );
    let rows = &json("json rows 2")["rows"];
    let expected = serde_json::json!([
        { "row": 0, "name": "the \"0\"", "bytes": 0, "odd": false },
        { "row": 1, "name": "the \"1\"", "bytes": 1024, "odd": true },
    ]);
    assert_eq!(*rows, expected);
    assert_eq!(json("JSON number 7 ff")["at"], "0xff");
    assert_eq!(json("json number 7")["at"], serde_json::Value::Null);
}

#[test]
fn help_lists_every_command_with_its_usage() {
    let text = answer("help");
    for usage in ["help [COMMAND]", "json COMMAND", "number NUMBER [ADDRESS]", "rows [NUMBER]", "go"] {
        assert!(text.contains(usage), "{usage}: {text}");
    }
    assert!(!answer("help rows").contains("go"));
    assert_eq!(json("json help")["commands"].as_array().map(Vec::len), Some(8));
    // Somebody who writes it alone wants to know what it is.
    assert_eq!(json("json")["command"], "help");
}

#[test]
fn a_command_may_leave() {
    let (_, shown, ended) = session("go\rnumber 1\r", Paging::Whole);
    assert_eq!(ended, Ended::Left);
    assert_eq!(shown, ["kd> go", ""]);
}

#[test]
fn lines_are_edited_and_called_up_again() {
    let (asked, shown, _) = session("nuber 1\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dm\r\x1b[A\x7f2\r", Paging::Whole);
    assert_eq!(asked, ["number 1 None", "number 2 None"]);
    assert_eq!(shown[0], "kd> number 1");
    assert_eq!(shown[3], "kd> number 2");
    let (asked, ..) = session("number 9\x03number 8\r", Paging::Whole);
    assert_eq!(asked, ["number 8 None"], "Control-C gives a line up");
}

#[test]
fn keyboard_and_serial_line_type_one_line_together() {
    let heard = [
        Heard::Byte(b'n'),
        Heard::Key(Key::Char('x')),
        Heard::Silence,
        Heard::Key(Key::Backspace),
        Heard::Byte(b'u'),
        // Half an arrow key on the line, of which the end never comes.
        Heard::Byte(0x1B),
        Heard::Byte(b'['),
        Heard::Silence,
        Heard::Key(Key::Char('m')),
        Heard::Key(Key::Tab),
        Heard::Byte(b' '),
        Heard::Key(Key::Char('5')),
        Heard::Key(Key::Enter),
        Heard::Key(Key::Up),
        Heard::Byte(b'\r'),
    ];
    let (asked, shown, _) = session_at(Script::hearing(heard.to_vec(), Paging::Whole));
    assert_eq!(asked, ["number 5 None", "number 5 None"]);
    assert_eq!(shown[0], "kd> number 5");
}

#[test]
fn a_shorter_line_leaves_nothing_of_the_longer_one() {
    let (_, shown, _) = session("colour red\rgo now\x1b[A\x1b[B\x15", Paging::Whole);
    assert_eq!(shown.last().map(String::as_str), Some("kd>"));
}

#[test]
fn tab_completes_commands_and_words() {
    for (typed, asked) in [
        ("col\tr\t\r", "red"),
        ("colour gre\te\t\r", "green"),
        ("JSON colour gre\ty\t\r", "grey"),
        ("colour \tred\r", "red"),
    ] {
        // A name that is whole gets no blank by itself: it is typed.
        let typed = typed.replacen("col\t", "col\t ", 1);
        let (done, ..) = session(&typed, Paging::Whole);
        assert_eq!(done, [asked], "{typed:?}");
    }
    let (_, shown, _) = session("colour gre\t\t", Paging::Whole);
    assert!(shown.contains(&"  green  grey".to_owned()), "{shown:?}");
    let (_, shown, _) = session("\t", Paging::Whole);
    assert_eq!(shown[1], "  help  json  number  rows  locked  absent  colour  go");
    // The arguments of a command are its own, in JSON, too; numbers are not guessed.
    let (_, shown, _) = session("json n\t \t", Paging::Whole);
    assert_eq!(shown, ["kd> json number"]);
    let (_, shown, _) = session("help ro\t", Paging::Whole);
    assert_eq!(shown, ["kd> help rows"]);
}

#[test]
fn a_long_answer_waits_at_the_end_of_each_page() {
    let (asked, shown, _) = session("rows 9\r  q", Paging::Lines(4));
    assert_eq!(asked.len(), 9);
    assert!(!shown.concat().contains("more"), "the question is taken away: {shown:?}");
    for stop in ["q", "Q", "\x03", "\x1b\0"] {
        let (asked, shown, _) = session(&format!("rows 99\r {stop}number 1\r"), Paging::Lines(4));
        assert_eq!(asked.len(), 8, "{stop:?}: {asked:?}");
        assert_eq!(asked.last().map(String::as_str), Some("number 1 None"), "{stop:?}");
        assert_eq!(shown[9], "kd> number 1", "{stop:?}: {shown:?}");
    }
}

#[test]
fn json_is_never_paged() {
    let (asked, ..) = session("json rows 99\r", Paging::Lines(2));
    assert_eq!(asked.len(), 99);
}

#[test]
fn an_arrow_key_is_one_key_of_a_page() {
    let (asked, ..) = session("rows 99\r\x1b[Bq", Paging::Lines(4));
    assert_eq!(asked.len(), 7, "one page and the row at which the second ended");
}

#[test]
fn rubbish_on_the_line_does_no_harm() {
    proptest::proptest!(|(bytes: Vec<u8>, lines in 1_usize..5)| {
        let text: String = bytes.into_iter().map(char::from).collect();
        session(&text, Paging::Lines(lines));
    });
}
