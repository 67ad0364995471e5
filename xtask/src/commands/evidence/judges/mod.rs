//! From what was run to figures and verdicts. Each file is about one source.

pub(super) mod boots;
pub(super) mod costs;
pub(super) mod counts;
pub(super) mod speed;

use super::{Found, Verdict};
use crate::test::Depth;

/// A figure that reaches its goal.
fn reached(figure: String) -> Found {
    Found { figure, verdict: Verdict::Reached }
}

/// A figure that reaches its goal when `is_reached`, else is `short`.
fn judged(figure: String, is_reached: bool, short: impl FnOnce() -> String) -> Found {
    let verdict = if is_reached { Verdict::Reached } else { Verdict::Short(short()) };
    Found { figure, verdict }
}

/// A count that is to be at least `full`, but not in the run for every change.
fn sized(figure: String, count: u64, full: u64, depth: Depth) -> Found {
    let verdict = match depth {
        _ if count >= full => Verdict::Reached,
        Depth::Usual => Verdict::Smaller(format!("{count} of {full}")),
        Depth::Full => Verdict::Short(format!("{} of {full}", full - count)),
    };
    Found { figure, verdict }
}
