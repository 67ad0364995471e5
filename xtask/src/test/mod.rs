//! `cargo xtask test`: everything that has to hold, with one line per step or boot.
//!
//! ```text
//! PASS  host/unit                 31.2 s  412 tests
//! FAIL  boot/pml3/auto/6G/q35/max 12.0 s
//!       verdict: …
//! ```
//!
//! The default is what continuous integration runs. The exit status is 0 when nothing failed and something passed.

pub(crate) mod boot;
mod examples;
mod host;
mod images;
mod inspector;
mod tally;

use anyhow::Result;

use crate::cli::{self, TestPart};
use crate::commands::Context;
use tally::Tally;

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What every change has to pass.
    Usual,
    /// What a release has to pass.
    Full,
}

/// Runs the tests that `options` select.
pub(crate) fn run(context: &Context, options: &cli::Test) -> Result<u8> {
    let depth = if options.full { Depth::Full } else { Depth::Usual };
    let mut tally = Tally::new(options.filter.clone());
    if options.part != TestPart::Boot {
        host::run(context, depth, &mut tally);
    }
    if options.part != TestPart::Host {
        boot::run(context, depth, &mut tally);
    }
    Ok(tally.finish())
}
