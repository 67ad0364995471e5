//! Bitmaps against vectors of truth values.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../libs/xtrtl/tests/support/bitmaps.rs"]
mod bitmaps;

fuzz_target!(|input: &[u8]| bitmaps::judge(input));
