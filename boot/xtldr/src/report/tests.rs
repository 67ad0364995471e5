//! The machine line must be JSON whatever a message quotes.

use std::format;

use super::JsonText;

#[test]
fn quotes_backslashes_and_controls_are_escaped() {
    let text = "no \"X\" in \\XTOS\\A\r\n\u{1}";
    assert_eq!(format!("{}", JsonText(&text)), "no \\\"X\\\" in \\\\XTOS\\\\A\\u000d\\u000a\\u0001");
}

#[test]
fn other_characters_stay_as_they_are() {
    assert_eq!(format!("{}", JsonText(&"größer … 漢")), "größer … 漢");
}
