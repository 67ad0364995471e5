//! Names of serial ports, right and wrong ones.

use proptest::prelude::*;

use super::*;

fn line(text: &str) -> Option<(u16, u16)> {
    Line::parse(text).map(|line| (line.base(), u16::from_le_bytes(line.divisor())))
}

#[test]
fn the_four_ports_of_a_pc_have_names() {
    assert_eq!(line("COM1"), Some((0x3F8, 1)));
    assert_eq!(line("com2"), Some((0x2F8, 1)));
    assert_eq!(line("COM3,9600"), Some((0x3E8, 12)));
    assert_eq!(line("COM4,300"), Some((0x2E8, 384)));
    assert_eq!(Line::parse("COM1,115200"), Some(Line::COM1));
}

#[test]
fn any_other_port_is_named_by_its_address() {
    assert_eq!(line("COM0:0x3200"), Some((0x3200, 1)));
    assert_eq!(line("com0:0XFFF8,57600"), Some((0xFFF8, 2)));
}

#[test]
fn what_is_no_port_or_no_speed_is_refused() {
    for text in [
        "",
        "COM",
        "COM0",
        "COM5",
        "COM-1",
        "COM+1",
        "LPT1",
        "COM1,",
        "COM1,0",
        "COM1,7000",
        "COM1,230400",
        "COM1,1",
        "COM1,+9600",
        "COM1:0x3F8",
        "COM0:",
        "COM0:0x",
        "COM0:3200",
        "COM0:0x0",
        "COM0:0xFFF9",
        "COM0:0x10000",
        "COM0:0x+1",
        "COM1,9600,8",
        "€OM1",
    ] {
        assert_eq!(line(text), None, "{text}");
    }
}

#[test]
fn the_log_goes_to_one_serial_port_or_to_none() {
    assert_eq!(parse_debug("COM1"), Some(Some(Line::COM1)));
    assert_eq!(parse_debug("SCREEN;COM1"), parse_debug("COM1;screen"));
    assert_eq!(parse_debug("COM1;screen"), Some(Some(Line::COM1)));
    assert_eq!(parse_debug("SCREEN"), Some(None));
    for text in ["", ";", "COM1;", "COM1;COM2", "SCREEN;COM9", "PRINTER"] {
        assert_eq!(parse_debug(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_port_or_refused(text in "(?i)(com)?[0-9:x,;a-f]{0,12}") {
        if let Some(line) = Line::parse(&text) {
            prop_assert!(line.base() > 0 && line.base() <= 0xFFF8);
            prop_assert!(line.divisor() != [0, 0]);
        }
        let _ = parse_debug(&text);
    }
}
