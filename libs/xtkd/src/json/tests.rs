//! What is written is read again by a parser that shares nothing with the writer.

extern crate std;

use std::string::{String, ToString};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Object, Writer};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_kind_of_member_is_read_as_what_it_was() {
    let mut text = String::new();
    Writer::object(&mut text, |all| {
        all.number("number", u64::MAX)?;
        all.text("text", format_args!("{}-{}", 1, "two"))?;
        all.address("address", 0xFFFF_F800_0000_0000)?;
        all.flag("flag", true)?;
        all.null("null")?;
        all.or_null("some", Some(3_u32), Object::number)?;
        all.or_null("none", None::<u64>, Object::address)?;
        all.object("empty", |_| Ok(()))?;
        all.object("inner", |inner| inner.flag("deep", false))?;
        all.array("nothing", |_| Ok(()))?;
        all.array("array", |array| {
            array.number(1_u8)?;
            array.text("a")?;
            array.address(0x10)?;
            array.object(|one| one.number("one", 1_u32))?;
            array.array(|inner| inner.text("b"))
        })
    })
    .unwrap();
    let expected = json!({
        "number": u64::MAX, "text": "1-two", "address": "0xfffff80000000000", "flag": true,
        "null": null, "some": 3, "none": null, "empty": {}, "inner": { "deep": false }, "nothing": [],
        "array": [1, "a", "0x10", { "one": 1 }, ["b"]],
    });
    assert_eq!(parse(&text), expected);
}

#[test]
fn a_destination_that_is_full_is_told() {
    struct Full;
    impl core::fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> core::fmt::Result {
            Err(core::fmt::Error)
        }
    }
    assert!(Writer::object(&mut Full, |object| object.null("x")).is_err());
}

proptest! {
    #[test]
    fn any_text_comes_back(said in any::<String>()) {
        let mut text = String::new();
        Writer::object(&mut text, |object| object.text("said", &said)).unwrap();
        prop_assert!(!text.contains('\n'), "a record is one line");
        prop_assert_eq!(parse(&text)["said"].as_str().map(ToString::to_string), Some(said));
    }
}
