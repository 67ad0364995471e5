//! How this kernel leaves one thread and goes on with another.
#![allow(unsafe_code, reason = "stacks are exchanged, and records are made in raw memory")]

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use xtcore::RunLevel;
use xtke::defer::apc::Queue;
use xtke::sched::{Scheduler, Switching, Thread, first_run};
use xtke::wait::abandon_owned;
use xtmm::stack::Stack;

use super::{Extension, INCREMENT, Kernel, NoMemory, SCHEDULER, Work, room, waiting};
use crate::ar::control;
use crate::ar::local::{self, Mask};
use crate::ar::stack::context::{Context, switch};
use crate::ke::interrupt;

/// How often idle processors have halted.
static HALTS: AtomicUsize = AtomicUsize::new(0);

/// Returns how often processors have halted because there was nothing to do.
pub(crate) fn halts() -> usize {
    HALTS.load(Ordering::Relaxed)
}

/// Where a new thread begins.
extern "C" fn enter(_: usize) -> ! {
    first_run::<Kernel>()
}

// SAFETY: the running thread is kept in the processor's own block; a switch comes back when somebody switches back, since the
// context is the stack pointer and what lies there; memory and stacks come from the memory manager, which gives each to one.
unsafe impl Switching for Kernel {
    type Context = Context;
    type Stack = Stack;
    type Start = Work;
    type Extension = Extension;
    type NoMemory = NoMemory;

    #[inline]
    fn scheduler() -> &'static Scheduler<Self> {
        &SCHEDULER
    }

    #[inline]
    fn running() -> NonNull<Thread<Self>> {
        let thread = core::ptr::with_exposed_provenance_mut(local::thread());
        // SAFETY: asked on processors that were adopted, where the word is a thread's address.
        unsafe { NonNull::new_unchecked(thread) }
    }

    unsafe fn set_running(thread: NonNull<Thread<Self>>) {
        local::set_thread(thread.as_ptr().expose_provenance());
    }

    unsafe fn switch(from: NonNull<Thread<Self>>, to: NonNull<Thread<Self>>) {
        // SAFETY: the caller runs as this thread, which is alive.
        let from = unsafe { from.as_ref() }.context();
        // SAFETY: a thread that is to run has not ended.
        let to = unsafe { to.as_ref() }.context();
        // SAFETY: only the caller touches this context now, and shared.
        let from = unsafe { &*from };
        // SAFETY: only the caller touches this one, too.
        let to = unsafe { &*to };
        // SAFETY: `from` is the context of the thread that runs this. `to` is that of a thread that left its processor here or was
        // never run, and that the scheduler has taken off every queue: no other processor goes on with it.
        unsafe { switch(from, to) };
        // Here `from` runs again.
        waiting::look();
    }

    fn prepare(stack: &mut Stack) -> Context {
        // SAFETY: the stack was made for the thread, has memory below its top, which is a page boundary, and stays
        // until the thread has ended.
        unsafe { Context::prepare(stack.top().address(), enter, 0) }
    }

    fn adopted() -> Context {
        Context::running()
    }

    unsafe fn lower_first() {
        waiting::look();
        local::lower(Mask::up_to(RunLevel::Passive), interrupt::deliver);
    }

    fn allocate_thread() -> Result<NonNull<MaybeUninit<Thread<Self>>>, NoMemory> {
        let memory = room::get().and_then(|room| (room.allocate)(Layout::new::<Thread<Self>>()));
        memory.map(NonNull::cast).ok_or(NoMemory::Record)
    }

    unsafe fn free_thread(memory: NonNull<MaybeUninit<Thread<Self>>>) {
        if let Some(room) = room::get() {
            (room.free)(memory.cast());
        }
    }

    fn allocate_stack() -> Result<Stack, NoMemory> {
        room::get().ok_or(NoMemory::Record).and_then(|room| (room.stack)().map_err(NoMemory::Stack))
    }

    fn free_stack(stack: Stack) {
        if let Some(room) = room::get() {
            (room.free_stack)(stack);
        }
    }

    fn ended(thread: &Thread<Self>) {
        Queue::<Self>::run_down(thread);
        abandon_owned::<Self>(INCREMENT);
        // Ended once: nobody else has this object signalled.
        let _ = thread.extension().end.end(0, INCREMENT);
    }

    /// At Passive an interrupt that came before the halt has been dealt with, and what it made ready has run: there is
    /// nothing that could be slept through.
    fn idle() {
        // A frame at a time, at Dispatch: what becomes ready meanwhile runs as soon as the level is lowered again.
        if room::prepare() {
            return;
        }
        HALTS.fetch_add(1, Ordering::Relaxed);
        control::interrupts_off();
        control::wait_for_interrupt();
    }
}
