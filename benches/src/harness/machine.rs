//! The machine of the benchmark: what a kernel does when it pins itself, done by a thread of this process.
//!
//! A kernel's per-processor block is reached through a segment register and so is a thread's; raising the run level
//! writes a byte of it, lowering it looks whether an interrupt was held back meanwhile (design D7a). Both are done
//! here, so that pinning costs what it costs in a kernel.
#![allow(unsafe_code, reason = "the trait's promise is given here")]

use std::cell::Cell;
use std::sync::atomic::{Ordering, compiler_fence};

use spin::mutex::SpinMutex;
use xtcore::FrameRange;
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};

/// What a processor's block holds as far as pinning is concerned.
struct Block {
    cpu: Cell<usize>,
    /// The run level's number, in a word of its own: a compiler may load a lone byte together with the padding behind
    /// it, and such a load waits for the byte's store to reach the cache.
    level: Cell<u32>,
    held_back: Cell<u32>,
}

thread_local! {
    static BLOCK: Block = const {
        Block { cpu: Cell::new(0), level: Cell::new(RunLevel::Passive as u32), held_back: Cell::new(0) }
    };
}

/// How many processors there are: no test has more threads.
pub(crate) const PROCESSORS: usize = 2;

/// Makes this thread processor `cpu` of the machine, on the processor of that number.
///
/// # Panics
/// There is no such processor.
pub(crate) fn become_processor(cpu: usize) {
    assert!(cpu < PROCESSORS, "the machine has {PROCESSORS} processors");
    super::clock::stay_on(cpu);
    BLOCK.with(|block| block.cpu.set(cpu));
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Host {
    injector: Injector,
}

impl Host {
    /// A machine on which nothing fails on purpose.
    pub(crate) const fn new() -> Self {
        Self { injector: Injector::new() }
    }
}

/// Keeps the run level at Dispatch.
#[derive(Debug)]
pub(crate) struct Pinned {
    cpu: CpuIndex,
    before: u32,
}

impl Pin for Pinned {
    #[inline]
    fn cpu(&self) -> CpuIndex {
        self.cpu
    }
}

impl Drop for Pinned {
    #[inline]
    fn drop(&mut self) {
        BLOCK.with(|block| {
            block.level.set(self.before);
            if block.held_back.get() != 0 {
                delivered_late(block);
            }
        });
    }
}

impl Block {
    #[inline]
    fn lower_to_passive(&self) {
        compiler_fence(Ordering::SeqCst);
        self.level.set(RunLevel::Passive as u32);
        if self.held_back.get() != 0 {
            delivered_late(self);
        }
    }
}

/// Lowers the level after work that came to nothing. Out of line, so that the other outcome is known where it goes on.
#[cold]
#[inline(never)]
fn in_vain<R>(block: &Block) -> Option<R> {
    block.lower_to_passive();
    None
}

/// What a kernel would do with interrupts that came at a raised run level. Here none ever comes.
#[cold]
fn delivered_late(block: &Block) {
    block.held_back.set(0);
}

// SAFETY: a thread has the number that `become_processor` gave it, and 0 before. Tests give 0 and 1 to the two threads
// that they start, and the main thread, number 0 too, only waits for them meanwhile.
unsafe impl Machine for Host {
    type Lock = SpinMutex<()>;
    type Pin = Pinned;

    #[inline]
    fn pin(&self) -> Pinned {
        BLOCK.with(|block| {
            let before = block.level.get();
            if before < RunLevel::Dispatch as u32 {
                block.level.set(RunLevel::Dispatch as u32);
            }
            Pinned { cpu: CpuIndex::new(block.cpu.get()), before }
        })
    }

    #[inline]
    fn briefly<R>(&self, work: impl FnOnce(CpuIndex) -> Option<R>) -> Option<R> {
        BLOCK.with(|block| {
            if block.level.get() != RunLevel::Passive as u32 {
                return None;
            }
            block.level.set(RunLevel::Dispatch as u32);
            // Nothing that belongs to the level moves out of it, as where the level is written by an instruction of its own.
            compiler_fence(Ordering::SeqCst);
            let cpu = block.cpu.get();
            // SAFETY: no thread has another number, see `become_processor`. A kernel, whose processors are numbered as its tables
            // are long, knows as much.
            unsafe { std::hint::assert_unchecked(cpu < PROCESSORS) };
            match work(CpuIndex::new(cpu)) {
                Some(outcome) => {
                    block.lower_to_passive();
                    Some(outcome)
                }
                None => in_vain(block),
            }
        })
    }

    fn run_level(&self) -> RunLevel {
        let level = BLOCK.with(|block| block.level.get());
        RunLevel::from_number(level).unwrap_or(RunLevel::High)
    }

    /// Does nothing: no memory stands behind the frames.
    fn zero(&self, frames: FrameRange) {
        let _ = frames;
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn prefetch(&self, address: *const u8) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this architecture has the instruction.
        unsafe { _mm_prefetch(address.cast(), _MM_HINT_T0) };
    }

    fn injector(&self) -> &Injector {
        &self.injector
    }
}
