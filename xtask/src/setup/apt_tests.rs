//! The distribution, read from the file that every one of them has.

use super::{Distribution, parse};

#[test]
fn debian_and_its_release_are_recognised() {
    let text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
    assert_eq!(parse(text), Distribution { id: "debian".to_owned(), release: "12".to_owned() });
}

#[test]
fn a_derivative_is_not_taken_for_debian() {
    let text = "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n";
    assert_eq!(parse(text).id, "ubuntu");
}

#[test]
fn a_rolling_release_has_no_number() {
    assert_eq!(parse("ID=arch\n"), Distribution { id: "arch".to_owned(), release: String::new() });
}
