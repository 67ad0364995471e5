//! `memmap`: physical memory, by what the firmware said of it and by what the PFN database says that it is for.

use core::ops::ControlFlow;

use xtcore::{Frame, FrameCount};
use xtkd::monitor::{Answer, Arguments, Column, Done, List, Next, Outcome, Value};
use xtmm::pfn::{Owner, Snapshot, State};

use super::super::context::Context;

const DESCRIPTORS: [Column; 3] =
    [Column::right("start", 13), Column::right("end", 13), Column::left("kind", 1)];
const OWNERS: [Column; 3] = [Column::right("start", 13), Column::right("end", 13), Column::left("owner", 1)];

pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let memory = context.memory()?;
    let (block, format) = (memory.block(), *memory.space().space().format());
    answer.fact("mode", "Paging mode", Value::Text(&format.mode().name()))?;
    answer.fact("physical_bits", "Physical bits", Value::Number(block.physical_bits().into()))?;
    answer.fact("limit", "Memory is used below", Value::Hex(format.ram_limit().address().get()))?;
    answer.list("descriptors", &DESCRIPTORS, &mut |list| {
        block.runs().try_for_each(|run| row(list, run.frames.start(), run.frames.end(), run.kind.name()))
    })?;
    answer.list("owners", &OWNERS, &mut |list| {
        let mut outcome = Ok(());
        let mut runs = Runs { current: None };
        memory.survey(&mut |entry| {
            outcome = runs.add(entry).map_or(Ok(()), |run| run.tell(list));
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        outcome?;
        runs.current.map_or(Ok(()), |run| run.tell(list))
    })?;
    Ok(Next::Stay)
}

fn row(list: &mut List<'_, '_>, start: Frame, end: Frame, what: &str) -> Outcome {
    list.row(&[Value::Hex(start.address().get()), Value::Hex(end.address().get()), Value::Text(&what)])
}

/// Neighbours of one owner.
#[derive(Clone, Copy)]
struct Run {
    owner: Owner,
    start: Frame,
    end: Frame,
}

impl Run {
    fn tell(self, list: &mut List<'_, '_>) -> Outcome {
        row(list, self.start, self.end, self.owner.name())
    }
}

/// Joins frames that come one after another.
struct Runs {
    current: Option<Run>,
}

impl Runs {
    /// Adds a frame; returns the run that ended before it.
    fn add(&mut self, entry: Snapshot) -> Option<Run> {
        let owner = entry.owner().filter(|_| entry.state() == Some(State::Active))?;
        let (start, end) = (entry.frame(), entry.frame().saturating_add(FrameCount::ONE));
        match &mut self.current {
            Some(run) if run.owner == owner && run.end == start => {
                run.end = end;
                None
            }
            current => current.replace(Run { owner, start, end }),
        }
    }
}
