//! `cargo xtask bench`: our allocators and mapper beside their peers; with `boot`, what a boot costs; with
//! `kernel`, what the kernel's operations cost.
//!
//! It gates nothing: the figures depend on the machine. What matters are ratios within one run.

mod counted;
mod goals;
mod host;
mod page;
mod plot;
mod published;
mod results;

use anyhow::Result;

use self::counted::{boot, kernel};
use super::Context;
use crate::cli::{Bench, Benchmark};
pub(crate) use counted::boot::{Cost, Costs, costs};
pub(super) use host::missing_c_tool;
pub(crate) use published::{Judgement, published};

/// Runs the benchmark that was asked for.
pub(crate) fn run(context: &Context, bench: &Bench) -> Result<u8> {
    match bench.what {
        None => host::run(context, bench),
        Some(Benchmark::Boot { full: false }) => boot::run(context, boot::Sizes::Usual),
        Some(Benchmark::Boot { full: true }) => boot::run(context, boot::Sizes::Huge),
        Some(Benchmark::Kernel) => kernel::run(context),
    }
}

#[cfg(test)]
mod tests;
