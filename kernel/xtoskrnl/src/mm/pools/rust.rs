//! Rust's own allocator: the non-paged pool, with a tag of its own.
//!
//! The collections of `alloc` panic when they find no memory unless they are asked with `try_reserve`; this kernel's
//! code asks so.
#![allow(unsafe_code, reason = "the trait is unsafe")]

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};

use xtmm::pool::{Content, PoolKind, Request, Tag};

use super::{nothing_is_held_in, stop};
use crate::mm::memory;

/// The tag of what Rust's collections hold.
pub(crate) const TAG: Tag = Tag::new(*b"Rust");

/// The non-paged pool as Rust's allocator. Before memory stands, there is none.
struct RustAllocator;

#[global_allocator]
static ALLOCATOR: RustAllocator = RustAllocator;

impl RustAllocator {
    fn allocate(layout: Layout, content: Content) -> *mut u8 {
        let Some(memory) = memory::get() else { return ptr::null_mut() };
        let request = Request::for_layout(layout, content, TAG);
        memory.pool(PoolKind::NonPaged).allocate(request).map_or(ptr::null_mut(), NonNull::as_ptr)
    }
}

// SAFETY: the pool gives out blocks of the size and alignment that were asked for, each to one owner until it is freed.
unsafe impl GlobalAlloc for RustAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::allocate(layout, Content::Any)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::allocate(layout, Content::Zeroed)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (Some(memory), Some(block)) = (memory::get(), NonNull::new(block)) else { return };
        nothing_is_held_in(block, layout.size());
        // SAFETY: the caller gives back what it got from here, and holds on to nothing.
        if let Err(crime) = unsafe { memory.pool(PoolKind::NonPaged).raw().free(block, Some(TAG)) } {
            stop(&crime, PoolKind::NonPaged);
        }
    }
}
