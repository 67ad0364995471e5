//! `timers`: timers that are armed, by the processor whose they are.

use core::ops::ControlFlow;

use xtcore::CpuIndex;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Trouble, Value};
use xtke::platform::Platform;
use xtke::time::{Armed, Interval};

use super::super::context::Context;
use super::waits::is_there;
use crate::ke::processor::MOST;
use crate::ke::threads::{self, Kernel};

const COLUMNS: [Column; 4] = [
    Column::right("cpu", 3),
    Column::address("timer"),
    Column::right("due_us", 14),
    Column::right("period_us", 14),
];

/// The most timers of a processor that are looked at.
const MOST_TIMERS: usize = 4096;

pub(crate) fn run(_: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let now = Kernel::now();
    let micros = |interval: Interval| interval.units() / Interval::from_micros(1).units();
    answer.fact("now_us", "Now, since the clock began", Value::Number(now.units() / 10))?;
    answer.list("timers", &COLUMNS, &mut |list| {
        (0..MOST).map(CpuIndex::new).try_for_each(|cpu| {
            let mut outcome = Ok(());
            let looked = threads::look_at_timers(cpu, MOST_TIMERS, &is_there, &mut |timer| {
                let Armed { address, due, period } = timer;
                outcome = list.row(&[
                    Value::Number(cpu.get() as u64),
                    Value::Address(address as u64),
                    Value::Number(micros(due.since(now))),
                    if period == Interval::ZERO { Value::Nothing } else { Value::Number(micros(period)) },
                ]);
                if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            looked.ok_or(&Trouble::Busy("the timers of a processor"))?;
            outcome
        })
    })?;
    Ok(Next::Stay)
}
