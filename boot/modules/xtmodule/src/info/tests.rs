//! The section `.modinfo`: what is read from it, what is refused, and that any bytes do.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[test]
fn a_module_says_who_it_is() {
    let text =
        "name=Dummy\0version=1.2\0author=A. N. Other\0license=MIT\0description=a = b\0depends=acpi beep\0";
    let info = Info::parse(text.as_bytes()).unwrap();
    assert_eq!(info.name, name("dummy"));
    assert_eq!((info.version, info.author, info.license), ("1.2", "A. N. Other", "MIT"));
    assert_eq!(info.description, "a = b");
    assert_eq!(info.depends().collect::<Vec<_>>(), [name("acpi"), name("beep")]);
}

#[test]
fn padding_and_unknown_keys_do_not_count() {
    let info = Info::parse(b"\0\0colour=blue\0name=x\0\0\0\0").unwrap();
    assert_eq!(info.name, name("x"));
    assert_eq!(info.depends().count(), 0);
    assert_eq!(info.version, "");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    assert_eq!(Info::parse(b""), Err(InfoError::NoName));
    assert_eq!(Info::parse(b"version=1\0"), Err(InfoError::NoName));
    assert_eq!(Info::parse(b"name=x\0junk\0"), Err(InfoError::Unreadable { at: 7 }));
    assert_eq!(Info::parse(b"name=x\0=y\0"), Err(InfoError::Unreadable { at: 7 }));
    assert_eq!(Info::parse(b"name=x\0author=\xFF\0"), Err(InfoError::Unreadable { at: 7 }));
    assert_eq!(Info::parse(b"author=\x1B[2J\0name=x\0"), Err(InfoError::Unreadable { at: 0 }));
    assert_eq!(Info::parse(b"name=x\0name=x\0"), Err(InfoError::Repeated { key: Key::Name }));
    assert_eq!(Info::parse(b"name=\\x\0"), Err(InfoError::BadName { key: Key::Name }));
    assert_eq!(Info::parse(b"name=x\0depends=a ../b\0"), Err(InfoError::BadName { key: Key::Depends }));
    let many = format!("name=x\0depends={}\0", "a ".repeat(17));
    assert_eq!(Info::parse(many.as_bytes()), Err(InfoError::TooManyDependencies { found: 17 }));
    assert_eq!(Info::parse(&[0; MAX_BYTES + 1]), Err(InfoError::TooLong { bytes: MAX_BYTES + 1 }));
}

#[test]
fn names_are_short_and_no_paths() {
    assert_eq!(name("FrameBuf").as_str(), "framebuf");
    for bad in ["", "a.b", "a b", r"..\a", "ä", &"a".repeat(25)] {
        assert_eq!(Name::new(bad), Err(NoName), "{bad}");
    }
}

#[test]
fn the_section_is_what_the_macro_writes() {
    const TEXT: &str = "name=x\0depends=\0";
    static BYTES: [u8; TEXT.len()] = section(TEXT);
    assert_eq!(Info::parse(&BYTES).map(|info| info.name), Ok(name("x")));
    assert_eq!(section::<3>(TEXT), [0; 3]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(info) = Info::parse(&bytes) {
            let shown = [info.version, info.author, info.license, info.description].concat();
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }

    #[test]
    fn strings_of_keys_are_read_or_refused(parts in prop::collection::vec(
        ("(name|version|author|depends|other)=[a-z \u{0}\u{1b}]{0,20}", 0..3_usize), 0..8)) {
        let text: String = parts.iter().map(|(pair, zeros)| format!("{pair}{}", "\0".repeat(*zeros))).collect();
        if let Ok(info) = Info::parse(text.as_bytes()) {
            prop_assert!(info.depends().count() <= MAX_DEPENDENCIES);
        }
    }
}
