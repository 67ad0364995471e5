//! What stands when the kernel is ready: one value for everybody who wants memory.
#![allow(unsafe_code, reason = "a mapper vouches for the pages that its users name")]

mod blocks;
mod firmware;
mod machine;
mod reach;
mod sources;
mod taken;
mod window;

use core::sync::atomic::{AtomicUsize, Ordering};

use spin::Once;
use xtboot::block::VerifiedBlock;
use xtboot::map::Summary;
use xtcore::{FrameCount, VirtAddr, VirtRange};
use xtlayout::{Layout, RegionKind};
use xtmm::arena::Arena;
use xtmm::frames::FrameAllocator;
use xtmm::pfn::{Database, Owner};
use xtmm::pool::{PoolKind, TagUse};
use xtmm::space::{Committer, KernelSpace, Mapper, SystemPtes};
use xtmm::stack::Stacks;
use xtpaging::walk::{Audit, Found, NotFound};

use super::devices::DeviceRoom;
use super::paging::{EveryTlb, SelfMapTables};
use super::pools::KernelPool;
use super::stacks::StackRoom;
pub(crate) use blocks::KernelBlocks;
pub(super) use blocks::Stock;
pub(crate) use machine::KernelMachine;
pub(crate) use reach::Reach;
pub(super) use reach::SLOTS;
pub(crate) use sources::Source;
pub(super) use sources::corrupt_frame;
pub(crate) use taken::{Chain, Piece, Taken};
pub(super) use window::Window;

/// The address space.
pub(crate) type Space = KernelSpace<'static, KernelMachine, SelfMapTables, EveryTlb>;
/// The frame allocator.
pub(crate) type Frames = FrameAllocator<'static, KernelMachine, KernelBlocks>;
/// Memory behind given pages, for one owner.
pub(crate) type Commit = Committer<'static, KernelMachine, SelfMapTables, EveryTlb, Source>;
/// Ranges of pages, with books of their own.
pub(crate) type Pages = Arena<'static, Commit>;
/// The system PTEs.
pub(crate) type System = SystemPtes<'static, KernelMachine, SelfMapTables, EveryTlb, Source, Pages>;

/// Everything.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) block: VerifiedBlock<'static>,
    pub(super) layout: Layout,
    pub(super) summary: Summary,
    pub(super) space: &'static Space,
    pub(super) window: &'static Window,
    pub(super) database: Database<'static>,
    pub(super) frames: &'static Frames,
    pub(super) commits: &'static Commits,
    pub(super) system: &'static System,
    pub(super) devices: &'static DeviceRoom,
    pub(super) nonpaged: &'static KernelPool,
    pub(super) paged: &'static KernelPool,
    pub(super) stacks: Stacks<'static, KernelMachine, StackRoom>,
    /// Frames that ACPI's tables have given back, see [`Memory::reclaim_acpi`].
    pub(super) reclaimed: AtomicUsize,
}

static MEMORY: Once<Memory> = Once::new();

/// Makes memory known to traps and to Rust's allocator; the first call counts.
pub(super) fn publish(memory: Memory) -> &'static Memory {
    MEMORY.call_once(|| memory)
}

/// Returns memory for those who are not given it: trap handlers, and Rust's allocator.
pub(super) fn get() -> Option<&'static Memory> {
    MEMORY.get()
}

/// Memory behind pages, by whose it is.
#[derive(Debug)]
pub(crate) struct Commits {
    pub(super) entries: Commit,
    pub(super) arena_books: Commit,
    pub(super) pool_books: Commit,
    pub(super) nonpaged: Commit,
    pub(super) paged: Commit,
    pub(super) stacks: Commit,
    pub(super) processors: Commit,
}

impl Commits {
    /// Makes one for each owner; `source` keeps the sources.
    pub(super) fn new(space: &'static Space, source: impl Fn(Owner) -> &'static Source) -> Self {
        // SAFETY: each is kept inside the memory manager, by the one who owns the pages: books, a pool, the stacks.
        let commit = |owner| Commit::new(unsafe { Mapper::new(space, source(owner)) });
        Self {
            entries: commit(Owner::PfnDatabase),
            arena_books: commit(Owner::ArenaBooks),
            pool_books: commit(Owner::PoolBooks),
            nonpaged: commit(Owner::NonPagedPool),
            paged: commit(Owner::PagedPool),
            stacks: commit(Owner::Stack),
            processors: commit(Owner::Processor),
        }
    }

    /// Returns the machine that they run on.
    pub(super) fn machine(&self) -> &'static KernelMachine {
        self.entries.mapper().kernel().machine()
    }
}

impl Memory {
    /// Returns the verified loader block.
    pub(crate) const fn block(&self) -> &VerifiedBlock<'static> {
        &self.block
    }

    /// Returns the layout.
    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the totals of the memory map.
    pub(crate) const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Returns the address space.
    pub(crate) const fn space(&self) -> &'static Space {
        self.space
    }

    /// Translates an address.
    pub(crate) fn find(&self, address: VirtAddr) -> Result<Found, NotFound> {
        self.space.find(address)
    }

    /// Returns the way to the bytes of frames.
    pub(crate) fn reach(&self) -> &'static Reach {
        self.machine().reach()
    }

    /// Returns the machine that everything here runs on.
    pub(crate) fn machine(&self) -> &'static KernelMachine {
        self.space.machine()
    }

    /// Returns the PFN database.
    pub(crate) const fn database(&self) -> &Database<'static> {
        &self.database
    }

    /// Returns the frame allocator.
    pub(crate) const fn frames(&self) -> &'static Frames {
        self.frames
    }

    /// Returns the system PTEs.
    pub(crate) const fn system(&self) -> &'static System {
        self.system
    }

    /// Returns what puts memory behind pages.
    pub(super) const fn commits(&self) -> &'static Commits {
        self.commits
    }

    /// Returns a pool.
    pub(crate) const fn pool(&self, kind: PoolKind) -> &'static KernelPool {
        match kind {
            PoolKind::NonPaged => self.nonpaged,
            PoolKind::Paged => self.paged,
        }
    }

    /// Returns what each tag has in the pools.
    pub(crate) fn tags(&self) -> impl Iterator<Item = TagUse> {
        self.nonpaged.tags().chain(self.paged.tags())
    }

    /// Returns the kernel stacks.
    pub(crate) const fn stacks(&self) -> &Stacks<'static, KernelMachine, StackRoom> {
        &self.stacks
    }

    /// Returns where a region lies; an empty range if the layout has none.
    pub(crate) fn region(&self, kind: RegionKind) -> VirtRange {
        self.layout.range(kind).unwrap_or_default()
    }

    /// Gives everything back that is kept only to be fast: caches of processors, depots, empty slabs, freed stacks.
    pub(crate) fn trim(&self) {
        self.stacks.trim();
        for pool in [self.paged, self.nonpaged] {
            pool.trim();
        }
        if let Err(crime) = self.frames.trim() {
            corrupt_frame(crime);
        }
    }

    /// Tells whether pages can forbid execution.
    pub(crate) const fn has_no_execute(&self) -> bool {
        self.space.space().format().has_no_execute()
    }

    /// Returns the frames of the largest page that an audit has found.
    pub(crate) fn largest_page(&self, audit: &Audit) -> FrameCount {
        audit.largest.map_or(FrameCount::ZERO, |level| self.space.space().geometry().page_frames(level))
    }

    /// Returns how many frames of RAM there are for the kernel.
    pub(crate) fn ram(&self) -> FrameCount {
        let reclaimed = FrameCount::new(self.reclaimed.load(Ordering::Relaxed) as u64);
        self.summary.usable.saturating_add(reclaimed)
    }

    /// Returns how many frames of RAM are in use: image, stack, block, tables, books, and what was given out since. What
    /// ACPI's tables have given back is RAM, too.
    pub(crate) fn frames_in_use(&self) -> FrameCount {
        self.ram().checked_sub(self.frames.counts().available()).unwrap_or(FrameCount::ZERO)
    }

    /// Returns how many frames the window shows.
    pub(crate) fn window_frames(&self) -> FrameCount {
        self.window.shown()
    }
}
