//! Configurations as people write them, and as they should not.

use std::format;
use std::string::String;

use xtcore::choice::Architecture;

use super::{ConfigError, Configuration, MAX_BYTES};

const GOOD: &str = "; the loader\n[XTLDR]\nDefault=XTOS\n\n[XTOS]\nSystemName = XT Operating System \nSystemType=XTOS\n\
                    SystemPath=\\XTOS\nKernelFile=XTOSKRNL.EXE\nParameters=DEBUG=COM1 EXIT\n";

fn entry_error(text: &str) -> String {
    let error = Configuration::parse(text.as_bytes()).and_then(|configuration| configuration.default_entry());
    format!("{}", error.unwrap_err())
}

#[test]
fn the_documented_form_is_read() {
    let configuration = Configuration::parse(GOOD.as_bytes()).unwrap();
    let entry = configuration.default_entry().unwrap();
    assert_eq!(entry.title, "XT Operating System");
    assert_eq!(entry.parameters.value("debug"), Some("COM1"));
    let paths = entry.kernel_paths(Architecture::I686);
    assert_eq!(&paths[0], r"\XTOS\I686\XTOSKRNL.EXE");
    assert_eq!(&paths[1], r"\XTOS\XTOSKRNL.EXE");
}

#[test]
fn crlf_a_byte_order_mark_case_and_blanks_change_nothing() {
    let text = format!("\u{FEFF}{}", GOOD.replace('\n', "\r\n").replace("Default=", "  dEFAULT =\t"));
    let configuration = Configuration::parse(text.as_bytes()).unwrap();
    let entry = configuration.default_entry().unwrap();
    assert_eq!(entry.parameters.text(), "DEBUG=COM1 EXIT");
    assert_eq!(entry.name, "XTOS");
}

#[test]
fn a_prefix_of_a_name_is_another_name() {
    let text = GOOD.replace("Default=XTOS", "Default=XTO");
    assert!(entry_error(&text).contains("\"XTO\""));
    let text = GOOD.replace("Default=XTOS", "Default=XTOS2");
    assert!(entry_error(&text).contains("\"XTOS2\""));
}

#[test]
fn an_empty_file_is_refused_by_name() {
    for text in ["", "\r\n\r\n", "; nothing\n# here\n", "\u{FEFF}"] {
        assert_eq!(Configuration::parse(text.as_bytes()), Err(ConfigError::Empty), "{text:?}");
    }
    assert!(format!("{}", ConfigError::Empty).contains("XTLDR.INI"));
}

#[test]
fn a_file_at_the_limit_is_read_and_one_above_it_is_not() {
    let mut text = String::from(GOOD);
    while text.len() < MAX_BYTES {
        text.push('\n');
    }
    assert!(Configuration::parse(text.as_bytes()).is_ok());
    text.push('\n');
    assert_eq!(Configuration::parse(text.as_bytes()), Err(ConfigError::TooLong { bytes: MAX_BYTES + 1 }));
}

#[test]
fn a_bad_line_is_named_by_its_number() {
    assert_eq!(
        Configuration::parse(b"[A]\nx=1\nno equals sign\n"),
        Err(ConfigError::Unreadable { line: 3, text: "no equals sign" })
    );
    assert_eq!(
        Configuration::parse(b"[A]\n[unclosed\n"),
        Err(ConfigError::Unreadable { line: 2, text: "[unclosed" })
    );
    assert_eq!(Configuration::parse(b"[]\n"), Err(ConfigError::Unreadable { line: 1, text: "[]" }));
    assert_eq!(Configuration::parse(b"[A]\n=1\n"), Err(ConfigError::Unreadable { line: 2, text: "=1" }));
    assert_eq!(Configuration::parse(b"x=1\n[A]\n"), Err(ConfigError::NoSection { line: 1, key: "x" }));
    assert_eq!(
        Configuration::parse(b"[A]\nx=1\ny=2\nX=3\n"),
        Err(ConfigError::Repeated { line: 4, first: 2, key: "X" })
    );
    assert_eq!(Configuration::parse(b"[A]\nx=1\ny=\xFF\n"), Err(ConfigError::NotText { line: 3 }));
}

#[test]
fn the_same_key_in_two_sections_is_no_repetition() {
    assert!(Configuration::parse(b"[A]\nx=1\n[B]\nx=1\n").is_ok());
}

#[test]
fn what_is_missing_is_named() {
    for key in ["Default", "SystemType", "SystemPath", "KernelFile"] {
        let without: String =
            GOOD.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        let message = entry_error(&without);
        assert!(message.contains(key) && message.contains("lacks"), "{message}");

        let empty: String = GOOD
            .lines()
            .map(|line| if line.starts_with(key) { format!("{key}=\n") } else { format!("{line}\n") })
            .collect();
        let message = entry_error(&empty);
        assert!(message.contains(key) && message.contains("no value"), "{message}");
    }
}

#[test]
fn values_that_cannot_work_are_refused_with_their_key() {
    assert!(entry_error(&GOOD.replace("SystemType=XTOS", "SystemType=LINUX")).contains("LINUX"));
    assert!(entry_error(&GOOD.replace("SystemPath=\\XTOS", "SystemPath=XTOS")).contains("SystemPath"));
    assert!(entry_error(&GOOD.replace("XTOSKRNL.EXE", "A\\B.EXE")).contains("KernelFile"));
    let long = format!("{}.EXE", "K".repeat(300));
    assert!(entry_error(&GOOD.replace("XTOSKRNL.EXE", &long)).contains("KernelFile"));
    let parameters = "P ".repeat(3000);
    assert!(entry_error(&GOOD.replace("DEBUG=COM1 EXIT", &parameters)).contains("Parameters"));
}
