//! `cargo xtask bench kernel`: what the kernel's operations cost, in instructions, by paging mode and number of processors.
//!
//! The kernel measures itself, because its parameters say `BENCH=kernel`; here its rows are collected and shown.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};
use xtcore::PagingMode;
use xtcore::choice::Architecture;
use xtqemu::guest::MemorySize;

use super::super::super::{Context, run as boots};
use super::{MODES, Systems, TICKS_PER_INSTRUCTION, keep};
use crate::jobs;

mod page;
#[cfg(test)]
mod tests;

/// What asks the kernel for its rows.
const PARAMETERS: &str = "BENCH=kernel";

/// Numbers of processors, one first: that is the table of all rows.
const PROCESSORS: [u32; 4] = [1, 2, 4, 8];

/// Tells whether a mode is measured with so many processors. The 32-bit firmware waits for the others in a loop that takes
/// minutes of its own time: where that is counted, it takes hours of anybody else's.
fn starts(cell: &Cell) -> bool {
    cell.processors == 1 || boots::architecture_of(cell.mode) == Architecture::Amd64
}

/// Memory of the guests.
const MEMORY: &str = "256M";

/// Rows of which each number of processors has its own figure, because other processors take part, or are looked at.
const SHARED: [&str; 4] = [
    "context switch, by yielding",
    FORGETTING,
    "2048 pages in runs, map, unmap and forget",
    "2048 pages one by one, map, unmap and forget",
];

/// The row that the plot by processors shows.
const FORGETTING: &str = "1 page, map, unmap and forget";

/// Instructions that operations may take at most.
const GOALS: [(&str, u64); 1] = [("frame, allocate and free", 40)];

/// One boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    mode: PagingMode,
    processors: u32,
}

/// One operation, as the kernel has measured it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    name: String,
    /// Operations.
    count: u64,
    /// Instructions that all of them took.
    instructions: u64,
}

impl Row {
    /// Returns the instructions of one operation, rounded up: a benchmark must not look better than it is.
    const fn each(&self) -> u64 {
        self.instructions.div_ceil(self.count)
    }
}

type Figures = Vec<(Cell, Vec<Row>)>;

/// Boots every mode, with every number of processors that it can be measured with, and writes the page.
pub(in super::super) fn run(context: &Context) -> Result<u8> {
    let systems = Systems::build(context)?;
    let of_mode = |mode| PROCESSORS.map(|processors| Cell { mode, processors });
    let cells: Vec<Cell> = MODES.into_iter().flat_map(of_mode).filter(starts).collect();
    let counts = jobs::map(&cells, jobs::GUESTS, |cell| measure(*cell, &systems));
    let mut figures = Figures::new();
    for (cell, rows) in cells.into_iter().zip(counts) {
        let rows =
            rows.with_context(|| format!("{} with {} processors", cell.mode.name(), cell.processors))?;
        figures.push((cell, rows));
    }
    for (name, text) in page::files(&figures) {
        keep(context, name, &text)?;
        if name == page::PAGE {
            print!("{text}");
        }
    }
    Ok(0)
}

fn measure(cell: Cell, systems: &Systems) -> Result<Vec<Row>> {
    let memory: MemorySize = MEMORY.parse()?;
    let name = format!("kernel-{}-{}", cell.mode.name(), cell.processors);
    let report = systems.boot(cell.mode, &name, PARAMETERS, |guest| {
        guest.memory = memory;
        guest.processors = cell.processors;
    })?;
    rows(&report)
}

/// Takes the rows out of a report. Those that the page is about must be among them.
fn rows(report: &Map<String, Value>) -> Result<Vec<Row>> {
    let measured =
        report.get("bench").and_then(Value::as_array).context("the kernel has measured nothing")?;
    let rows: Option<Vec<Row>> = measured.iter().map(row).collect();
    let rows = rows.context("a row of the report cannot be understood")?;
    for name in SHARED.into_iter().chain(GOALS.map(|(name, _)| name)) {
        if !rows.iter().any(|row| row.name == name) {
            bail!("the report has no row \"{name}\"");
        }
    }
    Ok(rows)
}

fn row(row: &Value) -> Option<Row> {
    let number = |key| row.get(key).and_then(Value::as_u64);
    let count = number("count").filter(|count| *count > 0)?;
    let instructions = number("ticks")?.div_ceil(TICKS_PER_INSTRUCTION);
    Some(Row { name: row.get("name")?.as_str()?.to_owned(), count, instructions })
}
