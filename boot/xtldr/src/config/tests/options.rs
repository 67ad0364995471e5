//! The command line.

use std::string::{String, ToString};
use std::vec::Vec;

use super::parse;
use crate::config::{KeepLastBoot, MAX_OPTIONS_BYTES, Options, Timeout};

#[test]
fn the_command_line_counts_above_the_file() {
    let configuration = parse("[XTLDR]\nTimeout=5\nDefault=A\nKeepLastBoot=YES\n[A]\n[B C]\n");
    let told = |text| {
        let options = Options::parse(text);
        let mut lines = Vec::new();
        configuration.option_problems(&options, &mut |problem| lines.push(problem.to_string()));
        (configuration.settings(&options), lines)
    };
    let (settings, lines) =
        told("FS0:\\BOOTX64.EFI timeout=0 \"Default=B C\" KeepLastBoot=\"off\" Timeout=9");
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!((settings.timeout, settings.default), (Timeout::Seconds(9), Some("B C")));
    assert_eq!(settings.keep_last_boot, KeepLastBoot::No);

    let (settings, lines) = told("Timeout=soon quiet Colour=red Default=C Tune=\"1 2");
    assert_eq!((settings.timeout, settings.tune), (Timeout::Seconds(5), None));
    assert_eq!(
        lines,
        [
            "warning: command line: \"quiet\" is no KEY=VALUE, it is ignored",
            "warning: command line, key Colour: nobody knows it, it is ignored",
            "error: command line: the quotation mark in \"Tune=\"1 2\" is never closed",
            "error: command line, key Timeout: \"soon\" is no number of seconds",
            "error: command line, key Default: there is no system's section [C]",
        ]
    );
    assert_eq!(told("Timeout=").0.timeout, Timeout::Never);
}

#[test]
fn load_options_of_another_kind_are_passed_over() {
    let mut into = [0; MAX_OPTIONS_BYTES];
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let text = utf16("XTLDR.EFI Timeout=3\0garbage");
    assert_eq!(Options::decode(&text, &mut into), Options::parse("XTLDR.EFI Timeout=3"));
    // What EDK II puts into a boot option that it made by itself.
    let guid =
        [0x4E, 0xAC, 0x08, 0x81, 0x11, 0x9F, 0x59, 0x4D, 0x85, 0x0E, 0xE2, 0x1A, 0x52, 0x2C, 0x59, 0xB2];
    let configuration = parse("[A]\n");
    let options = Options::decode(&guid, &mut into);
    configuration.option_problems(&options, &mut |problem| panic!("{problem}"));
    for bytes in [&b"odd"[..], &[0x3D, 0xD8, 0x20, 0]] {
        assert_eq!(Options::decode(bytes, &mut [0; 64]), Options::default());
    }
    assert_eq!(Options::decode(&text, &mut [0; 5]), Options::default());
}
