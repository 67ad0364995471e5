//! Parameters as users and files really write them (regression 32).

extern crate std;

use std::vec::Vec;

use super::*;

#[test]
fn keys_match_as_whole_tokens_and_in_any_case() {
    let parameters = Parameters::new("NOXPA DEBUG=COM1");
    assert!(parameters.has("noxpa") && parameters.has("NoXpa") && parameters.has("debug"));
    for other in ["NOXP", "NOXPAX", "OXPA", "COM1", "DEBUG=COM1", "NOXPA DEBUG", ""] {
        assert!(!parameters.has(other), "{other}");
    }
}

#[test]
fn values_keep_their_case_and_their_further_equal_signs() {
    let parameters = Parameters::new("Path=\\Xtos\\A=b EMPTY= FLAG");
    assert_eq!(parameters.value("PATH"), Some("\\Xtos\\A=b"));
    assert_eq!(parameters.value("empty"), Some(""));
    assert_eq!(parameters.value("flag"), None);
    assert_eq!(parameters.value("absent"), None);
}

#[test]
fn any_white_space_separates() {
    let parameters = Parameters::new("\r\n\tA=1\t\tB=2\r\nC \n");
    let keys: Vec<_> = parameters.iter().map(|parameter| (parameter.key, parameter.value)).collect();
    assert_eq!(keys, [("A", Some("1")), ("B", Some("2")), ("C", None)]);
    assert_eq!(Parameters::new(" \r\n\t").iter().count(), 0);
    assert_eq!(Parameters::default().iter().count(), 0);
}

#[test]
fn the_last_of_repeated_keys_counts() {
    assert_eq!(Parameters::new("DEBUG=COM1 debug=COM2").value("DEBUG"), Some("COM2"));
    assert_eq!(Parameters::new("DEBUG=COM1 DEBUG").value("DEBUG"), None);
}

#[test]
fn characters_beyond_ascii_are_text_not_bytes() {
    let parameters = Parameters::new("Größe=7 名=値 =lonely =");
    assert_eq!(parameters.number("Größe"), Some(7));
    assert_eq!(parameters.value("名"), Some("値"));
    assert_eq!(parameters.iter().count(), 2);
}

#[test]
fn reading_twice_gives_the_same() {
    let parameters = Parameters::new(" A B=1 ");
    assert_eq!(parameters.iter().count(), parameters.iter().count());
    assert_eq!(parameters.text(), " A B=1 ");
}

#[test]
fn numbers_are_decimal_or_marked_hexadecimal() {
    let parameters =
        Parameters::new("A=0xF4 B=244 C=0XfF D=F4 E=-1 F=+1 G=0x H=18446744073709551616 I=0x+1 J=");
    assert_eq!(parameters.number("A"), Some(0xF4));
    assert_eq!(parameters.number("B"), Some(244));
    assert_eq!(parameters.number("C"), Some(255));
    for wrong in ["D", "E", "F", "G", "H", "I", "J", "K"] {
        assert_eq!(parameters.number(wrong), None, "{wrong}");
    }
}
