//! The interrupts that a processor has taken and not served yet: at most one of each class, because the local APIC
//! holds back what is not above the highest class in service, and these are in service until they are ended.
//!
//! All of it is used by its own processor with interrupts off. Atomics are for the compiler's sake; none is a locked
//! instruction.

use core::sync::atomic::{AtomicU8, AtomicU16, Ordering};

use xthal::Vector;
use xtmm::machine::RunLevel;

use crate::hl::vectors::level_of;
use crate::ke::processor::{self, MOST};

const CLASSES: usize = 16;

/// What one processor has put off.
#[repr(align(32))]
pub(super) struct Deferred {
    /// A bit for each class of which `vectors` has one.
    classes: AtomicU16,
    vectors: [AtomicU8; CLASSES],
}

static DEFERRED: [Deferred; MOST] = [const { Deferred::new() }; MOST];

/// Returns the part of a vector that the local APIC goes by.
const fn class(vector: Vector) -> usize {
    (vector.number() >> 4) as usize
}

impl Deferred {
    const fn new() -> Self {
        Self { classes: AtomicU16::new(0), vectors: [const { AtomicU8::new(0) }; CLASSES] }
    }

    /// Returns this processor's. Called with interrupts off.
    pub(super) fn own() -> &'static Self {
        let [first, ..] = &DEFERRED;
        DEFERRED.get(processor::current().get()).unwrap_or(first)
    }

    /// Remembers an interrupt; `false` when one of its class is remembered already, which the local APIC prevents.
    #[must_use]
    pub(super) fn put(&self, vector: Vector) -> bool {
        let (bit, classes) = (1_u16 << class(vector), self.classes.load(Ordering::Relaxed));
        if classes & bit != 0 {
            return false;
        }
        if let Some(place) = self.vectors.get(class(vector)) {
            place.store(vector.number(), Ordering::Relaxed);
        }
        self.classes.store(classes | bit, Ordering::Relaxed);
        true
    }

    /// Takes out the interrupt of the highest class, if its run level is `level`.
    pub(super) fn take(&self, level: RunLevel) -> Option<Vector> {
        let vector = self.highest().filter(|vector| level_of(*vector) == level)?;
        let classes = self.classes.load(Ordering::Relaxed);
        self.classes.store(classes & !(1 << class(vector)), Ordering::Relaxed);
        Some(vector)
    }

    /// The same, if its class is above that of an interrupt of the same level that is in service.
    pub(super) fn take_above(&self, served: Vector) -> Option<Vector> {
        let is_above = class(self.highest()?) > class(served);
        if is_above { self.take(level_of(served)) } else { None }
    }

    /// Tells whether an interrupt of a run level is remembered.
    pub(super) fn has(&self, level: RunLevel) -> bool {
        let classes = self.classes.load(Ordering::Relaxed);
        let mut vectors = self.vectors.iter().enumerate().filter(|(class, _)| classes & 1 << class != 0);
        vectors.any(|(_, vector)| level_of(Vector::new(vector.load(Ordering::Relaxed))) == level)
    }

    fn highest(&self) -> Option<Vector> {
        let class = self.classes.load(Ordering::Relaxed).checked_ilog2()?;
        let number = self.vectors.get(class as usize)?.load(Ordering::Relaxed);
        Some(Vector::new(number))
    }
}
