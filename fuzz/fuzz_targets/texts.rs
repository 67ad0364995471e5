//! Texts and numbers against what the standard library makes of them.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../libs/xtrtl/tests/support/texts.rs"]
mod texts;

fuzz_target!(|input: &[u8]| texts::judge(input));
