//! What is written at the edges of runs.
//!
//! ```text
//!   page       s                e-1  e              t-1  t
//!   run        |      free         |     allocated     |
//!   record     Free            Tail  Used           None
//! ```
//!
//! A record has two machine words and holds a kind and three numbers of 42 bits, on a 32-bit processor of 20 bits: a
//! length and two links of a list. The kind and the length lie in the first word, so that telling what a neighbour is
//! takes one load. The words are atomics only because they are reached through shared references; whoever has the
//! arena is alone with them.

use core::sync::atomic::{AtomicUsize, Ordering};

use zerocopy::FromZeros;

/// Bits of the kind.
const KIND_BITS: u32 = 2;

/// Bits of each number.
pub(super) const NUMBER_BITS: u32 = (2 * usize::BITS - KIND_BITS) / 3;

/// The most pages that records can describe; links count from 1, so the largest number is left out.
pub const MOST_PAGES: u64 = (1 << NUMBER_BITS) - 2;

const NUMBER_MASK: u128 = (1 << NUMBER_BITS) - 1;

const _: () = assert!(KIND_BITS + NUMBER_BITS <= usize::BITS, "kind and length share a word");

/// The books of one page: 16 bytes, on a 32-bit processor 8. All zeros means that no edge lies here.
#[derive(FromZeros, Debug)]
#[repr(C)]
pub struct Record([AtomicUsize; 2]);

/// What lies at a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Edge {
    /// No edge, or the last page of an allocation that has several.
    None,
    /// The first page of a free run.
    Free { pages: usize },
    /// The first page of an allocation.
    Used { pages: usize },
    /// The last page of a free run that has several.
    Tail { pages: usize },
}

/// The neighbours of a free run in its list.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Links {
    pub(super) next: Option<usize>,
    pub(super) previous: Option<usize>,
}

impl Record {
    /// Returns what lies here.
    pub(super) fn edge(&self) -> Edge {
        let word = self.0[0].load(Ordering::Relaxed);
        let pages = (word >> KIND_BITS) & NUMBER_MASK as usize;
        match word & ((1 << KIND_BITS) - 1) {
            1 => Edge::Free { pages },
            2 => Edge::Used { pages },
            3 => Edge::Tail { pages },
            _ => Edge::None,
        }
    }

    /// Returns the links of a free run's first page.
    pub(super) fn links(&self) -> Links {
        let [low, high] = &self.0;
        let packed =
            low.load(Ordering::Relaxed) as u128 | (high.load(Ordering::Relaxed) as u128) << usize::BITS;
        let link = |number: u32| {
            let stored = (packed >> (KIND_BITS + number * NUMBER_BITS)) & NUMBER_MASK;
            (stored as usize).checked_sub(1)
        };
        Links { next: link(1), previous: link(2) }
    }

    /// Writes an edge, and for a free run its links; others have none.
    pub(super) fn set(&self, edge: Edge, links: Links) {
        let (kind, pages) = match edge {
            Edge::None => (0, 0),
            Edge::Free { pages } => (1, pages),
            Edge::Used { pages } => (2, pages),
            Edge::Tail { pages } => (3, pages),
        };
        let link = |link: Option<usize>| link.map_or(0, |page| page as u128 + 1) & NUMBER_MASK;
        let packed = kind
            | (pages as u128 & NUMBER_MASK) << KIND_BITS
            | link(links.next) << (KIND_BITS + NUMBER_BITS)
            | link(links.previous) << (KIND_BITS + 2 * NUMBER_BITS);
        let [low, high] = &self.0;
        low.store(packed as usize, Ordering::Relaxed);
        high.store((packed >> usize::BITS) as usize, Ordering::Relaxed);
    }

    /// Writes an edge that belongs to no list.
    pub(super) fn set_edge(&self, edge: Edge) {
        self.set(edge, Links::default());
    }
}

#[cfg(test)]
mod tests;
