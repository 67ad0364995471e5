//! The pools: `xtmm`'s, on this kernel's regions, with bug checks for crimes.

mod block;
mod choice;
mod rust;

use core::fmt;
use core::ptr::NonNull;

use xtcore::VirtRange;
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtmm::OutOfFrames;
use xtmm::pool::{
    Counts, Crime, FaultAnswer, Pages, Pool, PoolError, PoolKind, Refused, Request, Tag, TagUse,
};
use xtmm::ranges::Shared;
use xtmm::space::PageContent;

use super::memory::{Commit, Commits, KernelMachine};
use crate::ke::bugcheck::bug_check_raw;
use crate::ke::threads::{Kernel, lock_within};
pub(crate) use block::Block;
pub(super) use choice::Choice;

/// The pool's type.
pub(crate) type Raw = Pool<'static, KernelMachine, PoolMemory, &'static PoolRanges>;

/// The ranges of pages of a pool or of its books.
pub(crate) type PoolRanges = Shared<'static, KernelMachine, Commit>;

/// A pool whose crimes are bug checks.
#[derive(Debug)]
pub(crate) struct KernelPool {
    raw: Raw,
    kind: PoolKind,
}

impl KernelPool {
    pub(super) const fn new(raw: Raw, kind: PoolKind) -> Self {
        Self { raw, kind }
    }

    /// Gives out a block as a value that owns it.
    ///
    /// # Errors
    /// [`PoolError`], but no crime: that stops the kernel.
    pub(crate) fn block(&'static self, request: Request) -> Result<Block, PoolError> {
        self.allocate(request).map(|start| Block::new(self, start, &request))
    }

    /// Stops because of a crime.
    pub(crate) fn punish(&self, crime: &Crime) -> ! {
        stop(crime, self.kind)
    }

    /// Returns the pool itself, for whoever frees what is not a [`Block`].
    pub(crate) const fn raw(&self) -> &Raw {
        &self.raw
    }

    /// Tells what a page fault is about.
    pub(super) fn fault(&self, address: xtcore::VirtAddr) -> FaultAnswer {
        self.raw.fault(address)
    }

    /// Returns what the pool holds.
    pub(crate) fn counts(&self) -> Counts {
        self.raw.counts()
    }

    /// Returns what each tag holds.
    pub(crate) fn tags(&self) -> impl Iterator<Item = TagUse> {
        self.raw.tags()
    }

    /// Limits a tag, or removes its limit.
    pub(crate) fn set_quota(&self, tag: Tag, bytes: Option<usize>) {
        self.raw.set_quota(tag, bytes);
    }

    /// Gives back what is kept only to be fast.
    pub(crate) fn trim(&self) {
        if let Err(crime) = self.raw.trim() {
            stop(&crime, self.kind);
        }
    }

    /// Checks every block and every book. Nobody else uses the pool meanwhile.
    pub(crate) fn verify(&self) {
        if let Err(crime) = self.raw.verify() {
            stop(&crime, self.kind);
        }
    }
}

/// Stops who is about to free memory with a spin lock in it that somebody holds: who takes or releases it afterwards writes to
/// what is another's. Only debug builds know where the locks are that are held; others do nothing here.
#[inline]
fn nothing_is_held_in(start: NonNull<u8>, bytes: usize) {
    let start = start.addr().get();
    if let Some((class, address)) = lock_within(&(start..start.saturating_add(bytes))) {
        Kernel::misuse(Misuse::LockFreedWhileHeld { lock: class.name(), address })
    }
}

/// Stops because of a crime.
pub(super) fn stop(crime: &Crime, kind: PoolKind) -> ! {
    let check = crime.bug_check();
    let pool = match kind {
        PoolKind::NonPaged => "non-paged pool",
        PoolKind::Paged => "paged pool",
    };
    bug_check_raw(check.code, check.parameters, None, format_args!("{pool}: {crime}"))
}

/// Memory behind the pages of a pool and of its books.
pub(crate) struct PoolMemory {
    kind: PoolKind,
    /// The region of the blocks; anything else is books.
    region: VirtRange,
    commits: &'static Commits,
}

impl fmt::Debug for PoolMemory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PoolMemory({:?})", self.kind)
    }
}

impl PoolMemory {
    pub(super) const fn new(kind: PoolKind, region: VirtRange, commits: &'static Commits) -> Self {
        Self { kind, region, commits }
    }

    const fn commit_of(&self, pages: VirtRange) -> &'static Commit {
        match self.kind {
            _ if !self.region.contains(pages.start()) => &self.commits.pool_books,
            PoolKind::NonPaged => &self.commits.nonpaged,
            PoolKind::Paged => &self.commits.paged,
        }
    }
}

#[allow(unsafe_code, reason = "the pool relies on memory being there")]
// SAFETY: `commit` has succeeded only when every page is mapped, writable, to frames that are nobody else's.
unsafe impl Pages for PoolMemory {
    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames> {
        self.commit_of(pages).commit(pages, PageContent::Any).map_err(|error| error.shortage(pages))
    }

    fn decommit(&self, pages: VirtRange) -> Result<(), Refused> {
        self.commit_of(pages).decommit(pages).map_err(|_| Refused)
    }
}
