//! The lock around the page tables and the TLB.
#![allow(unsafe_code, reason = "whoever makes a space vouches that its tables are the ones in force")]

use core::fmt;

use xtcore::{Frame, VirtAddr, VirtRange};
use xtpaging::walk::{Found, NotFound, find};
use xtpaging::{AddressSpace, Tables, Tlb};

use crate::machine::{LockClass, Machine, SpinLock};

/// Where RAM is visible, frame after frame from frame 0 on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WindowRange(VirtRange);

impl WindowRange {
    /// Returns the window in that range; an empty one shows nothing.
    #[must_use]
    pub const fn new(range: VirtRange) -> Self {
        Self(range)
    }

    /// Returns where a frame appears, if it lies within the window.
    #[must_use]
    pub fn address_of(&self, frame: Frame) -> Option<VirtAddr> {
        let address = self.0.start().checked_add(frame.address().get())?;
        self.0.contains(address).then_some(address)
    }

    /// Returns the window's last address and one.
    pub(super) const fn end(&self) -> VirtAddr {
        self.0.end()
    }
}

/// The kernel's address space.
pub struct KernelSpace<'m, M: Machine, T, L> {
    machine: &'m M,
    space: AddressSpace,
    window: WindowRange,
    inner: SpinLock<M, Inner<T, L>>,
}

struct Inner<T, L> {
    tables: T,
    tlb: L,
}

impl<M: Machine, T, L> fmt::Debug for KernelSpace<'_, M, T, L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KernelSpace({}, root {:?}, {:?})", self.space.mode(), self.space.root(), self.window)
    }
}

impl<'m, M: Machine, T: Tables, L: Tlb> KernelSpace<'m, M, T, L> {
    /// Puts an address space under a lock.
    ///
    /// # Safety
    /// `tables` must reach the tables of `space`, `tlb` every processor that may use it, and nobody else may change those
    /// tables. The kernel half of `space` must be in force on every processor that uses addresses mapped here.
    pub const unsafe fn new(
        machine: &'m M,
        space: AddressSpace,
        tables: T,
        tlb: L,
        window: WindowRange,
    ) -> Self {
        Self {
            machine,
            space,
            window,
            inner: SpinLock::new(LockClass::new("page tables"), Inner { tables, tlb }),
        }
    }

    /// Returns the machine.
    #[must_use]
    pub const fn machine(&self) -> &'m M {
        self.machine
    }

    /// Returns the facts of the address space; they never change.
    #[must_use]
    pub const fn space(&self) -> &AddressSpace {
        &self.space
    }

    /// Returns the window.
    #[must_use]
    pub const fn window(&self) -> &WindowRange {
        &self.window
    }

    /// Translates an address. Cost: the lock, and an entry per level. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`NotFound`], which tells at what level the walk ended.
    pub fn find(&self, address: VirtAddr) -> Result<Found, NotFound> {
        self.inspect(|space, tables| find(space, tables, address))
    }

    /// Lets `look` see the tables, for a walk or an audit. It runs under the lock. Highest level: Dispatch.
    pub fn inspect<R>(&self, look: impl FnOnce(&AddressSpace, &T) -> R) -> R {
        let pin = self.machine.pin();
        let inner = self.inner.lock(&pin);
        look(&self.space, &inner.tables)
    }

    /// As [`KernelSpace::inspect`], if the lock is free; for a monitor: never waits. Highest level: any.
    pub fn try_inspect<R>(&self, pin: &M::Pin, look: impl FnOnce(&AddressSpace, &T) -> R) -> Option<R> {
        let inner = self.inner.try_lock(pin)?;
        Some(look(&self.space, &inner.tables))
    }

    /// Lets `change` at the tables, under the lock: several mappings at once, for whoever brings the frames for them and may
    /// therefore hold the frame allocator's lock. Memory types are not compared with the window's.
    /// Highest level: Dispatch.
    ///
    /// # Safety
    /// `change` is trusted with the whole address space. What it maps are pages that are the caller's and were not mapped, to
    /// frames that may appear there: such as nobody else uses, or as are meant to be seen twice; with the memory type
    /// that their other mappings have. What it unmaps or protects are the caller's pages, too. The frames that it brings
    /// for tables are nobody else's. What a change owes to the TLB is discharged before it returns. It leaves the values
    /// that it is lent in their places.
    pub unsafe fn change<R>(&self, change: impl FnOnce(&AddressSpace, &mut T, &mut L) -> R) -> R {
        self.lend(change)
    }

    /// As [`KernelSpace::change`], if the lock is free; for a monitor: never waits. Highest level: any.
    ///
    /// # Safety
    /// That of [`KernelSpace::change`].
    pub unsafe fn try_change<R>(
        &self,
        pin: &M::Pin,
        change: impl FnOnce(&AddressSpace, &mut T, &mut L) -> R,
    ) -> Option<R> {
        let mut inner = self.inner.try_lock(pin)?;
        let Inner { tables, tlb } = &mut *inner;
        Some(change(&self.space, tables, tlb))
    }

    /// [`KernelSpace::change`], for this module's own types, which hand on the contract to whoever makes a
    /// [`Mapper`](super::Mapper).
    pub(super) fn lend<R>(&self, change: impl FnOnce(&AddressSpace, &mut T, &mut L) -> R) -> R {
        let pin = self.machine.pin();
        let mut inner = self.inner.lock(&pin);
        let Inner { tables, tlb } = &mut *inner;
        change(&self.space, tables, tlb)
    }
}
