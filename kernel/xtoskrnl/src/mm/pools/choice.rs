//! What is chosen once, at boot, and is the same for both pools: the checks that the parameters ask for, and the chance that
//! keys are made of.
//!
//! | parameter | meaning |
//! |---|---|
//! | `POOLCHECK=full` | patterns behind and in blocks, and a quarantine |
//! | `SPECIALPOOL=TAG` or `*` | blocks of one tag, or all, have pages of their own beside a guard page |
//! | `SPECIALSIDE=before` | the guard lies in front of the block |
//!
//! A value that is not understood is named in the log, once, and the parameter ignored.

use xtboot::parameters::Parameters;
use xtmm::pool::{Checking, Checks, Coverage, PoolKind, Side, SpecialPool, Tag};

use crate::ar::chance::chance;
use crate::ar::control::time_stamp;
use crate::kd::log;

/// How many bytes freed blocks wait under full checking.
const QUARANTINE_BYTES: usize = 256 << 10;

/// How many pages of addresses wait after blocks of the special pool.
const QUARANTINE_PAGES: usize = 4096;

/// What both pools are made with.
#[derive(Debug)]
pub(in crate::mm) struct Choice {
    /// What is checked.
    pub(in crate::mm) checks: Checks,
    chance: u64,
}

impl Choice {
    /// Reads the parameters, and draws the chance.
    pub(in crate::mm) fn make(parameters: &Parameters<'_>) -> Self {
        // The time stamp alone keeps accidents apart, not attackers; the processor's own generator does both.
        let chance = chance().unwrap_or(0).rotate_left(17) ^ time_stamp().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { checks: checks(parameters), chance }
    }

    /// Returns the number that a pool's canaries and patterns are made of; another one for each pool.
    pub(in crate::mm) const fn key(&self, kind: PoolKind) -> u64 {
        // A bijection (the last step of splitmix64), so that no chance is lost.
        let mixed = self.chance.wrapping_add(kind.number().wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ mixed >> 31
    }
}

fn checks(parameters: &Parameters<'_>) -> Checks {
    let checking = match parameters.value("POOLCHECK") {
        Some(value) if value.eq_ignore_ascii_case("full") => Checking::Full { quarantine: QUARANTINE_BYTES },
        Some(other) => {
            log!("xtoskrnl: POOLCHECK={other} is not known; the default is kept");
            Checking::Default
        }
        None => Checking::Default,
    };
    let coverage = match parameters.value("SPECIALPOOL") {
        None | Some("") => Coverage::Nothing,
        Some("*") => Coverage::Everything,
        Some(name) => match tag(name) {
            Some(tag) => Coverage::Tag(tag),
            None => {
                log!("xtoskrnl: SPECIALPOOL={name} is no tag, which has four bytes at most; it is ignored");
                Coverage::Nothing
            }
        },
    };
    let side = match parameters.value("SPECIALSIDE") {
        Some(value) if value.eq_ignore_ascii_case("before") => Side::Before,
        _ => Side::After,
    };
    Checks { checking, special: SpecialPool { coverage, side, quarantine_pages: QUARANTINE_PAGES } }
}

/// Returns the tag of that name, with blanks behind it; `None` when the name is too long.
fn tag(name: &str) -> Option<Tag> {
    let mut characters = [b' '; 4];
    characters.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    Some(Tag::new(characters))
}
