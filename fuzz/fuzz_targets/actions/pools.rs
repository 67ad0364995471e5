//! A pool under any sequence of allocations, frees and resizes, with the default checks and with all of them: blocks keep their
//! content and never overlap, and in the end nothing is lost.
//!
//! The first byte chooses the checks; the rest decides the actions, as long as it lasts.

#![no_main]
#![allow(dead_code, unused_imports, reason = "the tests use more of what is shared")]

use arbitrary::Unstructured;
use double::World;
use libfuzzer_sys::fuzz_target;
use model::{Chance, play};

#[path = "../../../libs/xtmm/tests/pool/basics.rs"]
mod basics;
#[path = "../../../libs/xtmm/tests/pool/support/double.rs"]
mod double;
#[path = "../../../libs/xtmm/tests/pool/model.rs"]
mod model;

/// Bytes that an action takes, about.
const EACH: usize = 4;

/// More actions than these make an input slow without making it strange.
const MOST: usize = 2_000;

/// Decides by the fuzzer's bytes.
struct Bytes<'a>(Unstructured<'a>);

impl Chance for Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        // Where the bytes end, the first choice is taken.
        self.0.int_in_range(0..=end - 1).unwrap_or(0)
    }
}

thread_local! {
    /// Worlds are never freed, so all inputs share two of them: each input leaves its pool empty.
    static WORLDS: [World; 2] = basics::worlds();
}

fuzz_target!(|input: &[u8]| {
    let Some((&first, rest)) = input.split_first() else { return };
    WORLDS.with(|[usual, full]| {
        let world = if first % 2 == 0 { usual } else { full };
        play(world, &mut Bytes(Unstructured::new(rest)), (rest.len() / EACH).min(MOST));
    });
});
