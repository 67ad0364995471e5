//! Arenas as what pools and system PTEs take their pages from.
#![allow(unsafe_code, reason = "the pool relies on ranges that an arena gives out")]

use xtcore::VirtRange;

use crate::arena::{Arena, ArenaCrime, NoPages};
use crate::backing::Backing;
use crate::machine::{LockClass, Machine, SpinLock};
use crate::{pool, space};

impl<B: Backing> space::PageRanges for Arena<'_, B> {
    type Refusal = NoPages;
    type Crime = ArenaCrime;

    fn allocate(&mut self, pages: u64, alignment: u64) -> Result<VirtRange, NoPages> {
        Arena::allocate(self, pages, alignment)
    }

    fn free(&mut self, pages: VirtRange) -> Result<(), ArenaCrime> {
        Arena::free(self, pages)
    }
}

/// An arena behind a lock of its own, as a pool takes pages from it.
#[derive(Debug)]
pub struct Shared<'m, M: Machine, B: Backing> {
    machine: &'m M,
    arena: SpinLock<M, Arena<'m, B>>,
}

impl<'m, M: Machine, B: Backing> Shared<'m, M, B> {
    /// Puts an arena behind a lock.
    pub const fn new(machine: &'m M, arena: Arena<'m, B>) -> Self {
        Self { machine, arena: SpinLock::new(LockClass::new("arena of a pool"), arena) }
    }

    /// Lets `look` at the arena, under the lock. Highest level: Dispatch.
    pub fn inspect<R>(&self, look: impl FnOnce(&Arena<'m, B>) -> R) -> R {
        let pin = self.machine.pin();
        look(&self.arena.lock(&pin))
    }
}

// SAFETY: an arena gives out ranges of its region only, of the size and alignment that was asked for, none of them twice
// before it came back.
unsafe impl<M: Machine, B: Backing> pool::PageRanges for Shared<'_, M, B>
where
    M::Lock: Send + Sync,
{
    fn allocate(&self, pages: u64, alignment: u64) -> Option<VirtRange> {
        let pin = self.machine.pin();
        self.arena.lock(&pin).allocate(pages, alignment).ok()
    }

    fn free(&self, pages: VirtRange) -> Result<(), pool::Refused> {
        let pin = self.machine.pin();
        self.arena.lock(&pin).free(pages).map_err(|_| pool::Refused)
    }
}
