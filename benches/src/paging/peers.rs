//! The two mappers that somebody else would pick.
#![allow(unsafe_code, reason = "the peers' interfaces are unsafe")]

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use page_table_multiarch::x86_64::X64PageTable;
use page_table_multiarch::{MappingFlags, PageSize, PagingHandler};
use x86_64::structures::paging::{
    FrameAllocator, Mapper as _, OffsetPageTable, Page, PageTable, PageTableFlags, PhysFrame, Size4KiB,
    Translate,
};
use xtcore::{PAGE_BYTES, PhysAddr, VirtAddr};

use super::memory::Memory;
use super::{Mapper, address, frame};

/// Where `page_table_multiarch`, whose handler has no state, finds physical address 0.
static BASE: AtomicUsize = AtomicUsize::new(0);

/// The next free frame of `page_table_multiarch`.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// What `page_table_multiarch` needs of its surroundings.
#[derive(Debug)]
struct Handler;

impl PagingHandler for Handler {
    fn alloc_frames(num: usize, _align: usize) -> Option<memory_addr::PhysAddr> {
        let first = NEXT.load(Ordering::Relaxed);
        NEXT.store(first + num, Ordering::Relaxed);
        Some((first * PAGE_BYTES as usize).into())
    }

    fn dealloc_frames(_paddr: memory_addr::PhysAddr, _num: usize) {}

    #[inline]
    fn phys_to_virt(paddr: memory_addr::PhysAddr) -> memory_addr::VirtAddr {
        (BASE.load(Ordering::Relaxed) + paddr.as_usize()).into()
    }
}

/// `page_table_multiarch`. Only one exists at a time.
pub(super) struct Multiarch {
    table: Option<X64PageTable<Handler>>,
    /// What its tables lie in.
    _memory: Memory,
}

impl Multiarch {
    /// Makes an empty one.
    pub(super) fn new() -> Result<Self> {
        let memory = Memory::new()?;
        BASE.store(memory.base().as_ptr().expose_provenance(), Ordering::Relaxed);
        NEXT.store(1, Ordering::Relaxed);
        let table = X64PageTable::try_new().ok().context("page_table_multiarch makes no table")?;
        Ok(Self { table: Some(table), _memory: memory })
    }

    fn table(&mut self) -> &mut X64PageTable<Handler> {
        match &mut self.table {
            Some(table) => table,
            None => unreachable!("the table lives as long as its owner"),
        }
    }
}

impl Drop for Multiarch {
    fn drop(&mut self) {
        // It looks at its tables when it is dropped, so it goes before the memory.
        self.table = None;
    }
}

const FLAGS: MappingFlags = MappingFlags::READ.union(MappingFlags::WRITE).union(MappingFlags::USER);

fn theirs(page: usize) -> memory_addr::VirtAddr {
    (address(page).get() as usize).into()
}

impl Mapper for Multiarch {
    fn map_range(&mut self, first: usize, count: usize) {
        let offset = address(0).get() as usize;
        let base = frame(0).address().get() as usize;
        let physical = |at: memory_addr::VirtAddr| (at.as_usize() - offset + base).into();
        let bytes = count * PAGE_BYTES as usize;
        let outcome = self.table().cursor().map_region(theirs(first), physical, bytes, FLAGS, false);
        assert!(outcome.is_ok(), "{outcome:?}");
    }

    fn unmap_range(&mut self, first: usize, count: usize) {
        let outcome = self.table().cursor().unmap_region(theirs(first), count * PAGE_BYTES as usize);
        assert!(outcome.is_ok(), "{outcome:?}");
    }

    fn map_each(&mut self, pages: Range<usize>) {
        let mut cursor = self.table().cursor();
        for page in pages {
            let physical = (frame(page).address().get() as usize).into();
            let outcome = cursor.map(theirs(page), physical, PageSize::Size4K, FLAGS);
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }

    fn unmap_each(&mut self, pages: Range<usize>) {
        let mut cursor = self.table().cursor();
        for page in pages {
            let outcome = cursor.unmap(theirs(page));
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }

    fn translate(&self, address: VirtAddr) -> Option<PhysAddr> {
        let found = self.table.as_ref()?.query((address.get() as usize).into()).ok()?;
        Some(PhysAddr::new(found.0.as_usize() as u64))
    }
}

/// `x86_64::structures::paging::OffsetPageTable`. It has no operation on ranges.
#[derive(Debug)]
pub(super) struct X86 {
    table: OffsetPageTable<'static>,
    memory: Memory,
}

// SAFETY: every frame comes from a counter or from a list of what was given back, so none is given out twice.
unsafe impl FrameAllocator<Size4KiB> for Memory {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        let at = x86_64::PhysAddr::new(self.take()?.address().get());
        Some(PhysFrame::containing_address(at))
    }
}

impl X86 {
    /// Makes an empty one.
    pub(super) fn new() -> Result<Self> {
        let mut memory = Memory::new()?;
        let root = memory.take().context("there is no frame for the root table")?;
        let place = memory.base().as_ptr().wrapping_add(root.address().get() as usize).cast::<PageTable>();
        // SAFETY: the frame lies in the buffer, is zero, which is an empty table, and the buffer lives in the result
        // beside the reference, which never leaves it.
        let root = unsafe { &mut *place };
        let offset = x86_64::VirtAddr::new(memory.base().as_ptr().expose_provenance() as u64);
        // SAFETY: physical addresses are offsets into the buffer.
        let table = unsafe { OffsetPageTable::new(root, offset) };
        Ok(Self { table, memory })
    }
}

fn page_of(page: usize) -> Page<Size4KiB> {
    Page::containing_address(x86_64::VirtAddr::new(address(page).get()))
}

impl Mapper for X86 {
    fn map_range(&mut self, first: usize, count: usize) {
        self.map_each(first..first + count);
    }

    fn unmap_range(&mut self, first: usize, count: usize) {
        self.unmap_each(first..first + count);
    }

    fn map_each(&mut self, pages: Range<usize>) {
        let flags = PageTableFlags::PRESENT
            | PageTableFlags::WRITABLE
            | PageTableFlags::USER_ACCESSIBLE
            | PageTableFlags::NO_EXECUTE;
        for page in pages {
            let physical = PhysFrame::containing_address(x86_64::PhysAddr::new(frame(page).address().get()));
            // SAFETY: no processor uses these tables.
            let outcome = unsafe { self.table.map_to(page_of(page), physical, flags, &mut self.memory) };
            match outcome {
                Ok(flush) => flush.ignore(),
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn unmap_each(&mut self, pages: Range<usize>) {
        for page in pages {
            match self.table.unmap(page_of(page)) {
                Ok((_, flush)) => flush.ignore(),
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn translate(&self, address: VirtAddr) -> Option<PhysAddr> {
        let found = self.table.translate_addr(x86_64::VirtAddr::new(address.get()))?;
        Some(PhysAddr::new(found.as_u64()))
    }
}
