//! Which cells to run.

use xtcore::PagingMode;

use super::axes::{Entry, LARGE_MEMORY, MACHINES, MEMORY, PROCESSORS, Selection};
use super::cell::Cell;
use super::trial::{Demand, NO_GIGABYTE_PAGES, PLAIN, Trial, Turns, trials as all_trials};
use crate::guest::{Machine, MemorySize};

/// How much of the matrix to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// A selection in which every value of every axis meets every mode that it exists with, and every trial once.
    Pairwise,
    /// The whole product, large memories, and every trial in every mode.
    Full,
}

/// Returns the cells of `scope`, in an order that is always the same.
#[must_use]
pub fn cells(scope: Scope) -> Vec<Cell> {
    let mut cells = Vec::new();
    for mode in PagingMode::ALL {
        let product = product(mode, &MEMORY);
        match scope {
            Scope::Pairwise => cells.extend(cover(&product)),
            Scope::Full => {
                cells.extend(product);
                cells.extend(large(mode));
            }
        }
    }
    cells.extend(trials(scope));
    cells
}

/// Returns every ordinary cell of a mode.
pub(super) fn product(mode: PagingMode, memory: &[MemorySize]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for &memory in memory {
        for machine in MACHINES {
            for processor in PROCESSORS {
                for entry in Entry::ALL {
                    for selection in Selection::ALL {
                        cells.push(Cell { mode, selection, memory, machine, processor, entry, trial: PLAIN });
                    }
                }
            }
        }
    }
    cells.retain(Cell::exists);
    cells
}

/// A value on one of the axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Selection(Selection),
    Memory(MemorySize),
    Machine(Machine),
    Processor(&'static str),
    Entry(Entry),
}

/// Returns a cell's value on each axis.
pub(super) fn values(cell: &Cell) -> [Value; 5] {
    [
        Value::Selection(cell.selection),
        Value::Memory(cell.memory),
        Value::Machine(cell.machine),
        Value::Processor(cell.processor.model),
        Value::Entry(cell.entry),
    ]
}

/// Picks few cells in which every value of `product` occurs: always the one with most values that have not occurred
/// yet, the first of several.
fn cover(product: &[Cell]) -> Vec<Cell> {
    let mut open: Vec<Value> = Vec::new();
    for value in product.iter().flat_map(values) {
        if !open.contains(&value) {
            open.push(value);
        }
    }
    let mut picked = Vec::new();
    while !open.is_empty() {
        let gain = |cell: &&Cell| values(cell).iter().filter(|value| open.contains(value)).count();
        // `max_by_key` takes the last of several equals.
        let Some(best) = product.iter().rev().max_by_key(gain) else { break };
        open.retain(|value| !values(best).contains(value));
        picked.push(*best);
    }
    picked
}

/// Returns the cells with large memory: in each mode one, and on amd64 one without 1 GiB pages too: the processor's, or
/// where the firmware cannot start without them, the loader's and kernel's. On 32 bits there is nothing to see above
/// 64 GiB.
fn large(mode: PagingMode) -> Vec<Cell> {
    let memory = if mode.levels() <= 3 { &LARGE_MEMORY[..1] } else { &LARGE_MEMORY[..] };
    let wanted = ["max", "max,pdpe1gb=off", "max,la57=off", "max,la57=off,pdpe1gb=off"];
    let mut cells = product(mode, memory);
    cells.retain(|cell| {
        cell.machine == Machine::Q35
            && cell.entry == Entry::Firmware
            && wanted.contains(&cell.processor.model)
            && (cell.selection == Selection::Automatic || mode == PagingMode::Pml2)
    });
    // The firmware does not come up with most memory and without 1 GiB pages. Loader and kernel can do without them.
    let trial = NO_GIGABYTE_PAGES;
    let largest = cells.iter().max_by_key(|cell| cell.memory).filter(|_| trial.demand.is_met_in(mode));
    let without = largest.map(|cell| Cell { trial, ..*cell });
    cells.extend(without);
    cells
}

/// Tells whether the trial at `index` has a turn in the mode of this number. Of the modes, numbered as in
/// [`PagingMode::ALL`], two that are two apart belong to different architectures.
fn takes(index: usize, trial: &Trial, mode: usize) -> bool {
    if let Turns::In(only) = trial.turns {
        return PagingMode::ALL.get(mode) == Some(&only);
    }
    if matches!(trial.turns, Turns::Covered | Turns::Never) {
        return false;
    }
    // The wide modes have the odd numbers, and PML5 the last one, whose remainder is 3.
    let first = match trial.demand {
        Demand::Nothing => index,
        Demand::NoExecute => index | 1,
        Demand::GigabytePages => index | 3,
    };
    trial.turns == Turns::EachMode
        || first % 4 == mode
        || (trial.turns == Turns::EachArchitecture && (first + 2) % 4 == mode)
}

/// Returns the trials: in turn in each mode, or all in all modes.
fn trials(scope: Scope) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (index, trial) in all_trials().enumerate() {
        let modes = PagingMode::ALL.into_iter().enumerate();
        let modes = modes.filter(|(_, mode)| trial.demand.is_met_in(*mode));
        for (turn, mode) in modes.filter(|(turn, _)| scope == Scope::Full || takes(index, &trial, *turn)) {
            let usual = MemorySize::mebibytes(128 << (turn % 2));
            let ordinary = product(mode, &[trial.demand.memory().unwrap_or(usual)]);
            cells.extend(ordinary.first().map(|cell| Cell { trial, ..*cell }));
        }
    }
    cells
}
