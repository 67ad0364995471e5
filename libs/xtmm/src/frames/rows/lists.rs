//! Doubly linked lists of blocks, and of giants by their first blocks, through the headers of the blocks.
#![allow(unsafe_code, reason = "what a list names has been opened, and the type Opened is a promise")]

use core::sync::atomic::Ordering;

use super::records::{Header, Link, Records};
use crate::frames::units::Opened;

/// The number that ends a list. No block has it, see [`Records`].
const END: u32 = u32::MAX;

/// Which of a header's links a list runs through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Through {
    Blocks,
    Giants,
}

impl Through {
    const fn of(self, header: &Header) -> &Link {
        match self {
            Self::Blocks => header.blocks(),
            Self::Giants => header.giants(),
        }
    }
}

/// A list. Only opened blocks are ever on one.
#[derive(Debug)]
pub(crate) struct List {
    through: Through,
    head: u32,
}

impl List {
    pub(crate) const fn new(through: Through) -> Self {
        Self { through, head: END }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.head == END
    }

    /// Returns the block that was put last.
    pub(crate) fn first(&self) -> Option<Opened> {
        opened(self.head)
    }

    /// Returns the blocks, the one that was put last first.
    pub(crate) fn iter<'a>(&self, records: &'a Records<'_>) -> impl Iterator<Item = Opened> + use<'a> {
        let through = self.through;
        core::iter::successors(self.first(), move |block| {
            opened(through.of(records.header(*block)).next.load(Ordering::Relaxed))
        })
    }

    /// Puts a block that is on no list of this kind.
    pub(crate) fn push(&mut self, records: &Records<'_>, block: Opened) {
        let link = self.through.of(records.header(block));
        link.next.store(self.head, Ordering::Relaxed);
        link.previous.store(END, Ordering::Relaxed);
        if let Some(second) = self.first() {
            self.through.of(records.header(second)).previous.store(block.number(), Ordering::Relaxed);
        }
        self.head = block.number();
    }

    /// Takes out a block that is on this list.
    pub(crate) fn remove(&mut self, records: &Records<'_>, block: Opened) {
        let link = self.through.of(records.header(block));
        let (next, previous) = (link.next.load(Ordering::Relaxed), link.previous.load(Ordering::Relaxed));
        match opened(previous) {
            Some(previous) => {
                self.through.of(records.header(previous)).next.store(next, Ordering::Relaxed);
            }
            None => self.head = next,
        }
        if let Some(next) = opened(next) {
            self.through.of(records.header(next)).previous.store(previous, Ordering::Relaxed);
        }
    }
}

/// Returns the block that a link names.
fn opened(number: u32) -> Option<Opened> {
    // SAFETY: links hold the end, or numbers that `List::push` took from an `Opened`; blocks are never closed again.
    (number != END).then(|| unsafe { Opened::vouch(number) })
}
