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
mod fuzz;
pub(crate) mod host;
mod images;
mod inspector;
mod tally;

use anyhow::Result;
use xtcore::choice::Architecture;

use crate::cli::{self, TestPart};
use crate::commands::Context;
pub(crate) use tally::Finding;
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
    let tally = Tally::new(options.filter.clone());
    if options.part != TestPart::Boot {
        host::run(context, depth, &tally);
    }
    if options.part != TestPart::Host {
        boot::run(context, depth, &tally);
    }
    Ok(tally.finish())
}

/// A step that others than the tests ask for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The lints.
    Clippy,
    /// The models of what processors exchange.
    Models,
    /// What Miri can run.
    Interpreter,
    /// The fuzz targets.
    Fuzz,
    /// The sizes of the images for amd64.
    SizeAmd64,
    /// The sizes of the images for i686.
    SizeI686,
}

impl Step {
    /// Returns its name in the result lines.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Clippy => "host/clippy",
            Self::Models => "host/models",
            Self::Interpreter => "host/miri",
            Self::Fuzz => "host/fuzz",
            Self::SizeAmd64 => "host/image-is-small-amd64",
            Self::SizeI686 => "host/image-is-small-i686",
        }
    }

    /// Does the step alone.
    ///
    /// # Errors
    /// It could not be tried.
    pub(crate) fn run(self, context: &Context, depth: Depth) -> Result<Finding> {
        match self {
            Self::Clippy => host::clippy(context, &host::EVERYTHING),
            Self::Models => host::models(context, depth),
            Self::Interpreter => host::interpreted(context, depth),
            Self::Fuzz => fuzz::all(context),
            Self::SizeAmd64 => images::is_small(context, Architecture::Amd64),
            Self::SizeI686 => images::is_small(context, Architecture::I686),
        }
    }
}
