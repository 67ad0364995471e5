//! What the processors share of a class: slabs with free places, and the depot of batches.
//!
//! Slabs are listed by how full they are. The depot holds full batches, so that what one processor frees another
//! allocates without touching a slab, and a few empty ones.

use crate::pool::books::{Head, Unit};
use crate::pool::small::class::Class;
use crate::pool::small::slab::BUCKETS;

/// Empty batches that a depot keeps.
pub(crate) const EMPTY_BATCHES: u8 = 1;

/// Full batches that a depot keeps at most.
const FULL_BATCHES: usize = 4;

/// A depot holds one place in this many of its class, besides a batch.
const SHARE: usize = 64;

/// One slab in this many of its class may be without blocks.
const IDLE_SHARE: usize = 128;

/// A chain of batches.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) first: Option<Unit>,
    pub(crate) length: u8,
}

impl Chain {
    const EMPTY: Self = Self { first: None, length: 0 };
}

/// The shared part of a class. Lives behind its lock, which also owns the headers of the class's slabs.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Slabs with free places, the fullest slabs in the first list.
    pub(crate) partial: [Head; BUCKETS],
    /// Full batches.
    pub(crate) full: Chain,
    /// Empty batches.
    pub(crate) empty: Chain,
    /// Slabs of the class.
    pub(crate) slabs: usize,
    /// Those of them that have only free places.
    pub(crate) idle: usize,
}

impl Shelf {
    /// A class without slabs.
    pub(crate) const EMPTY: Self = Self {
        partial: [const { Head::EMPTY }; BUCKETS],
        full: Chain::EMPTY,
        empty: Chain::EMPTY,
        slabs: 0,
        idle: 0,
    };

    /// Tells whether another slab without blocks is kept, instead of making one anew a moment later.
    pub(crate) const fn wants_idle(&self) -> bool {
        self.idle < self.slabs / IDLE_SHARE
    }

    /// Tells whether the depot has room for another full batch. What it may hold grows with the class: places in it are
    /// quick to get but keep their slabs from going back.
    pub(crate) fn wants_full(&self, class: &Class) -> bool {
        let places = self.slabs * usize::from(class.places);
        let batches = 1 + places / (SHARE * usize::from(class.batch).max(1));
        usize::from(self.full.length) < batches.min(FULL_BATCHES)
    }
}
