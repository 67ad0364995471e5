//! Page tables under any sequence of actions, in every mode, reached in both ways: each action and each refusal agrees
//! with the model of the tests, nothing stale is left in the TLB, and in the end no table.
//!
//! The first two bytes choose the machine; the rest decides the actions, as long as it lasts.

#![no_main]
#![allow(dead_code, unused_imports, unused_macros, reason = "the tests use more of what is shared")]

use std::ops::Range;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use model::{Chance, play};
use support::{EVERYTHING, Machine, NOTHING, Way};
use xtcore::PagingMode;

#[path = "../../../libs/xtpaging/tests/paging/model/mod.rs"]
mod model;
#[path = "../../../libs/xtpaging/tests/paging/support/mod.rs"]
mod support;

/// Bytes that an action takes, about.
const EACH: usize = 12;

/// More actions than these make an input slow without making it strange.
const MOST: usize = 200;

/// Decides by the fuzzer's bytes.
struct Bytes<'a>(Unstructured<'a>);

impl Chance for Bytes<'_> {
    fn in_range(&mut self, range: Range<u64>) -> u64 {
        // Where the bytes end, the first choice is taken.
        self.0.int_in_range(range.start..=range.end - 1).unwrap_or(range.start)
    }
}

fuzz_target!(|input: &[u8]| {
    let [first, second, rest @ ..] = input else { return };
    let mode = PagingMode::ALL[usize::from(*first) % PagingMode::ALL.len()];
    let capabilities = if second & 1 == 0 { EVERYTHING } else { NOTHING };
    let way = if second & 2 == 0 { Way::BySelfMap } else { Way::ByFrame };
    let actions = (rest.len() / EACH).min(MOST) as u64;
    play(&Machine::new(mode, capabilities, way), Bytes(Unstructured::new(rest)), actions);
});
