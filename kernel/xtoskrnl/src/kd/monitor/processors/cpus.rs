//! `cpus`: the processors, and what each of them was doing when it was held or stopped.

use xtcore::CpuIndex;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Value};
use xtke::sched::Thread;
use xtke::time::{Activity, Interval};

use super::super::context::Context;
use super::threads::each;
use crate::ke::processor::{self, MOST};
use crate::ke::processors::{self, State, whereabouts};
use crate::ke::threads::{self, SCHEDULER};

const COLUMNS: [Column; 10] = [
    Column::right("cpu", 3),
    Column::left("state", 8),
    Column::right("apic", 4),
    Column::left("level", 8),
    Column::address("at"),
    Column::right("thread", 6),
    Column::left("name", 14),
    Column::right("switches", 9),
    Column::right("busy_ms", 9),
    Column::right("idle_ms", 9),
];

pub(crate) fn run(_: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    answer.list("cpus", &COLUMNS, &mut |list| {
        (0..MOST).map(CpuIndex::new).try_for_each(|cpu| {
            let state = processors::state(cpu);
            if state == State::Absent {
                return Ok(());
            }
            let is_own = cpu == processor::current();
            let seen = whereabouts(cpu);
            let own = threads::running().filter(|_| is_own).map(Thread::id);
            let thread = own.or(seen.and_then(|seen| seen.thread));
            let mut name = None;
            each(|listed| {
                if thread == Some(listed.id()) {
                    name = Some(listed.name());
                }
            });
            let level = seen.map(|seen| seen.level.name());
            let what = if is_own { "here" } else { state.name() };
            let times = threads::times(cpu);
            let spent = |activity| {
                times.map_or(Value::Nothing, |times| {
                    Value::Number(times.on(activity).units() / Interval::from_millis(1).units())
                })
            };
            list.row(&[
                Value::Number(cpu.get() as u64),
                Value::Text(&what),
                processors::listed_id(cpu).map_or(Value::Nothing, |id| Value::Number(id.get().into())),
                level.as_ref().map_or(Value::Nothing, |level| Value::Text(level)),
                seen.map_or(Value::Nothing, |seen| Value::Address(seen.place.instruction.get())),
                thread.map_or(Value::Nothing, |thread| Value::Number(thread.get())),
                name.as_ref().map_or(Value::Nothing, |name| Value::Text(name)),
                Value::Number(SCHEDULER.switches(cpu).into()),
                spent(Activity::Kernel),
                spent(Activity::Idle),
            ])
        })
    })?;
    Ok(Next::Stay)
}
