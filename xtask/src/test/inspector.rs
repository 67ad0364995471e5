//! The inspector tested on page tables that are not ours: those of the firmware, in the emulator.
//!
//! A boot's verdict is worth as much as the inspection behind it. These tests lie with the inspector and are
//! ignored there, because they start the emulator.

use anyhow::Result;

use super::Depth;
use super::host::{cargo, judged, passed_tests};
use super::tally::{Finding, Tally};
use crate::commands::Context;
use crate::setup::Need;

/// What the names of the tests for every change begin with: one firmware of each width.
const USUAL: &str = "firmware_tables_of_";

/// Runs the step, if the tally wants it.
pub(super) fn run(context: &Context, depth: Depth, tally: &Tally) {
    tally.step("boot/inspector-agrees-with-firmware", || agrees(context, depth));
}

fn agrees(context: &Context, depth: Depth) -> Result<Finding> {
    context.setup.ensure(&[Need::Emulator])?;
    let mut command = cargo(context);
    command.args(["test", "--locked", "--package", "xtqemu", "--lib", "--", "--ignored"]);
    if depth == Depth::Usual {
        command.arg(USUAL);
    }
    let mut ran = 0;
    let finding = judged(context, "inspector", &mut command, |output| {
        ran = passed_tests(output);
        format!("{ran} tests")
    })?;
    match finding {
        Finding::Pass(_) if ran == 0 => Ok(Finding::Fail("no test has this name any more".to_owned())),
        finding => Ok(finding),
    }
}
