//! What stands when the kernel is ready: one value for everybody who wants memory.
#![allow(unsafe_code, reason = "mapped pages are read")]

mod blocks;
mod firmware;
mod machine;
mod reach;
mod sources;
mod taken;
mod window;

use spin::Once;
use xtboot::block::VerifiedBlock;
use xtboot::map::Summary;
use xtcore::{FrameCount, PAGE_BYTES, VirtAddr, VirtRange};
use xtlayout::{Layout, RegionKind};
use xtmm::arena::Arena;
use xtmm::frames::FrameAllocator;
use xtmm::pfn::{Database, Owner};
use xtmm::pool::{PoolKind, TagUse};
use xtmm::space::{Committer, KernelSpace, Mapper, SystemMapping, SystemPtes};
use xtmm::stack::Stacks;
use xtpaging::walk::{Found, NotFound};

use super::paging::{LocalTlb, SelfMapTables};
use super::pools::KernelPool;
use super::stacks::StackRoom;
pub(crate) use blocks::KernelBlocks;
pub(super) use blocks::Stock;
pub(super) use machine::publish as publish_reach;
pub(crate) use machine::{KernelMachine, MACHINE};
pub(crate) use reach::Reach;
pub(super) use reach::SLOTS;
pub(crate) use sources::Source;
pub(super) use sources::corrupt_frame;
pub(crate) use taken::{Chain, Piece, Taken};
pub(super) use window::Window;

/// The address space.
pub(crate) type Space = KernelSpace<'static, KernelMachine, SelfMapTables, LocalTlb>;
/// The frame allocator.
pub(crate) type Frames = FrameAllocator<'static, KernelMachine, KernelBlocks>;
/// Memory behind given pages, for one owner.
pub(crate) type Commit = Committer<'static, KernelMachine, SelfMapTables, LocalTlb, Source>;
/// Ranges of pages, with books of their own.
pub(crate) type Pages = Arena<'static, Commit>;
/// The system PTEs.
pub(crate) type System = SystemPtes<'static, KernelMachine, SelfMapTables, LocalTlb, Source, Pages>;

/// Everything.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) block: VerifiedBlock<'static>,
    pub(super) layout: Layout,
    pub(super) summary: Summary,
    pub(super) space: &'static Space,
    pub(super) window: &'static Window,
    pub(super) reach: &'static Reach,
    pub(super) database: Database<'static>,
    pub(super) frames: &'static Frames,
    pub(super) commits: &'static Commits,
    pub(super) system: &'static System,
    pub(super) nonpaged: &'static KernelPool,
    pub(super) paged: &'static KernelPool,
    pub(super) stacks: Stacks<'static, KernelMachine, StackRoom>,
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
}

impl Commits {
    /// Makes one for each owner; `source` keeps the sources.
    pub(super) fn new(space: &'static Space, source: impl Fn(Owner) -> &'static Source) -> Self {
        let commit = |owner| Commit::new(Mapper::new(space, source(owner)));
        Self {
            entries: commit(Owner::PfnDatabase),
            arena_books: commit(Owner::ArenaBooks),
            pool_books: commit(Owner::PoolBooks),
            nonpaged: commit(Owner::NonPagedPool),
            paged: commit(Owner::PagedPool),
            stacks: commit(Owner::Stack),
        }
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
    pub(crate) const fn reach(&self) -> &'static Reach {
        self.reach
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

    /// Returns the first word of each page of a mapping.
    pub(crate) fn words_of<'a>(&self, mapping: &'a SystemMapping) -> impl Iterator<Item = usize> + use<'a> {
        let pages = mapping.pages();
        (0..pages.bytes() / PAGE_BYTES).map(move |page| {
            let address = pages.start().get() + page * PAGE_BYTES;
            let word = core::ptr::with_exposed_provenance::<usize>(address as usize);
            // SAFETY: the page is mapped as long as the mapping is not released, which it isn't while it is borrowed.
            unsafe { word.read_volatile() }
        })
    }

    /// Returns how many usable frames are in use: image, stack, block, tables, books, and what was given out since.
    pub(crate) fn frames_in_use(&self) -> FrameCount {
        let counts = self.frames.counts();
        self.summary.usable.checked_sub(counts.available()).unwrap_or(FrameCount::ZERO)
    }

    /// Returns how many frames the window shows.
    pub(crate) fn window_frames(&self) -> FrameCount {
        self.window.shown()
    }
}
