//! One stack: where it lies, and how much of it has memory.
//!
//! ```text
//!   lower                                                         higher
//!   | guard page |  reserved, not committed  |  committed         |
//!                ^                           ^                    ^
//!                Base                        Limit                Top
//! ```
//!
//! The three ends have types of their own. Nobody but a [`Stack`] makes them, so whoever has a [`Top`] has the top of a
//! stack.

use core::sync::atomic::{AtomicUsize, Ordering};

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

use super::error::StackError;

macro_rules! ends {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
            #[repr(transparent)]
            pub struct $name(VirtAddr);

            impl $name {
                /// Returns the address, a multiple of the page size.
                #[must_use]
                pub const fn address(self) -> VirtAddr {
                    self.0
                }
            }
        )*
    };
}

ends! {
    /// The address after the last byte of a stack: where the stack pointer starts.
    Top;
    /// The lowest address that a stack can ever use; below lies its guard page.
    Base;
    /// The lowest address of a stack that has memory.
    Limit;
}

/// How large a stack is, in whole pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackSize {
    reserved: usize,
    committed: usize,
}

impl StackSize {
    /// Returns the size of a stack that has room for `bytes` bytes, and memory for all of them. The guard page comes
    /// on top.
    ///
    /// # Errors
    /// [`StackError::Size`] for nothing, and for more than there are addresses.
    pub fn new(bytes: u64) -> Result<Self, StackError> {
        let reserved = pages_holding(bytes)?;
        // The guard page must fit besides.
        let whole = (reserved as u64).checked_add(1).and_then(|pages| pages.checked_mul(PAGE_BYTES));
        whole.map(|_| Self { reserved, committed: reserved }).ok_or(StackError::Size { bytes })
    }

    /// Returns the same room, with memory for no more than `bytes` bytes at first.
    ///
    /// # Errors
    /// [`StackError::Size`] for nothing, and for more than there is room.
    pub fn with_committed(self, bytes: u64) -> Result<Self, StackError> {
        let committed = pages_holding(bytes)?;
        if committed > self.reserved {
            return Err(StackError::Size { bytes });
        }
        Ok(Self { committed, ..self })
    }

    /// Returns the bytes that there is room for.
    #[must_use]
    pub const fn reserved_bytes(self) -> u64 {
        self.reserved as u64 * PAGE_BYTES
    }

    /// Returns the bytes that have memory at first.
    #[must_use]
    pub const fn committed_bytes(self) -> u64 {
        self.committed as u64 * PAGE_BYTES
    }

    pub(super) const fn reserved(self) -> usize {
        self.reserved
    }

    pub(super) const fn committed(self) -> usize {
        self.committed
    }
}

/// Returns how many pages hold that many bytes: at least one.
pub(super) fn pages_holding(bytes: u64) -> Result<usize, StackError> {
    let pages = usize::try_from(bytes.div_ceil(PAGE_BYTES)).ok();
    pages.filter(|pages| *pages > 0).ok_or(StackError::Size { bytes })
}

/// A stack. It is used up only by [`Stacks::destroy`](super::Stacks::destroy); dropping it loses its memory.
#[must_use = "a stack that is dropped is lost"]
#[derive(Debug)]
pub struct Stack {
    /// The reservation, guard page included.
    whole: VirtRange,
    /// The committed pages, and in bit 0 whether they are being changed.
    state: AtomicUsize,
}

/// Set while [`Stack::begin_growth`] has the stack.
const GROWING: usize = 1;

impl Stack {
    pub(super) const fn new(whole: VirtRange, committed: usize) -> Self {
        Self { whole, state: AtomicUsize::new(committed << 1) }
    }

    /// Returns the top.
    #[must_use]
    pub const fn top(&self) -> Top {
        Top(self.whole.end())
    }

    /// Returns the base.
    #[must_use]
    pub const fn base(&self) -> Base {
        // A reservation has the guard page and at least one other.
        Base(VirtAddr::new(self.whole.start().get() + PAGE_BYTES))
    }

    /// Returns the limit as it is now.
    #[must_use]
    pub fn limit(&self) -> Limit {
        self.limit_of(self.committed())
    }

    /// Returns the guard page.
    #[must_use]
    pub fn guard(&self) -> VirtRange {
        VirtRange::new(self.whole.start(), self.base().0).unwrap_or_default()
    }

    /// Returns all addresses that the stack can ever use, from base to top.
    #[must_use]
    pub fn usable(&self) -> VirtRange {
        VirtRange::new(self.base().0, self.top().0).unwrap_or_default()
    }

    /// Returns the addresses that have memory, from limit to top.
    #[must_use]
    pub fn committed_range(&self) -> VirtRange {
        VirtRange::new(self.limit().0, self.top().0).unwrap_or_default()
    }

    /// Tells whether a stack pointer of that value stands on memory of this stack. At the top nothing was pushed yet.
    #[must_use]
    pub fn carries(&self, stack_pointer: VirtAddr) -> bool {
        self.limit().0 <= stack_pointer && stack_pointer <= self.top().0
    }

    pub(super) const fn whole(&self) -> VirtRange {
        self.whole
    }

    pub(super) fn committed(&self) -> usize {
        self.state.load(Ordering::Acquire) >> 1
    }

    pub(super) const fn limit_of(&self, committed: usize) -> Limit {
        Limit(VirtAddr::new(self.whole.end().get() - committed as u64 * PAGE_BYTES))
    }

    /// Keeps everyone else from changing the committed part, until the result is dropped.
    ///
    /// A probe that faults inside of a growth finds it in progress: page tables are half way, so it is refused.
    pub(super) fn begin_growth(&self) -> Result<Growth<'_>, StackError> {
        let before = self.state.fetch_or(GROWING, Ordering::Acquire);
        if before & GROWING != 0 {
            return Err(StackError::Busy);
        }
        Ok(Growth { stack: self, committed: before >> 1 })
    }
}

/// The right to change the committed part of a stack.
#[derive(Debug)]
pub(super) struct Growth<'s> {
    stack: &'s Stack,
    pub(super) committed: usize,
}

impl Growth<'_> {
    /// Returns how many pages of the reservation have no memory yet.
    pub(super) fn left(&self) -> usize {
        let bytes = self.stack.limit_of(self.committed).0.get() - self.stack.base().0.get();
        // The stack lies in the address space.
        (bytes / PAGE_BYTES) as usize
    }

    /// Returns the pages that `more` more committed pages are, right below the limit.
    ///
    /// # Errors
    /// [`StackError::Exhausted`] when they would reach the guard page.
    pub(super) fn next(&self, more: usize) -> Result<VirtRange, StackError> {
        let limit = self.stack.limit_of(self.committed).0;
        let left = limit.get() - self.stack.base().0.get();
        let bytes = (more as u64).saturating_mul(PAGE_BYTES);
        let start = limit.get().checked_sub(bytes).filter(|_| bytes <= left);
        let start = start.ok_or(StackError::Exhausted { wanted: bytes, left })?;
        Ok(VirtRange::new(VirtAddr::new(start), limit).unwrap_or_default())
    }
}

impl Drop for Growth<'_> {
    fn drop(&mut self) {
        self.stack.state.store(self.committed << 1, Ordering::Release);
    }
}
