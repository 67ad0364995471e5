//! Files and values that are too long, too short or too many.

use std::format;
use std::string::{String, ToString};

use arrayvec::ArrayVec;
use xtcore::choice::Architecture;

use super::{GOOD, default_error, faults, parse, settings, told};
use crate::config::{
    ConfigError, Configuration, DebugPort, DebugPorts, Fault, MAX_BYTES, MAX_PATH_BYTES, MAX_PORTS,
    MAX_PROBLEMS, PATH, ScreenLines,
};

#[test]
fn an_empty_file_is_refused_by_name() {
    for text in ["", "\r\n\r\n", "; nothing\n# here\n", "\u{FEFF}"] {
        let error = Configuration::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.fault, Fault::Empty, "{text:?}");
        assert!(error.to_string().contains("XTLDR.INI"));
    }
}

#[test]
fn a_file_at_the_limit_is_read_and_one_above_it_is_not() {
    let mut text = String::from(GOOD);
    while text.len() < MAX_BYTES {
        text.push('\n');
    }
    assert!(Configuration::parse(text.as_bytes()).is_ok());
    for bytes in [MAX_BYTES + 1, 1 << 20] {
        let text = "\n".repeat(bytes);
        let error = Configuration::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, ConfigError::too_long(PATH, bytes as u64));
    }
}

#[test]
fn a_file_of_nothing_but_sections_or_nuls_is_told_in_good_time() {
    let sections: String = (0..MAX_BYTES / 7).map(|number| format!("[{number:04x}]\n")).collect();
    for text in [sections, "\0".repeat(MAX_BYTES), "[a]\n".repeat(MAX_BYTES / 4), "a\n".repeat(MAX_BYTES / 2)]
    {
        let lines = told(&text);
        assert!(!lines.is_empty() && lines.len() <= MAX_PROBLEMS + 1, "{}", lines.len());
    }
}

#[test]
fn paths_and_parameters_have_their_limits() {
    let long = format!("{}.EXE", "K".repeat(300));
    let message = default_error(&GOOD.replace("XTOSKRNL.EXE", &long));
    assert!(message.contains("KernelFile") && message.contains("316 bytes, the limit is 260"), "{message}");
    let fits = "K".repeat(MAX_PATH_BYTES - r"\XTOS\AMD64\".len());
    let text = GOOD.replace("XTOSKRNL.EXE", &fits);
    assert_eq!(
        parse(&text).default_entry().unwrap().kernel_paths(Architecture::Amd64)[0].len(),
        MAX_PATH_BYTES
    );
    let parameters = "P ".repeat(3000);
    assert!(default_error(&GOOD.replace("DEBUG=COM1 EXIT", &parameters)).contains("Parameters: 5999 bytes"));
}

#[test]
fn of_very_many_problems_the_first_are_told() {
    let some = told(&"junk\n".repeat(MAX_PROBLEMS - 1));
    assert_eq!(some.len(), MAX_PROBLEMS, "with the one that there is no system");
    for text in ["junk\n".repeat(MAX_PROBLEMS + 5), "[a\n".repeat(MAX_PROBLEMS + 1)] {
        let lines = told(&text);
        assert_eq!(lines.len(), MAX_PROBLEMS + 1);
        let last = format!("error: configuration {PATH}: there are more problems than these");
        assert_eq!(lines[MAX_PROBLEMS], last);
    }
}

#[test]
fn too_many_serial_ports_are_one_too_many() {
    let five = "[XTLDR]\nDebug=COM1;COM2;COM3;COM4;COM0:0x100\n[A]\nSystemType=X\nSystemPath=\\\n";
    assert_eq!(faults(five), ["error: line 2, section [XTLDR], key Debug: more than 4 serial ports"]);
    let four: ArrayVec<DebugPort, MAX_PORTS> =
        [0x3F8, 0x2F8, 0x3E8, 0x2E8].map(|base| DebugPort { base, divisor: None }).into();
    let read = settings("[XTLDR]\nDebug=COM1;COM2;COM3;COM4;COM1\n").debug;
    assert_eq!(read, DebugPorts::Chosen { serial: four, screen: ScreenLines::Hidden });
}
