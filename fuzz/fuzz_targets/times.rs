//! Moments against another calendar.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../libs/xtrtl/tests/support/times.rs"]
mod times;

fuzz_target!(|input: &[u8]| times::judge(input));
