//! Runs cells, several at a time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::axes::architecture;
use super::cell::Cell;
use super::images::Images;
use super::judge::judge;
use super::trial::{KernelBuild, KernelFile, Trial};
use crate::locks::{self, Graph};
use crate::session::{Outcome, boot, discard_disk};

/// What became of a cell.
#[derive(Clone, Debug)]
pub struct CellResult {
    /// The cell.
    pub cell: Cell,
    /// The boot, where there was one.
    pub outcome: Option<Outcome>,
    /// Whether it did what the cell expects; else what it did instead.
    pub judgement: Result<(), String>,
    /// How long it took.
    pub time: Duration,
}

/// News of a run.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A cell's boot begins.
    Started(&'a Cell),
    /// A cell's boot has been judged.
    Finished(&'a CellResult),
}

/// Boots and judges every cell, `jobs` at a time, each in its own folder below `work_dir`. `progress` is called
/// from several threads. The results are in the order of the cells.
#[must_use]
pub fn run_cells(
    cells: &[Cell],
    images: &Images,
    work_dir: &Path,
    jobs: usize,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Vec<CellResult> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((index, cell)) = take(&next, cells) {
            progress(Progress::Started(cell));
            let result = run(cell, images, work_dir);
            progress(Progress::Finished(&result));
            results.lock().unwrap_or_else(PoisonError::into_inner).insert(index, result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn take<'a>(next: &AtomicUsize, cells: &'a [Cell]) -> Option<(usize, &'a Cell)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    cells.get(index).map(|cell| (index, cell))
}

fn run(cell: &Cell, images: &Images, work_dir: &Path) -> CellResult {
    let start = Instant::now();
    let folder = work_dir.join(cell.name().replace(['/', ',', '='], "-"));
    let booted = cell
        .guest(images, folder.clone())
        .map_err(|missing| missing.to_string())
        .and_then(|guest| boot(&guest, &mut |_| {}).map_err(|error| error.to_string()));
    let (outcome, judgement) = match booted {
        Ok(outcome) => {
            let judgement = judge(cell, &outcome);
            (Some(outcome), judgement)
        }
        Err(error) => (None, Err(error)),
    };
    if judgement.is_ok() {
        discard_disk(&folder);
    }
    CellResult { cell: *cell, outcome, judgement, time: start.elapsed() }
}

/// Puts together in which order the checked boots have taken their locks, and holds it against the order that a document
/// promises. Returns how many classes and pairs of them were seen.
///
/// # Errors
/// A circle among what all boots together have seen, or a pair that the document contradicts or does not know, in words.
pub fn lock_order(results: &[CellResult], promised: &str) -> Result<Option<String>, String> {
    let mut seen = Graph::default();
    for result in results {
        if let (KernelBuild::Checked, Some(outcome)) = (result.cell.trial.build, &result.outcome) {
            seen.add(&result.cell.name(), &outcome.report)?;
        }
    }
    seen.check()?;
    seen.compare(&locks::promised(promised))?;
    Ok(seen.has_boots().then(|| seen.to_string()))
}

/// Checks that all boots of an architecture used the same kernel, byte for byte. Boots with a damaged kernel, or
/// none, and those of checked builds are left out.
///
/// # Errors
/// The architecture and the hashes, in words.
pub fn same_image(results: &[CellResult]) -> Result<(), String> {
    let mut seen: BTreeMap<&'static str, &str> = BTreeMap::new();
    let compared = |trial: Trial| trial.kernel == KernelFile::Intact && trial.build == KernelBuild::Release;
    for result in results.iter().filter(|result| compared(result.cell.trial)) {
        let Some(outcome) = &result.outcome else { continue };
        let name = architecture(result.cell.mode).name();
        let hash = outcome.report.get("image_sha256").and_then(Value::as_str).unwrap_or("none");
        let first = *seen.entry(name).or_insert(hash);
        if first != hash {
            return Err(format!("{}: the {name} kernel is {hash}, it was {first}", result.cell.name()));
        }
    }
    Ok(())
}
