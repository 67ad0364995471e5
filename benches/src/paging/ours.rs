//! `xtpaging` over the buffer, with the accesses that a kernel makes: plain loads and stores where an entry is
//! published, locked ones where a live entry changes. Only where a whole run is looked at, or filled before anybody can
//! see it, the compiler may use vector registers, as in a loader; a kernel that keeps its hands off them compares a run
//! at two thirds of the speed.
//!
//! "One page after the other" is a streak: each page is mapped for itself, to a frame that nothing is known of before,
//! but the tables are reserved for all of them together.
#![allow(unsafe_code, reason = "entries are reached through their addresses in the buffer")]

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, anyhow};
use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtpaging::entry::Format;
use xtpaging::{
    AddressSpace, Attributes, Capabilities, EntryRun, Frames, Invalidation, Limbo, Mapping, OutOfFrames,
    Privilege, Protection, Reservation, Scope, SelfMap, Support, TablePlace, Tables, Tlb, walk,
};

use super::memory::Memory;
use super::{Mapper, address, frame};

/// A processor of today.
const CAPABILITIES: Capabilities = Capabilities {
    no_execute: Support::Present,
    global: Support::Present,
    large_pages: Support::Present,
    gigabyte_pages: Support::Present,
    physical_bits: 48,
};

const ATTRIBUTES: Attributes = Attributes {
    protection: Protection::ReadWrite,
    privilege: Privilege::User,
    cache: xtpaging::Cache::WriteBack,
    scope: Scope::Local,
};

/// Entries of tables in the buffer.
#[derive(Debug)]
pub(super) struct BufferTables {
    base: NonNull<u8>,
}

impl BufferTables {
    #[inline]
    fn entry(&self, frame: Frame, index: usize) -> &AtomicU64 {
        let at = frame.number() as usize * PAGE_BYTES as usize + index * size_of::<u64>();
        // SAFETY: the engine names frames that `Memory` gave out, so the entry lies inside the buffer.
        let entry = unsafe { self.base.add(at) };
        // SAFETY: it is aligned, lives as long as the buffer, and is accessed atomically only.
        unsafe { entry.cast().as_ref() }
    }
}

impl Tables for BufferTables {
    #[inline]
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.entry(place.frame, index).load(Ordering::Relaxed)
    }

    #[inline]
    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        self.entry(place.frame, index).store(value, Ordering::Release);
    }

    #[inline]
    fn publish_run(&mut self, place: TablePlace, run: EntryRun) {
        let mut value = run.first;
        for index in run.index..run.index + run.count {
            self.entry(place.frame, index).store(value, Ordering::Release);
            value = value.wrapping_add(run.step);
        }
    }

    fn count_like(&self, place: TablePlace, run: EntryRun, compared: u64) -> usize {
        let first = std::ptr::from_ref(self.entry(place.frame, run.index)).cast::<u64>();
        // SAFETY: the run lies inside the table, and nobody writes while the tables are borrowed.
        let entries = unsafe { std::slice::from_raw_parts(first, run.count) };
        let mut like = 0;
        for group in entries.chunks_exact(16) {
            let expected = run.first.wrapping_add(run.step.wrapping_mul(like as u64));
            let unlike = group.iter().zip(0..).fold(0, |all, (entry, offset)| {
                all | entry ^ expected.wrapping_add(run.step.wrapping_mul(offset))
            });
            if unlike & compared != 0 {
                break;
            }
            like += group.len();
        }
        let rest = entries.iter().zip(0..).skip(like);
        like + rest
            .take_while(|(entry, offset)| {
                (**entry ^ run.first.wrapping_add(run.step.wrapping_mul(*offset))) & compared == 0
            })
            .count()
    }

    #[inline]
    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        self.entry(place.frame, index).swap(value, Ordering::AcqRel)
    }

    #[inline]
    fn withdraw(&mut self, place: TablePlace, index: usize) {
        self.entry(place.frame, index).store(0, Ordering::Release);
    }

    #[inline]
    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let entry = self.entry(place.frame, index);
        entry.compare_exchange(current, new, Ordering::AcqRel, Ordering::Relaxed).map(drop)
    }

    #[inline]
    fn zero(&mut self, frame: Frame) {
        let table = std::ptr::from_ref(self.entry(frame, 0)).cast_mut().cast::<u8>();
        // SAFETY: the frame is no table yet, so nothing else accesses it.
        unsafe { table.write_bytes(0, PAGE_BYTES as usize) };
    }

    #[inline]
    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.entry(frame, index).store(value, Ordering::Relaxed);
    }

    #[inline]
    fn initialise_run(&mut self, frame: Frame, run: EntryRun) {
        let first = std::ptr::from_ref(self.entry(frame, run.index)).cast_mut().cast::<u64>();
        // SAFETY: the frame is no table yet, so nothing else accesses it, and the run lies inside.
        let entries = unsafe { std::slice::from_raw_parts_mut(first, run.count) };
        let mut value = run.first;
        for entry in entries {
            *entry = value;
            value = value.wrapping_add(run.step);
        }
    }
}

/// Frames that were set aside.
#[derive(Debug)]
pub(super) struct Reserved(Vec<Frame>);

impl Reservation for Reserved {
    fn take(&mut self) -> Option<Frame> {
        self.0.pop()
    }
}

impl Frames for Memory {
    type Reservation = Reserved;

    fn reserve(&mut self, count: FrameCount) -> Result<Reserved, OutOfFrames> {
        let mut frames = Vec::new();
        for _ in 0..count.get() {
            let missing = OutOfFrames { wanted: count, available: FrameCount::new(frames.len() as u64) };
            frames.push(self.take().ok_or(missing)?);
        }
        Ok(Reserved(frames))
    }
}

/// There is no processor that could remember anything.
struct NoTlb;

impl Tlb for NoTlb {
    fn invalidate(&mut self, what: &Invalidation<'_>) {
        let _ = std::hint::black_box(what);
    }
}

/// An address space of ours.
#[derive(Debug)]
pub(super) struct Ours {
    pub(super) space: AddressSpace,
    pub(super) tables: BufferTables,
    memory: Memory,
}

impl Ours {
    /// Makes an empty one in PML4.
    pub(super) fn new() -> Result<Self> {
        let mut memory = Memory::new()?;
        let mut tables = BufferTables { base: memory.base() };
        let format = Format::new(PagingMode::Pml4, CAPABILITIES);
        let self_map = SelfMap::standard(PagingMode::Pml4);
        let space = AddressSpace::create(self_map, format, &mut tables, &mut memory);
        let space = space.map_err(|error| anyhow!("no address space: {error:?}"))?;
        Ok(Self { space, tables, memory })
    }

    fn map(&mut self, first: usize, count: usize) {
        let pages = range(first, count);
        let mapping = Mapping { pages, first: frame(first), attributes: ATTRIBUTES, largest: Level::PT };
        let outcome = self.space.map(&mut self.tables, &mut self.memory, &mapping);
        assert!(outcome.is_ok(), "{outcome:?}");
    }

    fn unmap(&mut self, first: usize, count: usize) {
        let mut cursor = match self.space.cursor(&mut self.tables, range(first, count)) {
            Ok(cursor) => cursor,
            Err(error) => panic!("{error:?}"),
        };
        let mut limbo = Limbo::new();
        loop {
            match cursor.unmap(&mut self.memory, &mut limbo) {
                Ok(Some(obligation)) => {
                    let reclaimed = obligation.discharge(&mut NoTlb);
                    reclaimed.tables().iter().for_each(|table| self.memory.give(*table));
                }
                Ok(None) => break,
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

fn range(first: usize, count: usize) -> VirtRange {
    VirtRange::saturating(address(first), count as u64 * PAGE_BYTES)
}

impl Mapper for Ours {
    fn map_range(&mut self, first: usize, count: usize) {
        self.map(first, count);
    }

    fn unmap_range(&mut self, first: usize, count: usize) {
        self.unmap(first, count);
    }

    fn map_each(&mut self, pages: Range<usize>) {
        let range = range(pages.start, pages.len());
        let mut cursor =
            self.space.cursor(&mut self.tables, range).unwrap_or_else(|error| panic!("{error:?}"));
        let plan = cursor.plan_streak(ATTRIBUTES).unwrap_or_else(|error| panic!("{error:?}"));
        let mut reserved = self.memory.reserve(plan.tables()).unwrap_or_else(|error| panic!("{error:?}"));
        let mut streak = plan.begin(&mut reserved);
        for page in pages {
            let outcome = streak.map(frame(page));
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }

    fn unmap_each(&mut self, pages: Range<usize>) {
        pages.for_each(|page| self.unmap(page, 1));
    }

    // As the peers' are: they are smaller, having one mode, and the compiler inlines them by itself.
    #[inline(always)]
    fn translate(&self, address: VirtAddr) -> Option<PhysAddr> {
        walk::translate(&self.space, &self.tables, address)
    }
}
