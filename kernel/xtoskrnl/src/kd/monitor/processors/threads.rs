//! `threads`: the threads, and what each waits for.
#![allow(unsafe_code, reason = "stacks and waits of threads that stand still are looked at")]

use core::ops::ControlFlow;
use core::ptr::NonNull;

use xtcore::VirtRange;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Outcome, Trouble, Value};
use xtke::sched::{Busy, State, Thread};

use super::super::context::Context;
use super::waits::{self, is_there};
use crate::ke::threads::{Kernel, SCHEDULER};

const COLUMNS: [Column; 13] = [
    Column::right("id", 4),
    Column::left("name", 14),
    Column::left("state", 8),
    Column::right("priority", 8),
    Column::right("base", 4),
    Column::right("cpu", 3),
    Column::right("switches", 9),
    Column::right("ticks", 7),
    Column::address("stack"),
    Column::left("waits_for", 10),
    Column::address("object"),
    Column::right("owner", 5),
    Column::right("left_us", 8),
];

/// The most threads that are looked at: a list that leads into itself has an end.
const MOST: usize = 4096;

pub(crate) fn run(_: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let mut busy = false;
    answer.list("threads", &COLUMNS, &mut |list| {
        let mut outcome = Ok(());
        let looked = visit(&mut |thread| {
            let stack = stack_of(thread);
            let wait = waits::of(thread);
            let [object, owner, left] = waits::details(wait.as_ref());
            outcome = list.row(&[
                Value::Number(thread.id().get()),
                Value::Text(&thread.name()),
                Value::Text(&state_name(thread)),
                Value::Number(thread.priority().get().into()),
                Value::Number(thread.base_priority().get().into()),
                Value::Number(thread.cpu().get() as u64),
                Value::Number(thread.switches().into()),
                Value::Number(thread.ticks().into()),
                stack.map_or(Value::Nothing, |stack| Value::Address(stack.end().get())),
                wait.as_ref().map_or(Value::Nothing, |wait| Value::Text(&wait.what)),
                object,
                owner,
                left,
            ]);
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        busy = looked.is_err();
        outcome
    })?;
    if busy { Err(&Trouble::Busy("the ledger of threads")) } else { Ok(Next::Stay) }
}

/// Returns a thread's state in a word.
pub(super) fn state_name(thread: &Thread<Kernel>) -> &'static str {
    match thread.state() {
        State::New => "new",
        State::Ready => "ready",
        State::Running => "running",
        State::Parked => "waiting",
        State::Held => "suspended",
        State::Ended => "ended",
    }
}

/// Shows all threads whose records are there.
#[inline(never)]
pub(super) fn visit(each: &mut dyn FnMut(&Thread<Kernel>) -> ControlFlow<()>) -> Result<usize, Busy> {
    let is_there =
        |thread: NonNull<Thread<Kernel>>| is_there(thread.addr().get(), size_of::<Thread<Kernel>>());
    SCHEDULER.look(MOST, &is_there, each)
}

/// Shows all threads, if nobody changes their list.
pub(super) fn each(mut each: impl FnMut(&Thread<Kernel>)) {
    // Whoever wants more than a hint asks for the threads themselves.
    let _ = visit(&mut |thread| {
        each(thread);
        ControlFlow::Continue(())
    });
}

/// Returns the part of a thread's stack that has memory.
pub(super) fn stack_of(thread: &Thread<Kernel>) -> Option<VirtRange> {
    // SAFETY: nobody takes stacks away: all other processors stand, and so does whoever this interrupts.
    unsafe { thread.own_stack() }.map(xtmm::stack::Stack::committed_range)
}

/// Shows each thread with a stack of its own.
pub(super) fn each_with_stack(
    mut each: impl FnMut(&Thread<Kernel>, VirtRange) -> Outcome,
) -> Result<Outcome, Busy> {
    let mut outcome = Ok(());
    let looked = visit(&mut |thread| {
        outcome = stack_of(thread).map_or(Ok(()), |stack| each(thread, stack));
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    looked.map(|_| outcome)
}
