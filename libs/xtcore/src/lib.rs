//! The vocabulary of the system: addresses, frames, ranges, memory runs, and the four paging geometries.
//!
//! Nothing in here touches hardware, allocates, or knows another crate of the project. Everything is plain data
//! that a loader, a kernel and a host test understand in the same way:
//!
//! * [`PhysAddr`] and [`VirtAddr`] are 64-bit on every architecture, because the host tests handle all four modes
//!   and because a 32-bit processor with PAE has physical addresses above 4 GiB.
//! * [`Frame`] is a physical page number, [`FrameRange`] a half-open range of them. 4 KiB is the only base page
//!   size of the x86, so it is a constant; large pages are described by [`Level`]s of a [`Geometry`].
//! * [`Geometry`] is one row of run-time paging facts. There are four, [`Geometry::PML2`] to [`Geometry::PML5`];
//!   no other file of the project contains a paging depth or an index width.
//! * [`MemoryRun`] and [`MemoryKind`] say what a range of frames is for.
//! * [`CpuIndex`] names a processor, [`ApicId`] its interrupt controller, [`RunLevel`] how urgent what it does is,
//!   [`LockClass`] a kind of locks that it waits for.
//! * [`interrupt`] has the words for interrupts that tables describe and controllers route.
//! * [`choice`] decides the paging mode from what the processor has, the user asked, and the kernel supports.
//! * [`named!`] and [`numbered!`] declare enums that are lists of names, or of names and numbers.
//!
//! Ranges are `[start, end)`. No arithmetic here wraps: it saturates where the documentation says so, and else it
//! returns `None`.
//!
//! ```
//! use xtcore::{Frame, FrameRange, Level, PagingMode, PhysAddr, VirtAddr};
//!
//! let geometry = PagingMode::Pml3.geometry();
//! let address = VirtAddr::new(0xC123_4567);
//! assert_eq!([Level::PDPT, Level::PD, Level::PT].map(|level| geometry.index(level, address)), [3, 9, 0x34]);
//! assert_eq!(geometry.page_bytes(Level::PD), 2 << 20);
//!
//! let touched = FrameRange::covering(PhysAddr::new(0x1FFF), 2);
//! assert_eq!((touched.start(), touched.end()), (Frame::new(1), Frame::new(3)));
//! ```

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod address;
pub mod choice;
mod frame;
mod geometry;
pub mod interrupt;
mod memory;
mod named;
mod processor;

pub use address::{PhysAddr, VirtAddr, VirtRange};
pub use frame::{Frame, FrameCount, FrameRange, PAGE_BYTES, PAGE_SHIFT};
pub use geometry::{Geometry, Level, PagingMode};
pub use memory::{MemoryKind, MemoryRun};
pub use processor::{ApicId, CpuIndex, LockClass, RunLevel};
