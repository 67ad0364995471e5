//! Holding the other processors, so that somebody can look at a machine that stands still, and letting them go on.
//!
//! ```text
//!   holder                                  every other processor that runs
//!     HOLDER = own number
//!     ASKED  = the others; an NMI to them     takes itself out of ASKED: the NMI is a summons
//!     wait until all are in HELD              forgets all translations, and is asked for none any more
//!                                             HELD += own
//!     look around                             spins
//!     HOLDER = nobody                         enters again, forgetting everything; HELD -= own
//!     wait until HELD is empty                goes on with what the NMI interrupted
//! ```
//!
//! # What it guarantees
//! * A held processor executes nothing but the loop here, whatever it did before: the NMI reaches it with interrupts off, too.
//! * Requests to forget translations do not wait for a held processor, which forgets everything before it goes on
//!   (see [`xtke::shootdown`]).
//! * A bug check while the machine is held stops the held processors as well.
//! * Every wait is bounded. A processor that does not come is counted as missing and runs on; when its summons reaches it after
//!   the hold, that is no stranger's NMI.
//!
//! No lock is taken. Levels: the holder is at High; a held processor is wherever it was.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use xtcore::{CpuIndex, RunLevel, VirtAddr};
use xtkd::unwind::Registers;
use xtke::CpuSet;
use xtke::sched::{Thread, ThreadId};

use super::{State, apic_id, is_stopping, seen, state};
use crate::ar::TrapFrame;
use crate::ar::control::pause;
use crate::ar::local::{self, Mask};
use crate::hl::apic;
use crate::ke::processor::{self, MOST};
use crate::ke::{threads, translations};

/// The number of the processor that holds the others; [`MOST`] while nobody does.
static HOLDER: AtomicUsize = AtomicUsize::new(MOST);

/// Whom a summons is on its way to.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Who stands.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Looks before a processor that does not come, or go, is left alone: seconds.
const PATIENCE: u32 = 20_000_000;

/// Where a processor was when an NMI held or stopped it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Whereabouts {
    /// The registers.
    pub(crate) place: Registers,
    /// Its run level.
    pub(crate) level: RunLevel,
    /// Its thread, if it runs one.
    pub(crate) thread: Option<ThreadId>,
}

impl Whereabouts {
    /// Returns those of the calling processor, which was at a place.
    pub(super) fn here(place: Registers) -> Self {
        Self { place, level: processor::run_level(), thread: threads::running().map(Thread::id) }
    }
}

/// The same, where a held processor writes it.
struct Note {
    instruction: AtomicUsize,
    stack: AtomicUsize,
    frame: AtomicUsize,
    level: AtomicUsize,
    /// The thread's number; 0 if there is none.
    thread: AtomicU64,
}

impl Note {
    /// Returns a note that says nothing.
    const fn new() -> Self {
        Self {
            instruction: AtomicUsize::new(0),
            stack: AtomicUsize::new(0),
            frame: AtomicUsize::new(0),
            level: AtomicUsize::new(0),
            thread: AtomicU64::new(0),
        }
    }
}

static NOTES: [Note; MOST] = [const { Note::new() }; MOST];

/// Notes where the calling processor was.
fn note(frame: &TrapFrame) {
    if let Some(note) = NOTES.get(processor::current().get()) {
        let Whereabouts { place, level, thread } = Whereabouts::here(frame.place());
        let Registers { instruction, stack, frame } = place;
        // Who finds the processor among the held ones finds this.
        note.level.store(level as usize, Ordering::Relaxed);
        note.thread.store(thread.map_or(0, ThreadId::get), Ordering::Relaxed);
        note.instruction.store(instruction.get() as usize, Ordering::Relaxed);
        note.stack.store(stack.get() as usize, Ordering::Relaxed);
        note.frame.store(frame.get() as usize, Ordering::Relaxed);
    }
}

/// Returns where a processor was that stands, held or stopped.
pub(crate) fn whereabouts(cpu: CpuIndex) -> Option<Whereabouts> {
    if let Some(seen) = seen(cpu) {
        return Some(seen.whereabouts);
    }
    let note = NOTES.get(cpu.get()).filter(|_| held().contains(cpu))?;
    let level = note.level.load(Ordering::Relaxed);
    let address = |word: &AtomicUsize| VirtAddr::new(word.load(Ordering::Relaxed) as u64);
    Some(Whereabouts {
        place: Registers {
            instruction: address(&note.instruction),
            stack: address(&note.stack),
            frame: address(&note.frame),
        },
        thread: ThreadId::from_number(note.thread.load(Ordering::Relaxed)),
        level: RunLevel::from_number(level as u32).unwrap_or(RunLevel::High),
    })
}

fn held() -> CpuSet {
    CpuSet::from_bits(HELD.load(Ordering::Acquire))
}

/// The other processors stand as long as this exists.
#[must_use = "dropping it lets the others go on"]
#[derive(Debug)]
pub(crate) struct Hold {
    others: CpuSet,
}

impl Hold {
    /// Returns how many processors stand, of how many others.
    pub(crate) fn count(&self) -> (usize, usize) {
        ((held() & self.others).len(), self.others.len())
    }
}

/// Holds all other processors that run. The caller is at High. `None` when another processor holds this one; then the summons to
/// this one is on its way.
///
/// Waits for a bounded time.
pub(crate) fn hold_others() -> Option<Hold> {
    let own = processor::current();
    HOLDER.compare_exchange(MOST, own.get(), Ordering::AcqRel, Ordering::Acquire).ok()?;
    let runs = |cpu: &CpuIndex| *cpu != own && state(*cpu) == State::Running;
    let others =
        CpuSet::ALL.iter().take(MOST).filter(runs).fold(CpuSet::NONE, |all, cpu| all | CpuSet::of(cpu));
    if !others.is_empty()
        && let Some(apic) = apic::local()
    {
        ASKED.fetch_or(others.bits(), Ordering::AcqRel);
        // Each by itself: one that is still coming up was not asked. Who cannot be told is missing in the end.
        for id in others.iter().filter_map(apic_id) {
            let _ = apic.stop_one(id);
        }
        let _ = wait_until(|| held() & others == others);
    }
    Some(Hold { others })
}

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDER.store(MOST, Ordering::Release);
        // Nobody must be found standing by the next hold who has yet to learn that this one is over.
        let _ = wait_until(|| (held() & self.others).is_empty());
    }
}

fn wait_until(is_so: impl Fn() -> bool) -> bool {
    (0..PATIENCE).any(|_| {
        pause();
        is_so()
    })
}

/// Whose an NMI was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Summons {
    /// A hold's, which is over: the interrupted code goes on.
    Answered,
    /// Somebody else's.
    None,
}

/// What an NMI is for, first of all: stands still if it is a holder's summons, until the hold is over or a bug check stops the
/// machine.
pub(crate) fn join_a_hold(frame: &TrapFrame) -> Summons {
    let own = CpuSet::of(processor::current()).bits();
    if ASKED.fetch_and(!own, Ordering::AcqRel) & own == 0 {
        return Summons::None;
    }
    note(frame);
    // Whatever the level was in the middle of becoming: nothing may be delivered from in here.
    let mask = local::mask();
    local::set_mask(Mask::up_to(RunLevel::High));
    translations::leave();
    HELD.fetch_or(own, Ordering::AcqRel);
    while HOLDER.load(Ordering::Acquire) != MOST && !is_stopping() {
        pause();
    }
    // It had an inbox before, so it has one now.
    let _ = translations::enter();
    HELD.fetch_and(!own, Ordering::AcqRel);
    local::set_mask(mask);
    Summons::Answered
}
