//! Text inside images, found in both encodings.

use super::find;

#[test]
fn a_path_is_found_in_either_encoding() {
    assert_eq!(find(b"....C:/checkout/src", "/checkout"), Some(6));
    let wide: Vec<u8> = "x/checkout".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(find(&wide, "/checkout"), Some(2));
}

#[test]
fn what_is_not_there_is_not_found() {
    assert_eq!(find(b"/elsewhere/src", "/checkout"), None);
    assert_eq!(find(b"anything", ""), None);
}
