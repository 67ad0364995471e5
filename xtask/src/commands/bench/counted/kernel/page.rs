//! The page about the kernel's operations, and its plots.

use std::fmt::Write as _;

use super::super::super::plot::{Bars, Beside, Group, Line, Lines};
use super::{Cell, FORGETTING, Figures, GOALS, MODES, PROCESSORS, Row, SHARED};
use xtcore::PagingMode;

/// The page's file.
pub(super) const PAGE: &str = "kernel.md";

/// The plots' files, with what they show.
const OPERATIONS: (&str, &str) = ("kernel.svg", "Instructions of an operation, one processor");
const BY_PROCESSORS: (&str, &str) =
    ("kernel-processors.svg", "Mapping, unmapping and forgetting a page, by processors (instructions)");

const HEAD: &str = "\
# What the kernel's operations cost

Written by `cargo xtask bench kernel`, which also repeats it: it boots each paging mode with one processor, and the
64-bit ones with 2, 4 and 8 as well; 256 MiB, CPU model `max`, `-icount shift=4`. The kernel measures itself, because its parameters say `BENCH=kernel`. The
figures are counted instructions of one operation, the same on every host: the median of nine batches, less what an
empty loop takes, rounded up. So what clock interrupts take is left out where one falls into fewer than every other
batch, and everything else is counted: run levels, locks, and what other threads do before the operation is complete.
A repeated string instruction counts once for each repetition, so that zeroing a page counts as 512 or 1024. The
benchmark gates nothing.

";

const ROWS: &str = "\
* *context switch*: two threads of one priority yield to each other; the figure is one way.
* *thread*: it has a higher priority than its creator, and the reaper a still higher one, so that all of it has happened
  when the creator goes on.
* *frame*: called through a pointer as every row; [a boot](boot.md) counts the same pair with the calls in the loop itself.
* *first touch*: the page fault, the frame, its zeros, and the mapping.
* *event*: the waiter has a higher priority and runs at once, in the second row until it waits again and the other thread
  goes on.
* *map, unmap and forget*: frames that are there already appear in system PTEs and go again; every processor that runs
  forgets the pages before they can be had again. *In runs*: each frame is followed by the next one, for 512 pages or
  1024. *One by one*: none is.
";

const SHARED_HEAD: &str = "
## By processors

Under instruction counting the emulator runs one processor after another and has one count for all. So these are the
instructions of *all processors together*, from the beginning of the operation to its end on the one that asked for it:
their interrupts, their part of the work, and their turns of loops that wait. It is work, not time; processors that
really run side by side share it. With eight of them, clock interrupts of some of them fall into every long batch. The
32-bit firmware waits for other processors in a loop that takes too long where it is counted.

";

/// Returns the page and its plots, with their names.
pub(super) fn files(figures: &Figures) -> Vec<(&'static str, String)> {
    vec![
        (PAGE, page(figures)),
        (OPERATIONS.0, operations(figures)),
        (BY_PROCESSORS.0, by_processors(figures)),
    ]
}

/// Returns what was measured in a mode with so many processors.
fn of(figures: &Figures, mode: PagingMode, processors: u32) -> &[Row] {
    let wanted = Cell { mode, processors };
    figures.iter().find(|(cell, _)| *cell == wanted).map_or(&[], |(_, rows)| rows)
}

fn find<'a>(figures: &'a Figures, mode: PagingMode, processors: u32, name: &str) -> Option<&'a Row> {
    of(figures, mode, processors).iter().find(|row| row.name == name)
}

/// The operations in the order in which the kernel has measured them.
fn names(figures: &Figures) -> impl Iterator<Item = &str> {
    figures.first().into_iter().flat_map(|(_, rows)| rows).map(|row| row.name.as_str())
}

fn page(figures: &Figures) -> String {
    let [one, ..] = PROCESSORS;
    let mut text = format!("{HEAD}| one processor |");
    for mode in MODES {
        let _ = write!(text, " {} |", mode.name());
    }
    text.push_str(" goal |\n|---|---|---|---|---|---|\n");
    for name in names(figures) {
        let goal = GOALS.iter().find(|(of, _)| *of == name).map(|(_, most)| *most);
        let _ = write!(text, "| {name} |");
        for mode in MODES {
            cell(&mut text, find(figures, mode, one, name), goal);
        }
        let _ = match goal {
            Some(most) => writeln!(text, " at most {most} |"),
            None => writeln!(text, " |"),
        };
    }
    let _ = write!(text, "\n![{}]({})\n\n{ROWS}{SHARED_HEAD}| |", OPERATIONS.1, OPERATIONS.0);
    for processors in PROCESSORS {
        let _ = write!(text, " {processors} |");
    }
    text.push_str("\n|---|---|---|---|---|\n");
    let [_, another, ..] = PROCESSORS;
    for name in SHARED {
        for mode in MODES.into_iter().filter(|mode| find(figures, *mode, another, name).is_some()) {
            let _ = write!(text, "| {name}, {} |", mode.name());
            for processors in PROCESSORS {
                cell(&mut text, find(figures, mode, processors, name), None);
            }
            text.push('\n');
        }
    }
    let _ = write!(text, "\n![{}]({})\n", BY_PROCESSORS.1, BY_PROCESSORS.0);
    text
}

/// Appends a cell; a goal that is missed stands out.
fn cell(text: &mut String, row: Option<&Row>, goal: Option<u64>) {
    let _ = match row.map(Row::each) {
        None => write!(text, " |"),
        Some(each) if goal.is_some_and(|most| each > most) => write!(text, " **{each}** |"),
        Some(each) => write!(text, " {each} |"),
    };
}

fn operations(figures: &Figures) -> String {
    let [one, ..] = PROCESSORS;
    let groups = names(figures).map(|name| {
        let bar = |mode: PagingMode| {
            let each = find(figures, mode, one, name)?.each();
            Some((mode.name().to_owned(), each as f64, each.to_string()))
        };
        Group { name: name.to_owned(), bars: MODES.into_iter().filter_map(bar).collect() }
    });
    Bars { title: OPERATIONS.1.to_owned(), beside: Beside::Nothing, groups: groups.collect() }.svg()
}

fn by_processors(figures: &Figures) -> String {
    let lines = MODES.into_iter().filter_map(|mode| {
        let point = |processors: u32| {
            let each = find(figures, mode, processors, FORGETTING)?.each();
            Some((f64::from(processors), processors.to_string(), each as f64))
        };
        let points: Vec<_> = PROCESSORS.into_iter().filter_map(point).collect();
        (points.len() > 1).then(|| Line { name: mode.name().to_owned(), points })
    });
    Lines { title: BY_PROCESSORS.1.to_owned(), lines: lines.collect() }.svg()
}
