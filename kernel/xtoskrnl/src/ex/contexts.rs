//! The check of contexts: two hand the processor to each other, each with registers that the other must not change.
#![allow(unsafe_code, reason = "contexts are switched")]

use core::sync::atomic::{AtomicU32, Ordering};

use xtmm::machine::RunLevel;
use xtmm::stack::StackSize;

use crate::ar::stack::context::{Context, switch, switch_keeps_registers};
use crate::ke::processor;
use crate::mm::Memory;

/// How often each side hands over in each of two ways.
const ROUNDS: u32 = 1000;

/// How often the other side runs in all.
pub(super) const HANDOVERS: u32 = 2 * ROUNDS;

static HERE: Context = Context::running();

/// What the other side found wrong, and how often it ran.
static WRONG: AtomicU32 = AtomicU32::new(0);
static RUNS: AtomicU32 = AtomicU32::new(0);

/// The other side: counts, and gives the processor back.
extern "C" fn other_side(own: usize) -> ! {
    // SAFETY: the argument is the address of the context that `check` keeps until it is through, and that runs here.
    let own = unsafe { &*core::ptr::with_exposed_provenance::<Context>(own) };
    if processor::run_level() != RunLevel::Dispatch {
        WRONG.fetch_add(1, Ordering::Relaxed);
    }
    loop {
        let seed = RUNS.fetch_add(1, Ordering::Relaxed) as usize ^ 0x5A5A_0000;
        // SAFETY: this context runs, and the one it goes to waits for it in `check`.
        if !unsafe { switch_keeps_registers(own, &HERE, seed) } {
            WRONG.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Switches forth and back; returns how often, and how many times something was wrong. `None` without memory for a stack.
#[inline(never)]
pub(crate) fn check(memory: &'static Memory) -> Option<(u32, u32)> {
    const BYTES: u64 = 16 << 10;
    let size = StackSize::new(BYTES).and_then(|size| size.with_committed(BYTES)).ok()?;
    let stack = memory.stacks().create(size).ok()?;
    let mut there = Context::running();
    let address = (&raw const there).expose_provenance();
    // SAFETY: the stack was made for this, has all its memory, and stays until the end of this function.
    there = unsafe { Context::prepare(stack.top().address(), other_side, address) };
    let raised = processor::raise(RunLevel::Dispatch);
    let mut wrong = 0;
    for round in 0..ROUNDS {
        // SAFETY: this context runs; the other was prepared, or has saved itself when it came back.
        wrong += u32::from(!unsafe { switch_keeps_registers(&HERE, &there, !round as usize) });
    }
    for _ in 0..ROUNDS {
        // SAFETY: the same two contexts, each of which has saved itself; this one runs.
        unsafe { switch(&HERE, &there) };
    }
    drop(raised);
    memory.stacks().destroy(stack);
    Some((RUNS.load(Ordering::Relaxed), wrong + WRONG.load(Ordering::Relaxed)))
}
