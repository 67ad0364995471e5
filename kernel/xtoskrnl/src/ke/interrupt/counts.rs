//! How many interrupts came, and what became of them.

use core::sync::atomic::{AtomicU32, Ordering};

use xthal::Vector;

use crate::ke::processor::{self, MOST};

/// What an interrupt can become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It came, and somebody handles it.
    Taken,
    /// Its handler was called.
    Delivered,
    /// It was remembered until the run level fell.
    Deferred,
    /// The controller withdrew it on its way.
    Spurious,
    /// Nobody handles its vector.
    Unexpected,
}

const FATES: usize = 5;

/// A processor's counters. They wrap; whoever compares takes differences.
#[repr(align(64))]
struct Counts([AtomicU32; FATES]);

static COUNTS: [Counts; MOST] = [const { Counts([const { AtomicU32::new(0) }; FATES]) }; MOST];

/// The last vector that nobody handles; 0 while there was none.
static STRANGER: AtomicU32 = AtomicU32::new(0);

/// Counts an interrupt of this processor. Called with interrupts off, so nobody else changes the counter meanwhile and it
/// needs no locked instruction.
pub(super) fn count(fate: Fate) {
    let counts = COUNTS.get(processor::current().get());
    if let Some(counter) = counts.and_then(|counts| counts.0.get(fate as usize)) {
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// Notes a vector that nobody handles.
pub(super) fn note_stranger(vector: Vector) {
    STRANGER.store(vector.number().into(), Ordering::Relaxed);
}

/// The counters of all processors together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Totals {
    /// Interrupts that came and that somebody handles.
    pub(crate) taken: u32,
    /// Interrupts whose handlers were called, those that were remembered first included.
    pub(crate) delivered: u32,
    /// Interrupts that were remembered first.
    pub(crate) deferred: u32,
    /// Interrupts that their controller withdrew.
    pub(crate) spurious: u32,
    /// Interrupts that nobody handles.
    pub(crate) unexpected: u32,
    /// The vector of the last of those.
    pub(crate) stranger: Option<Vector>,
}

impl Totals {
    /// Returns what came since `before`, with the last of all strangers if there were more.
    pub(crate) fn since(self, before: &Self) -> Self {
        let unexpected = self.unexpected.wrapping_sub(before.unexpected);
        Self {
            taken: self.taken.wrapping_sub(before.taken),
            delivered: self.delivered.wrapping_sub(before.delivered),
            deferred: self.deferred.wrapping_sub(before.deferred),
            spurious: self.spurious.wrapping_sub(before.spurious),
            unexpected,
            stranger: self.stranger.filter(|_| unexpected > 0),
        }
    }
}

/// Adds the counters of all processors up. Exact while no interrupt comes.
pub(crate) fn totals() -> Totals {
    let sum = |fate: Fate| {
        let counters = COUNTS.iter().filter_map(|counts| counts.0.get(fate as usize));
        counters.fold(0_u32, |sum, counter| sum.wrapping_add(counter.load(Ordering::Relaxed)))
    };
    let stranger = match STRANGER.load(Ordering::Relaxed) {
        0 => None,
        number => Some(Vector::new(number as u8)),
    };
    Totals {
        taken: sum(Fate::Taken),
        delivered: sum(Fate::Delivered),
        deferred: sum(Fate::Deferred),
        spurious: sum(Fate::Spurious),
        unexpected: sum(Fate::Unexpected),
        stranger,
    }
}
