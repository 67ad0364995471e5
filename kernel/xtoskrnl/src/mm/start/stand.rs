//! The memory manager stands: the early allocator ends, the frame allocator takes over, and everything else is made of it.
#![allow(unsafe_code, reason = "regions of the layout become books and pools")]

use core::sync::atomic::AtomicUsize;

use spin::Once;
use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, VirtAddr, VirtRange};
use xtlayout::budget::described_frames;
use xtlayout::{Layout, RegionKind};
use xtmm::arena::{Arena, Record};
use xtmm::backing::Sparse;
use xtmm::frames::{Config, FrameAllocator, RangeSet, Records, Zone};
use xtmm::machine::Machine;
use xtmm::pfn::{Database, Entry, Owner};
use xtmm::pool::{self, CpuCache, Pool, PoolKind, TagTable};
use xtmm::ranges::Shared;
use xtmm::space::{Devices, KernelSpace, Mapper, SystemPtes};
use xtmm::stack::Stacks;

use super::carve::Carved;
use super::register::register;
use super::table_limit;
use crate::ke::stamps::Stamps;
use crate::ke::{fault as faults, stacks};
use crate::mm::devices::DeviceRoom;
use crate::mm::fault::Fault;
use crate::mm::memory::{
    self, Commits, Frames, KernelBlocks, KernelMachine, Memory, Pages, Reach, Source, Space, Stock, System,
    Window,
};
use crate::mm::paging::{ActiveTables, EveryTlb, SelfMapTables};
use crate::mm::pools::{Choice, KernelPool, PoolMemory, PoolRanges};
use crate::mm::stacks::StackRoom;
use crate::mm::{chain, resolve, stacks as own_stacks, threads};

/// What changes mappings.
type KernelMapper = Mapper<'static, KernelMachine, SelfMapTables, EveryTlb, Source>;

/// Owners that take frames through a [`Source`].
const OWNERS: [Owner; 8] = [
    Owner::PfnDatabase,
    Owner::ArenaBooks,
    Owner::PoolBooks,
    Owner::NonPagedPool,
    Owner::PagedPool,
    Owner::SystemPtes,
    Owner::Stack,
    Owner::Processor,
];

static SPACE: Once<Space> = Once::new();
static WINDOW: Once<Window> = Once::new();
static FRAMES: Once<Frames> = Once::new();
static SOURCES: Once<[Source; OWNERS.len()]> = Once::new();
static COMMITS: Once<Commits> = Once::new();
static SYSTEM: Once<System> = Once::new();
static DEVICES: Once<DeviceRoom> = Once::new();
static POOLS: [PoolPlace; 2] = [const { PoolPlace::new() }; 2];
static STACK_ROOM: Once<StackRoom> = Once::new();
static TAGS: TagTable = TagTable::new();

/// Makes it stand.
pub(super) fn stand(carved: Carved, stamps: &mut Stamps) -> Result<&'static Memory, Fault> {
    let Carved { active, block, layout, summary, early, slots, ranges, depot, caches, system, stock } =
        carved;
    let ActiveTables { space: tables_of, tables } = active;
    let format = *tables_of.format();
    let (mode, geometry) = (tables_of.mode(), format.geometry());
    let region = |kind| layout.range(kind).ok_or(Fault::Missing(kind));
    let shown = region(RegionKind::Window)?;
    let window = WINDOW.call_once(|| Window::new(shown, block, format));
    let machine = KernelMachine::stand(Reach::new(window, slots));
    let seen = xtmm::space::WindowRange::new(shown);
    // SAFETY: the tables are the ones in force, found through the self-map; this processor is the only one; the value was the
    // only way to change them, and is consumed.
    let space = SPACE.call_once(|| unsafe { KernelSpace::new(machine, tables_of, tables, EveryTlb, seen) });
    // SAFETY: the self-map is the one that the tables were just adopted through.
    unsafe { chain::publish(*space.space().self_map(), format) };

    let end = Frame::new(described_frames(mode, summary.end).get());
    let entries = books::<Entry>(RegionKind::PfnDatabase, region(RegionKind::PfnDatabase)?, end.number())?;
    let database = Database::new(entries);
    let room = region(RegionKind::FrameRecords)?;
    let block_frames = geometry.page_frames(Level::PD);
    let bytes = Records::bytes(end, block_frames).filter(|bytes| *bytes <= room.bytes());
    let base = bytes.map(|_| pointer::<u8>(room)).ok_or(Fault::Missing(RegionKind::FrameRecords))?;
    // SAFETY: the region is the planner's for these records, page-aligned, large enough, and has no memory yet.
    let records = unsafe { Records::new(base, end, block_frames) };
    let records = records.ok_or(Fault::Missing(RegionKind::FrameRecords))?;

    // From here on nobody can allocate early: the allocator is consumed.
    let inheritance = early.finish();
    let [fresh, known] = ranges;
    let free = free_ranges(&block, format.ram_limit(), inheritance.taken, fresh);
    let config = Config {
        records,
        giant: FrameCount::new(1 << 18),
        window_end: window.end(),
        opening: FrameCount::holding(block_frames.get() * size_of::<Entry>() as u64),
        fresh: RangeSet::new(fresh, free).map_err(|_| Fault::Frames)?,
        known: RangeSet::empty(known),
        caches: core::slice::from_ref(&caches.frames),
        depot,
    };
    let stock_of_tables = Stock::new(table_limit(geometry), stock);
    let blocks = KernelBlocks::new(space, window, database, records, stock_of_tables);
    // SAFETY: what the verified block calls free and the early allocator has not taken is nobody's RAM; caches and batches
    // were zeroed a moment ago; the blocks back the same records.
    let frames = unsafe { stand_frames(machine, blocks, config) }?;
    stamps.end_of("frame allocator stands");
    register(space, frames, &database, &block, &layout, &inheritance, stock)?;
    stamps.end_of("frames in use registered");

    let tables = if geometry.virtual_bits() == 32 { Zone::BelowFourGiB } else { Zone::Any };
    let sources = SOURCES.call_once(|| OWNERS.map(|owner| Source::new(frames, database, owner, tables)));
    let [first, ..] = sources;
    let source = |owner| {
        OWNERS.iter().zip(sources).find(|(known, _)| **known == owner).map_or(first, |(_, source)| source)
    };
    let commits = COMMITS.call_once(|| Commits::new(space, source));
    // SAFETY: the system PTEs and the devices keep their mappers to themselves; each has a region that is nobody else's.
    let mapper = unsafe { Mapper::new(space, source(Owner::SystemPtes)) };
    let system = stand_system(mapper, system, region(RegionKind::SystemPteBooks)?, commits)?;
    let devices = stand_devices(mapper, region(RegionKind::Hardware)?, commits)?;
    stamps.end_of("system PTEs stand");

    let choice = Choice::make(&block.parameters());
    let [first, second] = &POOLS;
    let nonpaged = first.stand(PoolKind::NonPaged, &caches.nonpaged, &layout, commits, &choice)?;
    let paged = second.stand(PoolKind::Paged, &caches.paged, &layout, commits, &choice)?;
    stamps.end_of("pools stand");

    let room = STACK_ROOM.call_once(|| StackRoom { system, memory: commits.stacks });
    let usual = own_stacks::usual_size(geometry).map_err(|_| Fault::Stacks)?;
    let stacks = Stacks::new(machine, room, usual);
    faults::set_resolver(resolve::resolve);
    faults::set_chain_printer(chain::print);
    stacks::set_finder(own_stacks::find);
    threads::start();
    Ok(memory::publish(Memory {
        block,
        layout,
        summary,
        space,
        window,
        database,
        frames,
        commits,
        system,
        devices,
        nonpaged,
        paged,
        stacks,
        reclaimed: AtomicUsize::new(0),
    }))
}

/// Writes the free ranges, lowest first, and returns how many there are.
fn free_ranges(
    block: &xtboot::block::VerifiedBlock<'_>,
    limit: Frame,
    taken: FrameRange,
    places: &mut [FrameRange],
) -> usize {
    let below = FrameRange::new(Frame::new(0), limit).unwrap_or_default();
    let free = block.runs().filter(|run| run.kind.is_free_for_kernel());
    let free = free.map(|run| run.frames.intersection(below)).flat_map(|run| {
        let before = FrameRange::new(run.start(), taken.start().min(run.end()).max(run.start()));
        let after = FrameRange::new(taken.end().max(run.start()).min(run.end()), run.end());
        [before, after]
    });
    let free = free.flatten().filter(|range| !range.is_empty());
    places.iter_mut().zip(free).map(|(place, range)| *place = range).count()
}

/// Returns the first address of a region as a pointer.
fn pointer<T>(region: VirtRange) -> *mut T {
    // Regions lie where this processor's pointers reach.
    core::ptr::with_exposed_provenance_mut(region.start().get() as usize)
}

/// Makes an array of `count` elements in `room`, the region `kind` or a part of it.
fn books<T: zerocopy::FromZeros>(
    kind: RegionKind,
    room: VirtRange,
    count: u64,
) -> Result<Sparse<'static, T>, Fault> {
    let bytes = count.checked_mul(size_of::<T>() as u64).filter(|bytes| *bytes <= room.bytes());
    let fits = bytes.and(usize::try_from(count).ok());
    let count = fits.ok_or(Fault::Missing(kind))?;
    // SAFETY: the room is the planner's for these books, begins at a page, is large enough, and has no memory yet; each
    // region or part of one is made into books once.
    Ok(unsafe { Sparse::new(pointer(room), count) })
}

/// Room for the records of an arena, in the region `kind`.
#[derive(Clone, Copy)]
struct RecordRoom {
    kind: RegionKind,
    room: VirtRange,
}

/// Makes an arena of a region, with its books elsewhere.
fn arena(region: VirtRange, records: RecordRoom, commits: &'static Commits) -> Result<Pages, Fault> {
    let records = books::<Record>(records.kind, records.room, region.bytes() / PAGE_BYTES)?;
    Arena::new(region, records, &commits.arena_books, commits.machine().injector()).map_err(|_| Fault::Arena)
}

/// Makes the frame allocator. Not inlined, as the other steps: what is moved to its place must not fill the boot stack.
///
/// # Safety
/// That of [`FrameAllocator::new`].
#[inline(never)]
unsafe fn stand_frames(
    machine: &'static KernelMachine,
    blocks: KernelBlocks,
    config: Config<'static>,
) -> Result<&'static Frames, Fault> {
    // SAFETY: the fresh frames are nobody's, records, caches and depot are as they were made, and `blocks` backs those
    // records: this function demands the same, and hands all of it on untouched.
    let frames = unsafe { FrameAllocator::new(machine, blocks, config) }.map_err(|_| Fault::Frames)?;
    Ok(FRAMES.call_once(|| frames))
}

#[inline(never)]
fn stand_system(
    mapper: KernelMapper,
    region: VirtRange,
    room: VirtRange,
    commits: &'static Commits,
) -> Result<&'static System, Fault> {
    let pages = arena(region, RecordRoom { kind: RegionKind::SystemPteBooks, room }, commits)?;
    Ok(SYSTEM.call_once(|| SystemPtes::new(mapper, pages)))
}

/// Makes room for devices. The end of the region holds the records of the arena that gives out the rest; the guard behind the
/// last device keeps the two apart.
#[inline(never)]
fn stand_devices(
    mapper: KernelMapper,
    region: VirtRange,
    commits: &'static Commits,
) -> Result<&'static DeviceRoom, Fault> {
    let (region, room) = divide(region);
    let pages = arena(region, RecordRoom { kind: RegionKind::Hardware, room }, commits)?;
    Ok(DEVICES.call_once(|| DeviceRoom { pages: Devices::new(mapper, pages), region }))
}

/// The place of a pool, and of the ranges that it takes pages and books from.
struct PoolPlace {
    pages: Once<PoolRanges>,
    books: Once<PoolRanges>,
    pool: Once<KernelPool>,
}

impl PoolPlace {
    const fn new() -> Self {
        Self { pages: Once::new(), books: Once::new(), pool: Once::new() }
    }

    /// Makes the pool.
    #[inline(never)]
    fn stand(
        &'static self,
        kind: PoolKind,
        cache: &'static CpuCache,
        layout: &Layout,
        commits: &'static Commits,
        choice: &Choice,
    ) -> Result<&'static KernelPool, Fault> {
        let place = match kind {
            PoolKind::NonPaged => RegionKind::NonPagedPool,
            PoolKind::Paged => RegionKind::PagedPool,
        };
        let region = layout.range(place).ok_or(Fault::Missing(place))?;
        let parts = layout.pool_books(place).ok_or(Fault::Missing(place))?;
        // The last part of the room for slab headers holds the records of the arena that gives out the rest.
        let (headers, header_records) = divide(parts.slabs);
        let config = pool::Config {
            kind,
            region,
            books: headers,
            records: parts.pages,
            ranges: shared(&self.pages, region, RecordRoom { kind: place, room: parts.arena }, commits)?,
            book_ranges: shared(
                &self.books,
                headers,
                RecordRoom { kind: place, room: header_records },
                commits,
            )?,
            memory: PoolMemory::new(kind, region, commits),
            caches: core::slice::from_ref(cache),
            tags: &TAGS,
            checks: choice.checks,
            key: choice.key(kind),
        };
        // SAFETY: the regions are the planner's for this pool and have no memory; the arenas give out pages of the region and
        // of the headers; each pool has its own cache.
        let raw = unsafe { Pool::new(commits.machine(), config) }.map_err(|_| Fault::Pool)?;
        Ok(self.pool.call_once(|| KernelPool::new(raw, kind)))
    }
}

#[inline(never)]
fn shared(
    place: &'static Once<PoolRanges>,
    region: VirtRange,
    records: RecordRoom,
    commits: &'static Commits,
) -> Result<&'static PoolRanges, Fault> {
    let pages = arena(region, records, commits)?;
    Ok(place.call_once(|| Shared::new(commits.machine(), pages)))
}

/// Divides a room of pages: most of it, and at its end a record for each page of the rest.
fn divide(room: VirtRange) -> (VirtRange, VirtRange) {
    let records = (room.bytes() / 128).next_multiple_of(PAGE_BYTES);
    let cut = VirtAddr::new(room.end().get().saturating_sub(records).max(room.start().get()));
    let parts = (VirtRange::new(room.start(), cut), VirtRange::new(cut, room.end()));
    (parts.0.unwrap_or_default(), parts.1.unwrap_or_default())
}
