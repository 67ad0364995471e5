//! The check that no processor uses a translation that was given up: a page shows one frame after another, and all processors
//! read it each time.
//!
//! ```text
//!   the initiator                          each other processor, as a deferred call
//!   map the page to a frame        ->      read the page: now it is in the TLB; compare
//!   read it as well, wait for all
//!   unmap: everybody forgets               (some linger: at Dispatch, or with interrupts off)
//!   map the page to another frame  ->      read the page; the frame before is a stale read
//! ```
//!
//! Each frame holds a word that no frame held before, so whoever reads through an old translation is found out by what
//! he reads. The initiator goes from processor to processor, and unmaps some of the times while it holds a lock.
//!
//! `ROUNDS=n` says how many rounds there are; each shows two frames.

mod readers;

use core::fmt;

use xtboot::parameters::Parameters;
use xtcore::VirtAddr;
use xtkd::json::Object;
use xtke::CpuSet;
use xtke::lock::{Class, SpinLock};
use xtke::time::Interval;
use xtmm::frames::Zone;
use xtpaging::Attributes;

use crate::ex::waiting::now;
use crate::kd::log;
use crate::ke::threads::{Kernel, SCHEDULER, running};
use crate::mm::{Memory, Piece, Taken};

/// Rounds of a boot with so many processors at least. Each round interrupts every other processor four times, and an emulator
/// with more processors than its host takes longer for that.
const ROUNDS: [(usize, u64); 4] = [(5, 2_000), (3, 4_000), (2, 8_000), (0, 1_000)];

/// Rounds before the initiator moves on.
const STAY: u64 = 32;

/// Every so many rounds a lock is held meanwhile.
const LOCKED: u64 = 4;

/// Held while translations are given up. Whoever holds a spin lock is at Dispatch, and so is everybody who waits for it.
static LOCK: SpinLock<Kernel, ()> = SpinLock::new(Class::new("shootdown check"), ());

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rounds {
    /// Rounds that were asked for.
    wanted: u64,
    /// Rounds that were played.
    played: u64,
    /// Frames that were shown where the one before had been.
    repeated: u64,
    /// Reads of all processors.
    pub(crate) reads: u64,
    /// Those that did not see the frame that was mapped.
    pub(crate) stale: u64,
}

impl Rounds {
    /// Tells whether all were played, at an address that had another translation before, and nothing stale was read.
    pub(crate) const fn is_clean(&self) -> bool {
        self.played == self.wanted && self.stale == 0 && (self.wanted == 0 || self.repeated > self.wanted)
    }

    /// Writes what the report says about it.
    pub(crate) fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        out.number("wanted", self.wanted)?;
        out.number("rounds", self.played)?;
        out.number("repeated", self.repeated)?;
        out.number("reads", self.reads)?;
        out.number("stale", self.stale)
    }
}

/// Returns how many rounds a boot plays.
pub(crate) fn wanted(parameters: &Parameters<'_>) -> u64 {
    let count = SCHEDULER.processors().len();
    let usual = ROUNDS.iter().find(|(least, _)| count >= *least).map_or(0, |(_, rounds)| *rounds);
    parameters.number("ROUNDS").unwrap_or(usual)
}

/// Plays rounds, at Passive, as a thread.
#[inline(never)]
pub(crate) fn run(memory: &'static Memory, wanted: u64) -> Rounds {
    let before = now();
    let mut rounds = Rounds { wanted, ..Rounds::default() };
    let frame = || Taken::new(memory, Piece::Single, Zone::Any);
    if let (Ok(one), Ok(other)) = (frame(), frame()) {
        let mut frames = [one, other];
        play(memory, &mut frames, &mut rounds);
        for frame in frames {
            if let Err(crime) = frame.give_back() {
                log!("xtoskrnl: shootdown: a frame could not be freed: {crime:?}");
                rounds.played = 0;
            }
        }
    }
    (rounds.reads, rounds.stale) = readers::counts();
    let Rounds { played, reads, stale, .. } = rounds;
    let millis = now().since(before).units() / Interval::from_millis(1).units();
    log!("xtoskrnl: shootdown: {reads} reads in {played} rounds and {millis} ms, {stale} of them stale");
    rounds
}

fn play(memory: &'static Memory, frames: &mut [Taken; 2], rounds: &mut Rounds) {
    let Some(own) = running() else { return };
    let all = SCHEDULER.processors();
    let home = own.affinity();
    let mut before = VirtAddr::ZERO;
    for round in 0..rounds.wanted {
        if round.is_multiple_of(STAY)
            && let Some(next) = all.iter().nth((round / STAY) as usize % all.len())
            && SCHEDULER.set_affinity(own, CpuSet::of(next)).is_err()
        {
            break;
        }
        let are_shown = frames.iter_mut().zip(0..).all(|(frame, second)| {
            // Never zero, and never the same again before the words of the narrowest mode end.
            let word = (2 * round + second + 1) as usize;
            let at = show(memory, frame, word, round);
            rounds.repeated += u64::from(at == Some(before));
            before = at.unwrap_or_default();
            at.is_some()
        });
        if !are_shown {
            break;
        }
        rounds.played += 1;
    }
    // The set was the thread's own.
    let _ = SCHEDULER.set_affinity(own, home);
}

/// Shows a frame with a word in it to all processors; returns where, unless somebody did not answer, or there are no pages.
fn show(memory: &'static Memory, frame: &mut Taken, word: usize, round: u64) -> Option<VirtAddr> {
    let frames = frame.frames();
    frame.fill(frames, word);
    let mapping = memory.system().map_list(&[frames.start()], Attributes::KERNEL_READ_ONLY).ok()?;
    let at = mapping.address();
    let have_read = readers::everybody_reads(at, word);
    let lock = round.is_multiple_of(LOCKED).then(|| LOCK.lock());
    let is_released = memory.system().release(mapping).is_ok();
    drop(lock);
    (have_read && is_released).then_some(at)
}
