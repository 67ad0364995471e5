//! The boot matrix: real firmware, real images, two guests at a time.
//!
//! On Debian the matrix boots what Debian's toolchain built, the way that continuous integration can always go; where
//! rustup offers a target, its images are built too and boot once in each of their paging modes. Elsewhere the
//! user's toolchain is the only one.

mod stick;
pub(crate) mod talks;

use anyhow::{Context as _, Result};
use xtcore::choice::Architecture;
use xtqemu::matrix::{ArchitectureImages, Cell, CellResult, Images, KernelBuild, Progress, Scope};
use xtqemu::{Outcome, matrix};

use super::tally::{Finding, Tally};
use super::{Depth, inspector};
use crate::build::{self, Extent, Profile};
use crate::commands::Context;
use crate::setup::Need;
use crate::toolchain::{self, Choice, Way, debian, rustup};
use crate::{jobs, progress, target};

/// Runs every cell that the tally wants.
pub(super) fn run(context: &Context, depth: Depth, tally: &Tally) {
    let scope = match depth {
        Depth::Usual => Scope::Pairwise,
        Depth::Full => Scope::Full,
    };
    let all = matrix::cells(scope);
    let cells: Vec<Cell> = all.iter().filter(|cell| tally.wants(&name(cell))).copied().collect();
    let primary = primary(context);
    inspector::run(context, depth, tally);
    let stick_wanted = tally.wants(stick::NAME);
    let meetings = talks::wanted(tally);
    if !cells.is_empty() || stick_wanted || !meetings.is_empty() {
        let mut systems = Vec::new();
        tally.always("boot/set-up", || {
            context.setup.ensure(&[Need::Emulator])?;
            systems = build_all(context, primary, &target::BOTH, Extent::WithTestImages)?;
            Ok(Finding::Pass(String::new()))
        });
        if systems.is_empty() {
            return;
        }
        let results = boot_cells(context, &cells, &systems, "matrix", &name, tally);
        if !results.is_empty() {
            tally.always("boot/same-image-in-every-boot", || {
                Ok(matrix::same_image(&results).map_or_else(Finding::Fail, |()| Finding::Pass(String::new())))
            });
        }
        if results.iter().any(|result| result.cell.trial.build == KernelBuild::Checked) {
            tally.always("boot/one-order-of-locks-in-all-boots", || one_order(context, &results));
        }
        if stick_wanted {
            stick::run(context, &systems, tally);
        }
        talks::run(context, &meetings, &systems, tally);
    }
    if primary != Choice::Rustup && context.toolchain == Choice::Auto {
        for architecture in target::BOTH {
            by_rustup(context, architecture, &all, tally);
        }
    }
}

/// Boots and judges cells with the images of the matrix, for others than its tests. `each` hears of every one when it is done.
///
/// # Errors
/// The emulator is not there, or nothing could be built.
pub(crate) fn evidence(
    context: &Context,
    cells: &[Cell],
    each: &(dyn Fn(&CellResult) + Sync),
) -> Result<Vec<CellResult>> {
    context.setup.ensure(&[Need::Emulator])?;
    let systems = build_all(context, primary(context), &target::BOTH, Extent::WithTestImages)?;
    Ok(run_cells(context, cells, &systems, "evidence", each))
}

/// All checked boots together take their locks in one order, the one that is written down.
fn one_order(context: &Context, results: &[CellResult]) -> Result<Finding> {
    let page = context.workspace.root().join("docs/locking.md");
    let promised =
        std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    Ok(match matrix::lock_order(results, &promised) {
        Ok(Some(figure)) => Finding::Pass(figure),
        Ok(None) => Finding::Skip("no boot that was chosen tells of its locks".to_owned()),
        Err(why) => Finding::Fail(why),
    })
}

/// The name in the result line of a cell of the matrix.
fn name(cell: &Cell) -> String {
    format!("boot/{}", cell.name())
}

/// The toolchain whose images the matrix boots.
fn primary(context: &Context) -> Choice {
    match context.toolchain {
        Choice::Auto if debian::is_at_home() => Choice::Debian,
        other => other,
    }
}

fn build_all(
    context: &Context,
    choice: Choice,
    architectures: &[Architecture],
    extent: Extent,
) -> Result<Vec<build::Images>> {
    let toolchains = toolchain::resolve(&context.workspace, &context.setup, choice, architectures)?;
    let pairs = toolchains.iter().zip(architectures);
    pairs
        .map(|(one, &architecture)| {
            build::images(&context.workspace, one, architecture, Profile::Release, extent)
        })
        .collect()
}

/// Builds with rustup's target, where there is one, and boots an ordinary cell of each of the architecture's modes.
fn by_rustup(context: &Context, architecture: Architecture, all: &[Cell], tally: &Tally) {
    let title = |cell: &Cell| format!("boot/{}/{}", Way::Rustup.name(), cell.name());
    let (narrow, wide) = architecture.modes();
    let first = |mode| all.iter().find(|cell| cell.mode == mode && cell.is_plain()).copied();
    let cells: Vec<Cell> =
        [narrow, wide].into_iter().filter_map(first).filter(|cell| tally.wants(&title(cell))).collect();
    if cells.is_empty() {
        return;
    }
    let mut systems = Vec::new();
    tally.always(&format!("boot/{}/build-{}", Way::Rustup.name(), architecture.name()), || {
        if let Err(refusal) = rustup::provide(&context.workspace, architecture) {
            return Ok(Finding::Skip(format!("{refusal:#}")));
        }
        context.setup.ensure(&[Need::Emulator])?;
        systems = build_all(context, Choice::Rustup, &[architecture], Extent::System)?;
        Ok(Finding::Pass(String::new()))
    });
    if !systems.is_empty() {
        boot_cells(context, &cells, &systems, Way::Rustup.name(), &title, tally);
    }
}

fn boot_cells(
    context: &Context,
    cells: &[Cell],
    systems: &[build::Images],
    folder: &str,
    title: &(dyn Fn(&Cell) -> String + Sync),
    tally: &Tally,
) -> Vec<CellResult> {
    if !cells.is_empty() {
        progress::say(&format!("booting {} guests, {} at a time ...", cells.len(), jobs::GUESTS));
    }
    run_cells(context, cells, systems, folder, &|result| {
        let finding = match &result.judgement {
            Ok(()) => Finding::Pass(String::new()),
            Err(reason) => Finding::Fail(failure(reason, result.outcome.as_ref())),
        };
        tally.record(&title(&result.cell), result.time, finding);
    })
}

/// Boots and judges cells, a few at a time, in a folder for each below `folder`.
fn run_cells(
    context: &Context,
    cells: &[Cell],
    systems: &[build::Images],
    folder: &str,
    each: &(dyn Fn(&CellResult) + Sync),
) -> Vec<CellResult> {
    let images =
        Images { amd64: files(systems, Architecture::Amd64), i686: files(systems, Architecture::I686) };
    let work = context.workspace.cache().join("boots").join(folder);
    matrix::run_cells(cells, &images, &work, jobs::GUESTS, &|news| {
        if let Progress::Finished(result) = news {
            each(result);
        }
    })
}

fn files(systems: &[build::Images], architecture: Architecture) -> Option<ArchitectureImages> {
    let system = systems.iter().find(|system| system.architecture == architecture)?;
    let testing = system.testing.as_ref();
    Some(ArchitectureImages {
        loader: system.loader.clone(),
        kernel: system.kernel.clone(),
        checked_kernel: testing.map(|testing| testing.checked_kernel.clone()),
        tampering_loader: testing.map(|testing| testing.tampering_loader.clone()),
        five_level_shim: testing.and_then(|testing| testing.la57_shim.clone()),
    })
}

/// What to print below the line of a boot that went wrong.
pub(super) fn failure(reason: &str, outcome: Option<&Outcome>) -> String {
    let mut lines = vec![reason.to_owned()];
    if let Some(outcome) = outcome {
        lines.extend(outcome.remarks.iter().cloned());
        lines.push(format!("serial log: {}, its end:", outcome.log.display()));
        lines.extend(outcome.tail.iter().map(|line| format!("| {line}")));
    }
    lines.join("\n")
}

/// The images of `architecture` among `systems`.
///
/// # Errors
/// None were built.
pub(super) fn of(systems: &[build::Images], architecture: Architecture) -> Result<&build::Images> {
    let system = systems.iter().find(|system| system.architecture == architecture);
    system.with_context(|| format!("nothing was built for {}", architecture.name()))
}
