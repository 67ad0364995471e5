//! `locks`: locks that somebody holds.
//!
//! Checked builds note each spin lock that is taken. Others know only whether those that the monitor needs are free, or were
//! when the machine stopped.

use xtcore::CpuIndex;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Value};

use super::super::context::Context;
use super::super::rest;
use crate::ke::processor::MOST;
use crate::ke::threads;

pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const HELD: [Column; 3] = [Column::right("cpu", 3), Column::address("address"), Column::left("class", 1)];
    const KNOWN: [Column; 2] = [Column::left("lock", 20), Column::left("free", 4)];
    const CLASSES: [Column; 2] = [Column::left("class", 30), Column::left("level", 8)];
    let (memory, pin) = (context.memory()?, context.pin());
    let known = rest::left().copied().unwrap_or_else(|| rest::look_at_locks(memory, pin));
    answer.list("known", &KNOWN, &mut |list| {
        known.iter().try_for_each(|(name, free)| list.row(&[Value::Text(name), Value::Flag(*free)]))
    })?;
    if !cfg!(debug_assertions) {
        answer.say(
            "watched",
            format_args!("this build does not note which locks are held; a checked one does"),
        )?;
        return Ok(Next::Stay);
    }
    answer.list("held", &HELD, &mut |list| {
        (0..MOST).map(CpuIndex::new).try_for_each(|cpu| {
            let mut outcome = Ok(());
            threads::each_lock_of(cpu, |class, address| {
                if outcome.is_ok() {
                    outcome = list.row(&[
                        Value::Number(cpu.get() as u64),
                        Value::Address(address as u64),
                        Value::Text(&class.name()),
                    ]);
                }
            });
            outcome
        })
    })?;
    answer.list("classes", &CLASSES, &mut |list| {
        threads::lock_classes()
            .try_for_each(|(class, level)| list.row(&[Value::Text(&class.name()), Value::Text(&level)]))
    })?;
    Ok(Next::Stay)
}
