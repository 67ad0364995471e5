//! What the scheduler needs of a machine, and what it is for waiting.
#![allow(unsafe_code, reason = "the trait promises what a switch of stacks relies on")]

use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::scheduler::Scheduler;
use super::thread::Thread;
use crate::platform::{Boost, Parking, Platform};
use crate::sleep::Reason;

/// What a thread does: it is run once, on the thread, at Passive.
pub trait Start: Send + 'static {
    /// Does it. When it returns, the thread ends.
    fn run(self);
}

/// A machine that can leave one thread and go on with another.
///
/// Implementing it makes the machine a [`Parking`] one.
///
/// # What the machine calls
/// * [`Scheduler::adopt`] on each processor, then [`Scheduler::idle`] there;
/// * [`Scheduler::tick`] on each processor at each clock tick;
/// * [`Scheduler::preempt`] on the way down from Dispatch, after what is deferred, on the stack of the thread;
/// * [`first_run`] as the first thing on the stack of a new thread.
///
/// # Safety
/// Unsafe code relies on this: [`Switching::running`] returns what [`Switching::set_running`] was last given on the
/// caller's processor; [`Switching::switch`] returns, with the run level at Dispatch, when and only when somebody switches
/// back; memory and stacks that are handed out are nobody else's until they are freed.
pub unsafe trait Switching: Platform {
    /// Where a thread that does not run goes on.
    type Context: Send;
    /// The stack of a thread.
    type Stack: Send;
    /// What a thread does.
    type Start: Start;
    /// What other parts of the kernel keep with each thread. It is dropped with the last handle, possibly at Dispatch.
    type Extension: Send + Sync;
    /// Why there was no memory.
    type NoMemory: fmt::Debug;

    /// Returns the scheduler of the machine.
    fn scheduler() -> &'static Scheduler<Self>;

    /// Returns the thread that the caller is, on a processor that was adopted. Highest level: any. One read.
    fn running() -> NonNull<Thread<Self>>;

    /// Makes a thread the one that runs on the caller's processor.
    ///
    /// # Safety
    /// The level is Dispatch, and the caller switches to the thread before anybody else runs there, or is it.
    unsafe fn set_running(thread: NonNull<Thread<Self>>);

    /// Saves the context of `from` and goes on with that of `to`. Before and after, the level is Dispatch.
    ///
    /// # Safety
    /// The caller runs as `from`; nobody but the caller touches the two contexts; the context of `to` was saved by a switch
    /// or made by [`Switching::prepare`], and is used once.
    unsafe fn switch(from: NonNull<Thread<Self>>, to: NonNull<Thread<Self>>);

    /// Returns a context that calls [`first_run`] on a fresh stack, at Dispatch.
    fn prepare(stack: &mut Self::Stack) -> Self::Context;

    /// Returns a context for code that runs already; the first switch away from it overwrites it.
    fn adopted() -> Self::Context;

    /// Lowers the level of a new thread from Dispatch to Passive, and delivers what became deliverable.
    ///
    /// # Safety
    /// The caller is [`first_run`]: no raised level is to be restored on this stack.
    unsafe fn lower_first();

    /// Takes memory for the record of a thread. Highest level: Apc.
    ///
    /// # Errors
    /// There is none.
    fn allocate_thread() -> Result<NonNull<MaybeUninit<Thread<Self>>>, Self::NoMemory>;

    /// Gives the memory of a record back. Highest level: Dispatch.
    ///
    /// # Safety
    /// It comes from [`Switching::allocate_thread`], and nobody uses it any more.
    unsafe fn free_thread(memory: NonNull<MaybeUninit<Thread<Self>>>);

    /// Takes a stack. Highest level: Apc.
    ///
    /// # Errors
    /// There is no memory for one.
    fn allocate_stack() -> Result<Self::Stack, Self::NoMemory>;

    /// Gives a stack back that nobody runs on. Highest level: Apc.
    fn free_stack(stack: Self::Stack);

    /// A thread ends: called on it, at Passive, as the last thing that it does. Here mutexes are abandoned and whoever
    /// waits for the end is woken.
    fn ended(thread: &Thread<Self>);

    /// One turn of a processor that has nothing to run, at Passive: something useful in the background, else a halt until
    /// an interrupt. It must not wait; it may be left for another thread at any point.
    fn idle();
}

// SAFETY: a thread is alive while it runs, because its claim is with its processor; `Scheduler::park` returns after a
// switch back to the thread that called it, or without a switch.
unsafe impl<P: Switching> Parking for P {
    type Thread = Thread<P>;

    fn current() -> NonNull<Thread<P>> {
        P::running()
    }

    fn park() {
        P::scheduler().park(None);
    }

    fn park_for(reason: &Reason) {
        P::scheduler().park(Some(reason));
    }

    fn unpark(thread: &Thread<P>, boost: Boost) {
        P::scheduler().unpark(thread, boost);
    }
}

/// The first code of a thread: finishes the switch that led here, does what the thread is for, and ends it. The machine
/// calls it on the thread's own stack, at Dispatch.
pub fn first_run<P: Switching>() -> ! {
    let scheduler = P::scheduler();
    scheduler.finish_switch();
    let thread = P::running();
    // SAFETY: the thread runs, so it is alive; and only it takes what it starts with.
    let start = unsafe { thread.as_ref() }.start.get();
    // SAFETY: the creator put it there before the thread was started, and does not look at it again.
    let start = unsafe { (*start).take() };
    // SAFETY: this is `first_run`.
    unsafe { P::lower_first() };
    if let Some(start) = start {
        start.run();
    }
    scheduler.exit()
}
