//! A page-table entry in memory.
#![allow(unsafe_code, reason = "entries are reached through their addresses")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use xtcore::{PagingMode, VirtAddr};
use xtpaging::Modes;

/// A page-table entry in memory, of 4 or 8 bytes.
///
/// All accesses are single atomic ones: on a 32-bit processor those of 8 bytes become CMPXCHG8B, so no walker ever sees
/// half an entry (design D5b).
#[derive(Clone, Copy, Debug)]
pub(in crate::mm) enum Word {
    /// PML2.
    Narrow(&'static AtomicU32),
    /// The other modes.
    Wide(&'static AtomicU64),
}

impl Word {
    /// Names the entry of `bytes` bytes at `address`.
    ///
    /// # Safety
    /// The entry must be mapped, aligned and writable as long as the result is used, and accessed atomically only.
    pub(in crate::mm) unsafe fn new(address: VirtAddr, bytes: u64) -> Self {
        // The cast keeps every bit that an address of this architecture has.
        let address = address.get() as usize;
        // The 64-bit modes have no such entries.
        if bytes == 4 && Modes::OWN.include(PagingMode::Pml2) {
            // SAFETY: the caller says that four bytes are mapped there, aligned, and shared by atomic accesses only.
            Self::Narrow(unsafe { AtomicU32::from_ptr(core::ptr::with_exposed_provenance_mut(address)) })
        } else {
            // SAFETY: the caller says that eight bytes are mapped there, aligned, and shared by atomic accesses only.
            Self::Wide(unsafe { AtomicU64::from_ptr(core::ptr::with_exposed_provenance_mut(address)) })
        }
    }

    /// Reads the entry.
    pub(in crate::mm) fn load(self) -> u64 {
        match self {
            Self::Narrow(word) => u64::from(word.load(Ordering::Relaxed)),
            Self::Wide(word) => word.load(Ordering::Relaxed),
        }
    }

    /// Writes the entry; release, so that a walker which sees it also sees the table that it refers to.
    pub(super) fn store(self, value: u64) {
        match self {
            Self::Narrow(word) => word.store(value as u32, Ordering::Release),
            Self::Wide(word) => word.store(value, Ordering::Release),
        }
    }

    /// Swaps the entry.
    pub(super) fn exchange(self, value: u64) -> u64 {
        match self {
            Self::Narrow(word) => u64::from(word.swap(value as u32, Ordering::AcqRel)),
            Self::Wide(word) => word.swap(value, Ordering::AcqRel),
        }
    }

    /// Replaces the entry if it still is `current`.
    ///
    /// # Errors
    /// The entry's present value when it isn't.
    pub(super) fn compare_exchange(self, current: u64, new: u64) -> Result<(), u64> {
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        match self {
            Self::Narrow(word) => match word.compare_exchange(current as u32, new as u32, success, failure) {
                Ok(_) => Ok(()),
                Err(now) => Err(u64::from(now)),
            },
            Self::Wide(word) => word.compare_exchange(current, new, success, failure).map(drop),
        }
    }
}
