//! The entries that an address is translated by, level by level, for bug checks: as [`look`] finds them, without any lock, which
//! whoever stopped the system may hold.
#![allow(unsafe_code, reason = "who makes the self-map known vouches for it")]

use spin::Once;
use xtcore::VirtAddr;
use xtpaging::SelfMap;
use xtpaging::entry::{Decoded, Format};

use super::look::{self, Step};
use crate::kd::log;

static PAGING: Once<(SelfMap, Format)> = Once::new();

/// Makes the active paging known; the first call counts.
///
/// # Safety
/// The self-map must be the active one, and stay it.
pub(super) unsafe fn publish(self_map: SelfMap, format: Format) {
    PAGING.call_once(|| (self_map, format));
}

/// Returns the active paging, once it is known.
pub(super) fn paging() -> Option<(SelfMap, Format)> {
    PAGING.get().copied()
}

/// Prints the chain of entries of an address, from the highest level that the self-map shows, up to the one at which the
/// translation ends.
pub(crate) fn print(address: VirtAddr) {
    let Some((_, format)) = PAGING.get() else { return };
    if !format.geometry().is_canonical(address) {
        log!("    {:#x} is not canonical", address.get());
        return;
    }
    for Step { level, at, raw, says } in look::steps(address) {
        let (number, at) = (level.number(), at.get());
        match says {
            Decoded::Absent => log!("    level {number} entry at {at:#x}: {raw:#018x}  not present"),
            Decoded::Table(frame) => {
                log!("    level {number} entry at {at:#x}: {raw:#018x}  table {:#x}", frame.number());
            }
            Decoded::Page(frame) => {
                let rights = format.rights(raw);
                let write = if rights.write { "write" } else { "read" };
                let execute = if rights.execute { ", execute" } else { "" };
                let frame = frame.number();
                log!("    level {number} entry at {at:#x}: {raw:#018x}  frame {frame:#x}, {write}{execute}");
            }
        }
    }
}
