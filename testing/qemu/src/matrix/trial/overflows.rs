//! Stacks that overflow on processors other than the first: each way of overflowing, on the second and on the last of four,
//! at Passive and at Dispatch. The first processor has trials of its own.
//!
//! Each is tried in one mode for every change, such that each way, each processor and each level meets each mode; in all
//! modes for a release.

use xtcore::PagingMode;
use xtcore::PagingMode::{Pml2, Pml3, Pml4, Pml5};

use super::{Culprit, Expectation, PLAIN, Trial, Turns};

/// A way to overflow a stack, on a processor.
macro_rules! on {
    ($cpu:literal, $way:literal, passive, $mode:expr) => {
        overflow(concat!($way, "-cpu", $cpu), concat!("CRIME=", $way, "@cpu", $cpu), ($cpu, "passive", $mode))
    };
    ($cpu:literal, $way:literal, dispatch, $mode:expr) => {
        overflow(
            concat!($way, "-cpu", $cpu, "-raised"),
            concat!("CRIME=", $way, "@cpu", $cpu, "@dispatch"),
            ($cpu, "dispatch", $mode),
        )
    };
}

/// The trials.
pub(in crate::matrix) const TRIALS: [Trial; 12] = [
    on!(1, "stack-recursion", passive, Pml2),
    on!(1, "stack-recursion", dispatch, Pml3),
    on!(3, "stack-recursion", passive, Pml4),
    on!(3, "stack-recursion", dispatch, Pml5),
    on!(1, "stack-jump", passive, Pml3),
    on!(1, "stack-jump", dispatch, Pml4),
    on!(3, "stack-jump", passive, Pml5),
    on!(3, "stack-jump", dispatch, Pml2),
    on!(1, "stack-frame", passive, Pml4),
    on!(1, "stack-frame", dispatch, Pml5),
    on!(3, "stack-frame", passive, Pml2),
    on!(3, "stack-frame", dispatch, Pml3),
];

const fn overflow(
    name: &'static str,
    parameters: &'static str,
    (cpu, level, mode): (u64, &'static str, PagingMode),
) -> Trial {
    let words = &["double fault", "overflowed into its guard", "stack of the thread culprit"];
    Trial {
        name,
        parameters,
        processors: 4,
        turns: Turns::In(mode),
        expectation: Expectation::BugCheck { code: 0x7F, parameters: &[8], level, words },
        culprit: Culprit { thread: "culprit", cpu },
        ..PLAIN
    }
}
