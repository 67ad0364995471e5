//! `cargo xtask bench boot`: what boot costs, in instructions, by RAM size.
//!
//! Only the part from the kernel's entry to "ready" counts; the checks come after it. The loader's figure leaves out
//! its calls into firmware.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use xtcore::PagingMode;
use xtcore::choice::Architecture;
use xtqemu::guest::MemorySize;

use super::super::super::{Context, run as boots};
use super::super::plot::{Line, Lines};
use super::{MODES, Systems, TICKS_PER_INSTRUCTION, keep, ratio};
use crate::jobs;
use crate::test::Depth;

/// The stamp at which the memory manager stands.
const READY: &str = "ready";

const SIZES: [&str; 4] = ["256M", "1G", "4G", "16G"];
/// What only 64-bit firmware can start with.
const HUGE: [&str; 2] = ["1T", "12T"];

/// The processor without 1 GiB pages, the sizes that show whether it matters, and the parameter that leaves them alone
/// where they are: with 1 TiB and more this firmware takes longer to start without them than a counted boot may, because
/// it maps all of that memory for itself, in pages of 2 MiB.
const NO_GIANTS: &str = "max,pdpe1gb=off";
const NO_GIANTS_SIZES: [&str; 2] = ["256M", "16G"];
const LEFT_ALONE: &str = "NOGBPAGES";

/// Where the table is kept.
const PAGE: &str = "boot.md";

/// The plot, and what it shows.
const PLOT: (&str, &str) = ("boot.svg", "Instructions from kernel entry to ready, by size of memory");

/// Which sizes to boot with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Sizes {
    /// Those that every architecture starts with.
    Usual,
    /// Also those that only 64-bit firmware starts with, after minutes.
    Huge,
}

/// Whether the processor has pages of 1 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giants {
    /// It has what the emulator can give it.
    Present,
    /// It has them, and loader and kernel leave them alone.
    LeftAlone,
    /// It lacks them.
    Absent,
}

/// One boot of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    mode: PagingMode,
    memory: MemorySize,
    giants: Giants,
}

/// Boots every cell of the table and writes the page.
pub(in super::super) fn run(context: &Context, sizes: Sizes) -> Result<u8> {
    let huge: &[&str] = match sizes {
        Sizes::Usual => &[],
        Sizes::Huge => &HUGE,
    };
    let systems = Systems::build(context)?;
    let mut cells = Vec::new();
    for size in SIZES.iter().chain(huge) {
        let memory: MemorySize = size.parse()?;
        let starts = |mode: &PagingMode| is_wide(*mode) || !huge.contains(size);
        cells.extend(MODES.into_iter().filter(starts).map(|mode| Cell {
            mode,
            memory,
            giants: Giants::Present,
        }));
        let mut without = |giants| {
            cells.extend([PagingMode::Pml4, PagingMode::Pml5].map(|mode| Cell { mode, memory, giants }));
        };
        if NO_GIANTS_SIZES.contains(size) {
            without(Giants::Absent);
        }
        if NO_GIANTS_SIZES.contains(size) || huge.contains(size) {
            without(Giants::LeftAlone);
        }
    }
    let counts = jobs::map(&cells, jobs::GUESTS, |cell| count(cell, &systems));
    let mut rows = Vec::new();
    for (cell, count) in cells.iter().zip(counts) {
        let count = count.with_context(|| format!("{} with {}", cell.mode.name(), cell.memory))?;
        rows.push((*cell, count));
    }
    let page = page(&rows);
    keep(context, PAGE, &page)?;
    keep(context, PLOT.0, &plot(&rows))?;
    print!("{page}");
    Ok(0)
}

/// What one boot cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Instructions from the kernel's entry to "ready".
    pub(crate) kernel: u64,
    /// Instructions of the loader, from its entry to the hand-over, its calls into firmware left out.
    pub(crate) loader: u64,
    /// KiB in use when the kernel was ready.
    pub(crate) in_use: u64,
    /// Descriptors of the firmware's memory map.
    pub(crate) descriptors: u64,
    /// Instructions that allocate and free a frame, many times over, and how many times.
    pub(crate) pairs: [u64; 2],
}

/// A boot of [`costs`].
#[derive(Debug)]
pub(crate) struct Counted {
    /// Its mode.
    pub(crate) mode: PagingMode,
    /// Its memory, as [`SIZES`] writes it.
    pub(crate) memory: &'static str,
    /// What it cost, or why it could not be counted.
    pub(crate) cost: Result<Cost, String>,
}

/// What boots cost.
pub(crate) type Costs = Vec<Counted>;

/// Counts the smallest and the largest boots of the table, without its page: 256 MiB and 16 GiB, for a release 12 TiB too.
///
/// # Errors
/// Nothing could be built.
pub(crate) fn costs(context: &Context, depth: Depth) -> Result<Costs> {
    let systems = Systems::build(context)?;
    let [smallest, .., largest] = SIZES;
    let [.., huge] = HUGE;
    let of = |size: &'static str| MODES.map(|mode| (mode, size));
    let mut boots = [of(smallest), of(largest)].concat();
    if depth == Depth::Full {
        boots.extend(of(huge).into_iter().filter(|(mode, _)| is_wide(*mode)));
    }
    let counted = |&(mode, memory): &(PagingMode, &'static str)| {
        let cost = memory
            .parse()
            .map_err(anyhow::Error::from)
            .and_then(|size| count(&Cell { mode, memory: size, giants: Giants::Present }, &systems));
        Counted { mode, memory, cost: cost.map_err(|error| format!("{error:#}")) }
    };
    Ok(jobs::map(&boots, jobs::GUESTS, counted))
}

/// Tells whether a mode belongs to 64-bit firmware.
fn is_wide(mode: PagingMode) -> bool {
    boots::architecture_of(mode) == Architecture::Amd64
}

/// Boots one cell and returns what it cost.
fn count(cell: &Cell, systems: &Systems) -> Result<Cost> {
    let mut name = format!("{}-{}", cell.mode.name(), cell.memory);
    let (addition, parameters) = match cell.giants {
        Giants::Present => ("", ""),
        Giants::LeftAlone => ("-giants-left-alone", LEFT_ALONE),
        Giants::Absent => ("-no-giants", ""),
    };
    name.push_str(addition);
    let report = systems.boot(cell.mode, &name, parameters, |guest| {
        guest.memory = cell.memory;
        if cell.giants == Giants::Absent {
            guest.processor = NO_GIANTS.to_owned();
        }
    })?;
    cost(report)
}

fn cost(report: Map<String, Value>) -> Result<Cost> {
    let phases = report.get("phases").and_then(Value::as_array).context("the report has no phases")?;
    let ready = phases.iter().find(|phase| phase.get("name").and_then(Value::as_str) == Some(READY));
    let ticks = ready.and_then(|phase| phase.get("ticks")).and_then(Value::as_u64);
    let report = Value::Object(report);
    let number = |place: &str| {
        let found = report.pointer(place).and_then(Value::as_u64);
        found.with_context(|| format!("the report has no number at {place}"))
    };
    Ok(Cost {
        kernel: ticks.context("no phase is called ready")? / TICKS_PER_INSTRUCTION,
        loader: number("/loader_ticks")? / TICKS_PER_INSTRUCTION,
        in_use: number("/frames_in_use")? * (xtcore::PAGE_BYTES >> 10),
        descriptors: number("/descriptors/given")?,
        pairs: [number("/frame_pairs/ticks")? / TICKS_PER_INSTRUCTION, number("/frame_pairs/count")?],
    })
}

type Row = (Cell, Cost);

/// The page: tables with one row a size and one column a mode.
fn page(rows: &[Row]) -> String {
    let of =
        |giants| -> Vec<Row> { rows.iter().filter(|(cell, _)| cell.giants == giants).copied().collect() };
    let (rows, alone, without) = (&of(Giants::Present), &of(Giants::LeftAlone), &of(Giants::Absent));
    let mut text = "# What a boot costs\n\n\
                    Written by `cargo xtask bench boot`. One processor, CPU model `max`, `-icount shift=4`: the figures\n\
                    are counted instructions, the same on every host. In brackets stands the ratio to the first row.\n\n"
        .to_owned();
    let compared = |part: fn(&Cost) -> u64| {
        move |cost: &Cost, first: &Cost| format!("{} ({})", part(cost), ratio(part(cost), part(first)))
    };
    text.push_str(
        "## Kernel entry to ready\n\nThe goal is at most 1.10 for every size, and at most 2 million for 256 MiB on amd64.\n\n",
    );
    table(&mut text, rows, &compared(|cost| cost.kernel));
    let _ = write!(text, "\n![{}]({})\n", PLOT.1, PLOT.0);
    text.push_str("\nOn a processor without 1 GiB pages, with which this firmware does not come up in time with 1 TiB and more:\n\n");
    table(&mut text, without, &compared(|cost| cost.kernel));
    let _ = write!(
        text,
        "\nOn one that has them, while loader and kernel leave them alone (`{LEFT_ALONE}`):\n\n"
    );
    table(&mut text, alone, &compared(|cost| cost.kernel));
    text.push_str(
        "\n## Loader entry to hand-over, calls into firmware left out\n\n\
         The goal is at most 1.10 at 12 TiB against 256 MiB. The work follows the number of descriptors in the\n\
         firmware's map, which differs a little between sizes.\n\n",
    );
    table(&mut text, rows, &compared(|cost| cost.loader));
    text.push_str(
        "\n## Memory in use when ready, in KiB\n\n\
         The goal is at most 3 MiB + 8 KiB per descriptor, flat in RAM. In brackets: descriptors.\n\n",
    );
    table(&mut text, rows, &|cost, _| format!("{} ({})", cost.in_use, cost.descriptors));
    text.push_str(
        "\n## Allocating and freeing a frame, guard included\n\n\
         The goal is at most 40 instructions. Both run levels, both calls and the loop around them are counted.\n\n",
    );
    table(&mut text, rows, &|cost, _| {
        let [instructions, pairs] = cost.pairs;
        ratio(instructions, pairs)
    });
    text
}

/// A line for each mode. What a processor without 1 GiB pages costs differs too little to be seen beside it.
fn plot(rows: &[Row]) -> String {
    let with_giants =
        |mode| rows.iter().filter(move |(cell, _)| cell.mode == mode && cell.giants == Giants::Present);
    let lines = MODES.into_iter().map(|mode| {
        let point =
            |(cell, cost): &Row| (cell.memory.bytes() as f64, cell.memory.to_string(), cost.kernel as f64);
        Line { name: mode.name().to_owned(), points: with_giants(mode).map(point).collect() }
    });
    let lines = lines.filter(|line| !line.points.is_empty()).collect();
    Lines { title: PLOT.1.to_owned(), lines }.svg()
}

/// Appends a table of what `show` makes of each cost and of the first one of its mode.
fn table(text: &mut String, rows: &[Row], show: &dyn Fn(&Cost, &Cost) -> String) {
    text.push_str("| RAM |");
    for mode in MODES {
        let _ = write!(text, " {} |", mode.name());
    }
    text.push_str("\n|---|---|---|---|---|\n");
    let mut sizes: Vec<MemorySize> = rows.iter().map(|(cell, _)| cell.memory).collect();
    sizes.dedup();
    for size in sizes {
        let _ = write!(text, "| {size} |");
        for mode in MODES {
            let of_mode = rows.iter().find(|(cell, _)| cell.mode == mode && cell.memory == size);
            let first = rows.iter().find(|(cell, _)| cell.mode == mode);
            match (of_mode, first) {
                (Some((_, cost)), Some((_, first))) => {
                    let _ = write!(text, " {} |", show(cost, first));
                }
                _ => text.push_str(" |"),
            }
        }
        text.push('\n');
    }
}

#[cfg(test)]
#[path = "boot_tests.rs"]
mod tests;
