//! Boots at places that are known: three seeds in every mode, and the standard ones. All other boots are at random places,
//! and their reports tell the seed.

use super::{Expectation, PLAIN, Trial, Turns};
use crate::guest::Concurrency;

const fn seed(name: &'static str, parameters: &'static str) -> Trial {
    Trial { name, parameters, turns: Turns::EachMode, ..PLAIN }
}

/// The trials.
pub(in crate::matrix) const TRIALS: [Trial; 5] = [
    seed("seed-of-one", "KASLRSEED=1"),
    // Others start from pages below 1 MiB, and come to where the image is.
    Trial { processors: 2, ..seed("seed-for-two", "KASLRSEED=0x9E3779B97F4A7C15") },
    Trial {
        processors: 8,
        concurrency: Concurrency::Turns,
        ..seed("seed-for-eight", "KASLRSEED=0xFFFFFFFFFFFFFFFF")
    },
    Trial { name: "standard-places", parameters: "NOKASLR", turns: Turns::EachArchitecture, ..PLAIN },
    Trial {
        name: "seed-of-words",
        parameters: "KASLRSEED=anything",
        expectation: Expectation::Refused { by: "xtldr", words: &["KASLRSEED", "no number"] },
        ..PLAIN
    },
];
