//! Any bytes typed into the decoder and the line editor, against a plain vector of characters.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../libs/xtterm/tests/support/line.rs"]
mod line;

fuzz_target!(|input: &[u8]| line::judge(input));
