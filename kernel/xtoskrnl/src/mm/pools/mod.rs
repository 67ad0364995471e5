//! The pools: `xtmm`'s, on this kernel's regions, with bug checks for crimes.

mod block;
mod rust;

use core::fmt;

use xtboot::parameters::Parameters;
use xtcore::VirtRange;
use xtmm::OutOfFrames;
use xtmm::pool::{
    Checking, Checks, Counts, Coverage, Crime, FaultAnswer, Pages, Pool, PoolError, PoolKind, Request, Side,
    SpecialPool, Tag, TagUse,
};
use xtmm::ranges::Shared;
use xtmm::space::PageContent;

use super::memory::{Commit, Commits, KernelMachine};
use crate::ke::bugcheck::bug_check_raw;
pub(crate) use block::Block;

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

    fn decommit(&self, pages: VirtRange) {
        // Only pages of the pool's own regions come here, so no large page is split and nothing is refused.
        let outcome = self.commit_of(pages).decommit(pages);
        debug_assert!(outcome.is_ok(), "pages of a pool can be unmapped");
    }
}

/// How many bytes freed blocks wait under full checking.
const QUARANTINE_BYTES: usize = 256 << 10;

/// How many pages of addresses wait after blocks of the special pool.
const QUARANTINE_PAGES: usize = 4096;

/// Reads what is to be checked: `POOLCHECK=full`, and `SPECIALPOOL=TAG` or `*`, with `SPECIALSIDE=before` for the guard in front.
pub(super) fn checks(parameters: &Parameters<'_>) -> Checks {
    let checking = match parameters.value("POOLCHECK") {
        Some(value) if value.eq_ignore_ascii_case("full") => Checking::Full { quarantine: QUARANTINE_BYTES },
        Some(other) => {
            crate::kd::log!("xtoskrnl: POOLCHECK={other} is not known; the default is kept");
            Checking::Default
        }
        None => Checking::Default,
    };
    let coverage = match parameters.value("SPECIALPOOL") {
        None | Some("") => Coverage::Nothing,
        Some("*") => Coverage::Everything,
        Some(tag) => {
            let mut characters = [b' '; 4];
            for (place, byte) in characters.iter_mut().zip(tag.bytes()) {
                *place = byte;
            }
            Coverage::Tag(Tag::new(characters))
        }
    };
    let before = parameters.value("SPECIALSIDE").is_some_and(|side| side.eq_ignore_ascii_case("before"));
    let side = if before { Side::Before } else { Side::After };
    Checks { checking, special: SpecialPool { coverage, side, quarantine_pages: QUARANTINE_PAGES } }
}
