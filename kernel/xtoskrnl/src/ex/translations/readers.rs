//! Those who read: a deferred call on each processor.
#![allow(unsafe_code, reason = "a page is read that is mapped for this")]

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use spin::Once;
use xtcore::{CpuIndex, RunLevel, VirtAddr};
use xtke::CpuSet;
use xtke::defer::{Dpc, Importance, Routine, Target};
use xtke::platform::Platform;
use xtke::time::Interval;

use crate::ar::control::pause;
use crate::ex::waiting::now;
use crate::ke::processor::MOST;
use crate::ke::threads::{Kernel, SCHEDULER};

/// How long a processor may take to read before it counts as lost.
const PATIENCE: Interval = Interval::from_seconds(60);

/// How long those linger who linger, in turns of an empty loop: about as long as a message takes.
const LINGER: u32 = 100;

/// The page, the word that it shows, who has not read it yet, and how often anybody has.
static PAGE: AtomicUsize = AtomicUsize::new(0);
static WORD: AtomicUsize = AtomicUsize::new(0);
static LEFT: AtomicUsize = AtomicUsize::new(0);
static READS: AtomicU64 = AtomicU64::new(0);
static STALE: AtomicU64 = AtomicU64::new(0);

/// Reads on another processor.
struct Reader;

static CALLS: Once<[Dpc<Kernel, Reader>; MOST]> = Once::new();

fn call(cpu: usize) -> Dpc<Kernel, Reader> {
    Dpc::new(Target::Cpu(CpuIndex::new(cpu)), Importance::High, Reader)
}

impl Routine for Reader {
    fn run(&self) {
        let word = WORD.load(Ordering::Relaxed);
        read(word);
        let cpu = Kernel::cpu().get();
        LEFT.fetch_sub(1, Ordering::Release);
        // What follows happens to the one who has the page forgotten: some processors are at Dispatch then, some take no
        // interrupts for a while.
        let lingering = match (word / 2 + cpu) % 4 {
            0 => Some(Kernel::raise(RunLevel::High)),
            1 => Some(Kernel::raise(RunLevel::Dispatch)),
            _ => None,
        };
        if lingering.is_some() {
            (0..LINGER).for_each(|_| pause());
        }
    }
}

/// Reads the page, and counts what is not the word.
fn read(word: usize) {
    let page = core::ptr::with_exposed_provenance::<usize>(PAGE.load(Ordering::Relaxed));
    // SAFETY: whoever had it mapped waits until all have read.
    let found = unsafe { page.read_volatile() };
    READS.fetch_add(1, Ordering::Relaxed);
    if found != word {
        STALE.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns the reads and the stale ones among them, of all processors and since the last time.
pub(super) fn counts() -> (u64, u64) {
    (READS.swap(0, Ordering::Relaxed), STALE.swap(0, Ordering::Relaxed))
}

/// Has all processors read a page that shows a word, and returns when they have; `false` when one does not answer.
pub(super) fn everybody_reads(page: VirtAddr, word: usize) -> bool {
    let calls = CALLS.call_once(|| core::array::from_fn(call));
    let others = SCHEDULER.processors() & !CpuSet::of(Kernel::cpu());
    // The calls' words hand these on.
    PAGE.store(page.get() as usize, Ordering::Relaxed);
    WORD.store(word, Ordering::Relaxed);
    LEFT.store(others.len(), Ordering::Relaxed);
    for call in others.iter().filter_map(|cpu| calls.get(cpu.get())) {
        Pin::static_ref(call).insert();
    }
    read(word);
    let begin = now();
    while LEFT.load(Ordering::Acquire) > 0 {
        if now().since(begin) > PATIENCE {
            return false;
        }
        pause();
    }
    true
}
