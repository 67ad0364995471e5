//! Any bytes as a firmware memory map: all promises of the sanitiser hold, and the independent model agrees.
//!
//! The first byte chooses the stride; the rest is the map. Long maps are cut, because the model is quadratic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use support::maps::{Given, check_promises, with_sanitised};
use xtboot::map::RawMap;

#[path = "../../libs/xtboot/tests/support/mod.rs"]
mod support;

const MODELLED: usize = 32;

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else { return };
    // Whatever the stride is, the outcome is clean.
    if let Ok(map) = RawMap::new(bytes, usize::from(first)) {
        with_sanitised(map, |_| ());
    }
    // A legal stride over whole descriptors: the promises hold.
    let stride = 40 + usize::from(first) % 28 * 8;
    let whole = &bytes[..bytes.len() / stride * stride];
    let Ok(map) = RawMap::new(whole, stride) else { return };
    let given: Vec<Given> = map
        .descriptors()
        .take(MODELLED)
        .map(|descriptor| Given {
            number: descriptor.number,
            start: descriptor.start.get(),
            pages: descriptor.pages,
            attributes: descriptor.attributes,
        })
        .collect();
    check_promises(&given, stride);
});
