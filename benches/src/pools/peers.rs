//! The heaps that somebody else would pick, and the floor: a heap that allocates nothing.
#![allow(unsafe_code, reason = "GlobalAlloc is an unsafe interface")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::OnceCell;
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

use anyhow::{Context, Result};
use rlsf::Tlsf;
use spin::Mutex;
use talc::TalcLock;
use talc::source::Claim;

use super::{Heap, Subject};
use crate::harness::memory::Region;

/// The address space of a heap that does not fetch memory itself. Only what it touches becomes memory.
const HEAP: usize = 4 << 30;

/// All peers.
pub(super) const SUBJECTS: &[Subject] = &[
    #[cfg(feature = "c-peers")]
    Subject { name: "jemalloc", make: || Ok(&tikv_jemallocator::Jemalloc) },
    #[cfg(feature = "c-peers")]
    Subject { name: "mimalloc", make: || Ok(&mimalloc::MiMalloc) },
    Subject { name: "talc, locked", make: talc },
    Subject { name: "rlsf, locked", make: rlsf },
    Subject { name: "the system's malloc", make: system },
    Subject { name: "null", make: null },
];

/// A subject's heap, made when it is first needed.
#[derive(Clone)]
pub(super) struct Lazy {
    subject: Subject,
    heap: Rc<OnceCell<Heap>>,
}

impl Lazy {
    /// A heap that has not been made yet.
    pub(super) fn new(subject: Subject) -> Self {
        Self { subject, heap: Rc::new(OnceCell::new()) }
    }

    /// Returns the heap.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn get(&self) -> Result<Heap> {
        if let Some(heap) = self.heap.get() {
            return Ok(*heap);
        }
        let heap = (self.subject.make)().with_context(|| format!("{} cannot be made", self.subject.name))?;
        Ok(*self.heap.get_or_init(|| heap))
    }
}

/// A region that is never given back.
fn forever() -> Result<&'static Region> {
    Ok(Box::leak(Box::new(Region::reserve(HEAP)?)))
}

pub(super) fn system() -> Result<Heap> {
    Ok(&System)
}

fn talc() -> Result<Heap> {
    let region = forever()?;
    // SAFETY: the region is never given back, and nobody else uses it.
    let claim = unsafe { Claim::new(region.base().as_ptr(), region.bytes()) };
    Ok(Box::leak(Box::new(TalcLock::<Mutex<()>, Claim>::new(claim))))
}

/// `rlsf::Tlsf` behind a spin lock.
struct Rlsf(Mutex<Tlsf<'static, u32, u32, 28, 32>>);

fn rlsf() -> Result<Heap> {
    let region = forever()?;
    let memory = NonNull::slice_from_raw_parts(region.base(), region.bytes());
    let mut tlsf = Tlsf::new();
    // SAFETY: the region is never given back, and nobody else uses it.
    let inserted = unsafe { tlsf.insert_free_block_ptr(memory) };
    inserted.context("rlsf does not take the memory")?;
    Ok(Box::leak(Box::new(Rlsf(Mutex::new(tlsf)))))
}

// SAFETY: `Tlsf` gives out distinct blocks that are laid out as asked for, until they come back.
unsafe impl GlobalAlloc for Rlsf {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.lock().allocate(layout).map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(block) = NonNull::new(block) else { return };
        // SAFETY: the caller gives a block of this allocator back, with the layout that it was asked for with.
        unsafe { self.0.lock().deallocate(block, layout.align()) };
    }
}

/// A heap that always returns the same memory.
struct Null(&'static Region);

fn null() -> Result<Heap> {
    Ok(Box::leak(Box::new(Null(forever()?))))
}

// SAFETY: the blocks are not distinct, so whoever reads what he wrote is surprised. Nobody here reads, and writes
// go to memory that is there.
unsafe impl GlobalAlloc for Null {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        self.0.base().as_ptr()
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}
