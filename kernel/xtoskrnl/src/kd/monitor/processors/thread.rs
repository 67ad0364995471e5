//! `thread [ID]`: a thread, what it waits for, and its backtrace; without a number, the thread that the monitor interrupts.
//!
//! ```text
//!   this processor's thread                 from where the monitor was opened, its way there included
//!   another processor's thread              from where an NMI held or stopped that processor
//!   any other: it waits, or is ready        from where it left its processor
//! ```
#![allow(unsafe_code, reason = "stacks and contexts of threads that stand still are looked at")]

use core::ops::ControlFlow;

use xtcore::VirtRange;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Outcome, Trouble, Value};
use xtkd::unwind::{End, Registers};
use xtke::sched::{State, Thread};
use xtke::sleep::Cause;

use super::super::context::Context;
use super::threads::{stack_of, state_name, visit};
use super::waits;
use crate::ke::bugcheck::{Broken, Runs, Tracer};
use crate::ke::processors::whereabouts;
use crate::ke::threads::{self, Kernel};
use crate::ke::{processor, stacks};
use crate::mm::look;

const OBJECTS: [Column; 3] =
    [Column::left("kind", 15), Column::address("address"), Column::right("owner", 5)];

const FRAMES: [Column; 4] = [
    Column::address("address"),
    Column::right("times", 5),
    Column::right("offset", 6),
    Column::left("function", 1),
];

pub(crate) fn run(context: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    match (arguments.number(0), threads::running()) {
        (None, None) => frames(context.opened(), None, answer)?,
        (None, Some(thread)) => tell(context, thread, answer)?,
        (Some(number), _) => {
            let mut told = Err(&Trouble::Absent("there is no such thread; threads lists them"));
            let looked = visit(&mut |thread| {
                if thread.id().get() != number {
                    return ControlFlow::Continue(());
                }
                told = tell(context, thread, answer);
                ControlFlow::Break(())
            });
            looked.map_err(|_| &Trouble::Busy("the ledger of threads"))?;
            told?;
        }
    }
    Ok(Next::Stay)
}

/// Tells all of a thread.
#[inline(never)]
fn tell(context: &Context, thread: &Thread<Kernel>, answer: &mut Answer<'_, '_>) -> Outcome {
    answer.fact("id", "Thread", Value::Number(thread.id().get()))?;
    answer.fact("name", "Name", Value::Text(&thread.name()))?;
    answer.fact("state", "State", Value::Text(&state_name(thread)))?;
    answer.fact("cpu", "Processor", Value::Number(thread.cpu().get() as u64))?;
    if let Some(wait) = waits::of(thread) {
        const DETAILS: [(&str, &str); 3] =
            [("object", "  at"), ("owner", "  owned by the thread"), ("left_us", "  microseconds left")];
        answer.fact("waits_for", "Waits for", Value::Text(&wait.what))?;
        let told = DETAILS.into_iter().zip(waits::details(Some(&wait)));
        for ((name, label), value) in told.filter(|(_, value)| !matches!(value, Value::Nothing)) {
            answer.fact(name, label, value)?;
        }
    }
    if let Some(Cause::Any(objects) | Cause::All(objects)) = waits::asleep(thread).map(|asleep| asleep.cause)
        && objects.count() > 1
    {
        answer.list("objects", &OBJECTS, &mut |list| {
            objects.iter().try_for_each(|object| {
                let (what, address, owner) = waits::one(object);
                let owner = owner.map_or(Value::Nothing, Value::Number);
                list.row(&[Value::Text(&what), Value::Address(address as u64), owner])
            })
        })?;
    }
    let stack = stack_of(thread).filter(|stack| look::is_there(*stack));
    frames(place_of(context, thread, stack)?, stack, answer)
}

/// Returns where a thread's backtrace begins.
fn place_of(
    context: &Context,
    thread: &Thread<Kernel>,
    stack: Option<VirtRange>,
) -> Result<Registers, &'static Trouble> {
    if threads::running().is_some_and(|own| own.id() == thread.id()) {
        return Ok(context.opened());
    }
    let is_here = thread.cpu() == processor::current();
    let seen = whereabouts(thread.cpu());
    if let Some(seen) = seen.filter(|seen| seen.thread == Some(thread.id())) {
        return Ok(seen.place);
    }
    match thread.state() {
        State::Ended => return Err(&Trouble::Absent("the thread has ended")),
        // One that leaves its processor, or has one that does not stand. An idle thread counts as running even while others do.
        State::Running if !thread.is_idle() || !(is_here || seen.is_some()) => {
            return Err(&Trouble::Busy("the processor that runs the thread"));
        }
        _ => {}
    }
    let word = |address| {
        let known = stacks::word_at(address);
        // SAFETY: the page tables show the whole stack.
        known.or_else(|| unsafe { stacks::word_of(stack?, address) })
    };
    // SAFETY: the context lies in the record, which is there.
    let saved = unsafe { &*thread.context() };
    // SAFETY: the thread is on no processor, and all others stand.
    unsafe { saved.left_at(word) }.ok_or(&Trouble::Absent("the thread has no stack in memory"))
}

/// Lists the functions that are under way, the innermost first.
#[inline(never)]
fn frames(from: Registers, stack: Option<VirtRange>, answer: &mut Answer<'_, '_>) -> Outcome {
    // SAFETY: the page tables show the whole stack, if there is one.
    let tracer = unsafe { Tracer::new().on(stack) };
    if let Some(why) = tracer.complaint() {
        answer.say("nameless", format_args!("{why}"))?;
    }
    let mut walk = tracer.walk(from);
    answer.list("frames", &FRAMES, &mut |list| {
        Runs::new(&mut walk).try_for_each(|run| {
            let named = tracer.name(run.frame);
            let name = named.function.map(|function| function.name);
            list.row(&[
                Value::Address(run.frame.address.get()),
                Value::Number(run.times.into()),
                Value::Hex(named.offset),
                name.as_ref().map_or(Value::Nothing, |name| Value::Text(name)),
            ])
        })
    })?;
    match walk.end() {
        None | Some(End::Outermost) => Ok(()),
        Some(end) => answer.say("broken", format_args!("{}", Broken(end))),
    }
}
