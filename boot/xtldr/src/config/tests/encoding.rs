//! Bytes, characters, and what of them is text.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::{GOOD, faults, parse, told};
use crate::config::{Configuration, Fault, PATH, room};

#[test]
fn crlf_a_byte_order_mark_case_and_blanks_change_nothing() {
    let text = format!("\u{FEFF}{}", GOOD.replace('\n', "\r\n").replace("Default=", "  dEFAULT =\t"));
    let entry = parse(&text).default_entry().unwrap();
    assert_eq!(entry.parameters.text(), "DEBUG=COM1 EXIT");
    assert_eq!(entry.name, "XTOS");
}

#[test]
fn utf_16_of_either_order_says_the_same() {
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let text = format!("\u{FEFF}{}", GOOD.replace("XT Operating", "Ünïcødé 🚀"));
        let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
        let mut into = vec![0; room(&bytes)];
        let read = Configuration::read(PATH, &bytes, &mut into).unwrap();
        assert_eq!(read.default_entry().unwrap().title, "Ünïcødé 🚀 System");
        assert_eq!(read.entries().count(), 1);

        let mut small = vec![0; 10];
        let error = Configuration::read(PATH, &bytes, &mut small).unwrap_err();
        assert!(matches!(error.fault, Fault::TooLong { limit: 10, .. }));
    }
}

#[test]
fn half_a_character_of_utf_16_breaks_its_line_only() {
    let mut units: Vec<u16> = "\u{FEFF}[A]\nSystemName=".encode_utf16().collect();
    units.push(0xD83D);
    units.extend("\n[B]\nSystemName=B\nSystemType=X\nSystemPath=\\\n".encode_utf16());
    let mut bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    bytes.push(b'x');
    let mut into = vec![0; room(&bytes)];
    let read = Configuration::read(PATH, &bytes, &mut into).unwrap();
    let sections: Vec<_> = read.entries().collect();
    assert_eq!(sections[0].entry().unwrap_err().at.line, Some(2));
    assert_eq!(sections[0].entry().unwrap_err().fault, Fault::NotText);
    let odd = sections[1].entry().unwrap_err();
    assert_eq!((odd.at.line, odd.fault), (Some(7), Fault::NotText));
}

#[test]
fn a_comment_may_be_in_any_encoding() {
    let text = [b"; caf\xE9\n#\0\n".as_slice(), GOOD.as_bytes()].concat();
    let configuration = Configuration::parse(&text).unwrap();
    configuration.problems(&mut |problem| panic!("{problem}"));
    let text = [GOOD.as_bytes(), b"InitrdFile=caf\xE9\n"].concat();
    let error = Configuration::parse(&text).unwrap().default_entry().unwrap_err();
    assert_eq!((error.at.line, error.fault), (Some(11), Fault::NotText));
}

#[test]
fn text_from_the_file_cannot_break_a_message() {
    let text = format!("[{}\n[B]\nx\u{1b}[2J=1\n", "é".repeat(100));
    let lines = told(&text);
    assert!(lines[0].contains(&format!("\"[{}…\"", "é".repeat(59))), "{}", lines[0]);
    assert!(lines[1].contains("U+001B"));
    assert!(lines.iter().all(|line| !line.contains(char::is_control)));
}

#[test]
fn tabulators_stand_around_names_and_not_in_them() {
    let text = "[\tA\t]\nSystemName\t=\tA\tB\n[C\tD]\n[E\tF\n";
    let shown: Vec<_> = parse(text).entries().map(|section| (section.name(), section.title())).collect();
    assert_eq!(shown, [("A", "A"), ("[C", "[C"), ("[E", "[E")]);
    let told = faults(text);
    assert!(told[0].ends_with("key SystemName: it holds the control character U+0009"), "{}", told[0]);
    let header = |line: &&String| line.starts_with("error: line 3: it holds the control character U+0009");
    assert_eq!(told.iter().filter(header).count(), 1, "{told:?}");
}
