//! What must hold for any input, with random input. The fuzz targets of the same names look for the rest.

use proptest::prelude::*;

mod support;

/// How many random inputs a property gets.
fn cases() -> ProptestConfig {
    let given = std::env::var("XTOS_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok());
    // Text and time are judged quickly; a tenth of what the maps of the loader get is seconds.
    ProptestConfig { cases: given.unwrap_or(100_000_u32) / 10, ..ProptestConfig::default() }
}

/// Random bytes with much of what means something in a text.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let meaningful = prop::sample::select(&b"\0\r\n\t  ==,+-0000xXbBoO179aAfFzZ\xC3\x9F\xD8\xDC"[..]);
    prop::collection::vec(prop_oneof![3 => meaningful, 1 => any::<u8>()], 0..48)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_bitmap_behaves_as_a_vector(input in prop::collection::vec(any::<u8>(), 0..64)) {
        support::bitmaps::judge(&input);
    }

    #[test]
    fn texts_are_what_the_standard_library_makes_of_them(input in text()) {
        support::texts::judge(&input);
    }

    #[test]
    fn numbers_in_texts_are_too(input in "[01][0-9a-fx+-]{0,22}") {
        support::texts::judge(input.as_bytes());
    }

    #[test]
    fn moments_are_what_another_calendar_says(input: [u8; 20]) {
        support::times::judge(&input);
    }
}
