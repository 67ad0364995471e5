//! Pages go away, come back elsewhere, lose rights, are split and merged, on all processors at once, while all use them;
//! frames and tables are reused at once. No processor ever sees what is no longer there.
//!
//! `XTOS_SHOOTDOWN_ROUNDS` sets the number of invalidations per mode; without it, 10^4.

use std::panic::{AssertUnwindSafe, catch_unwind};

use xtcore::PagingMode;

use crate::machine::{Flaw, MOST};
use crate::mapper::{rounds, run, start};

/// Rounds per mode.
fn wanted() -> u64 {
    let by_default = if cfg!(miri) { 70 } else { 10_000 };
    std::env::var("XTOS_SHOOTDOWN_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(by_default)
}

fn nobody_sees_what_is_gone(mode: PagingMode) {
    let each = wanted().div_ceil(MOST as u64 - 1);
    let (mut kicks, mut interruptions, mut played) = (0, 0, 0);
    for cpus in 2..=MOST {
        let machine = start(mode, cpus, 0x5400_7D08 + cpus as u64, Flaw::None);
        run(machine, each);
        played += rounds();
        kicks += machine.kicks.get();
        interruptions += machine.interruptions.get();
    }
    println!("XTOS-EVIDENCE {{\"what\":\"shootdown\",\"mode\":\"{mode}\",\"count\":{played}}}");
    // The adversary was at work, and coalescing too: not every request to a processor was a kick.
    assert!(
        kicks > each && (interruptions > each / 100 || cfg!(miri)),
        "{kicks} kicks, {interruptions} interruptions"
    );
}

/// Tells whether a flaw is noticed in less than 1000 rounds.
fn is_noticed(mode: PagingMode, cpus: usize, flaw: Flaw, seed: u64) -> bool {
    let machine = start(mode, cpus, seed, flaw);
    let Err(complaint) = catch_unwind(AssertUnwindSafe(|| run(machine, 1000))) else { return false };
    let text = complaint.downcast::<String>().map(|text| *text).unwrap_or_default();
    assert!(text.contains("stale"), "another complaint: {text}");
    rounds() < 1000
}

fn leaving_the_others_out_is_noticed(mode: PagingMode) {
    for cpus in 2..=MOST {
        assert!(is_noticed(mode, cpus, Flaw::NobodyElse, 7));
    }
}

fn leaving_the_aliases_out_is_noticed(mode: PagingMode) {
    assert!(is_noticed(mode, 4, Flaw::NoAliases, 7));
}

fn going_on_without_forgetting_everything_is_noticed(mode: PagingMode) {
    assert!(is_noticed(mode, 4, Flaw::NothingForgottenAsAWhole, 7));
}

fn reusing_frames_before_all_have_answered_is_noticed(mode: PagingMode) {
    assert!(is_noticed(mode, 4, Flaw::FreedEarly, 7));
}

fn changing_tables_again_before_all_have_answered_is_noticed(mode: PagingMode) {
    // Two must change the tables of the same pages at nearly the same time.
    assert!((0..20).any(|seed| is_noticed(mode, MOST, Flaw::UnlockedEarly, seed)));
}

macro_rules! in_every_mode {
    ($($mode:ident $name:ident),+) => {
        $(mod $mode {
            use xtcore::PagingMode;

            #[test]
            fn nobody_sees_what_is_gone() {
                super::nobody_sees_what_is_gone(PagingMode::$name);
            }

            #[test]
            #[cfg_attr(miri, ignore = "slow")]
            fn leaving_the_others_out_is_noticed() {
                super::leaving_the_others_out_is_noticed(PagingMode::$name);
            }

            #[test]
            #[cfg_attr(miri, ignore = "slow")]
            fn leaving_the_aliases_out_is_noticed() {
                super::leaving_the_aliases_out_is_noticed(PagingMode::$name);
            }

            #[test]
            #[cfg_attr(miri, ignore = "slow")]
            fn going_on_without_forgetting_everything_is_noticed() {
                super::going_on_without_forgetting_everything_is_noticed(PagingMode::$name);
            }

            #[test]
            #[cfg_attr(miri, ignore = "slow")]
            fn reusing_frames_before_all_have_answered_is_noticed() {
                super::reusing_frames_before_all_have_answered_is_noticed(PagingMode::$name);
            }

            #[test]
            #[cfg_attr(miri, ignore = "slow")]
            fn changing_tables_again_before_all_have_answered_is_noticed() {
                super::changing_tables_again_before_all_have_answered_is_noticed(PagingMode::$name);
            }
        })+
    };
}

in_every_mode!(pml2 Pml2, pml3 Pml3, pml4 Pml4, pml5 Pml5);
