//! The entries that an address is translated by, level by level, for bug checks.
//!
//! Reads the self-map without any lock: whoever stopped the system may hold it.
#![allow(unsafe_code, reason = "entries are read through their addresses in the self-map")]

use spin::Once;
use xtcore::{Level, VirtAddr};
use xtpaging::SelfMap;
use xtpaging::entry::{Decoded, Format};

use super::paging::Word;
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
    let Some((self_map, format)) = PAGING.get() else { return };
    let geometry = format.geometry();
    if !geometry.is_canonical(address) {
        log!("    {:#x} is not canonical", address.get());
        return;
    }
    let mut next = Some(self_map.highest());
    while let Some(level) = next {
        let Some(at) = self_map.entry_address(level, address) else { return };
        // SAFETY: the entry above is present and names a table, or there is none above, so the self-map shows this one.
        let raw = unsafe { Word::new(at, geometry.entry_bytes()) }.load();
        let number = level.number();
        next = match format.decode(level, raw) {
            Decoded::Absent => {
                log!("    level {number} entry at {:#x}: {raw:#018x}  not present", at.get());
                None
            }
            Decoded::Page(frame) => {
                let rights = format.rights(raw);
                let write = if rights.write { "write" } else { "read" };
                let execute = if rights.execute { ", execute" } else { "" };
                log!(
                    "    level {number} entry at {:#x}: {raw:#018x}  frame {:#x}, {write}{execute}",
                    at.get(),
                    frame.number()
                );
                None
            }
            Decoded::Table(frame) => {
                log!("    level {number} entry at {:#x}: {raw:#018x}  table {:#x}", at.get(), frame.number());
                level.below()
            }
        };
        if level == Level::PT {
            return;
        }
    }
}
