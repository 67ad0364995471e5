//! Page faults that can be resolved: the first touch of a pageable page, and a probe below a growing stack.

use xtcore::{Level, PAGE_BYTES, VirtRange};
use xtmm::pool::{FaultAnswer, PoolKind};
use xtmm::space::PageContent;

use super::memory::{self, Memory};
use crate::ar::fault::Cause;
use crate::ke::fault::{Access, Resolution, Why};

/// NT's numbers: an access behind a block of the special pool, and one to a freed block.
const BEYOND_END_OF_ALLOCATION: u32 = 0xCD;
const IN_FREED_SPECIAL_POOL: u32 = 0xCC;

/// Resolves a fault, or says why not. Takes locks only at levels below Dispatch, where the interrupted code has none.
pub(super) fn resolve(access: &Access) -> Resolution {
    let unresolved = Resolution::Unresolved;
    let Some(memory) = memory::get() else { return unresolved(Why::Nothing) };
    if access.fault.cause != Cause::NotPresent {
        return unresolved(Why::Nothing);
    }
    for kind in [PoolKind::NonPaged, PoolKind::Paged] {
        match memory.pool(kind).fault(access.fault.address) {
            FaultAnswer::Elsewhere => {}
            FaultAnswer::Commit(page) => return demand_zero(memory, access, page),
            FaultAnswer::NotAllocated | FaultAnswer::Present => return unresolved(Why::Nothing),
            FaultAnswer::Guard { .. } => {
                return unresolved(crime(
                    access,
                    BEYOND_END_OF_ALLOCATION,
                    "beyond a block of the special pool",
                ));
            }
            FaultAnswer::Freed { .. } => {
                return unresolved(crime(
                    access,
                    IN_FREED_SPECIAL_POOL,
                    "in a freed block of the special pool",
                ));
            }
        }
    }
    super::stacks::grow_on_probe(memory, access)
}

/// Returns a crime with the parameters that NT gives these bug checks: address, access, instruction.
fn crime(access: &Access, code: u32, what: &'static str) -> Why {
    let parameters =
        [access.fault.address.get(), u64::from(access.fault.is_write()), access.instruction.get(), 0];
    Why::Crime { code, parameters, what }
}

/// Gives a pageable page its memory.
fn demand_zero(memory: &Memory, access: &Access, page: VirtRange) -> Resolution {
    if !access.level.may_fault() {
        return Resolution::Unresolved(Why::Raised);
    }
    debug_assert!(page.bytes() == PAGE_BYTES, "a fault is about one page");
    // Another processor may have brought the page in since the fault: then there is nothing left to do.
    if memory.commits().paged.commit(page, PageContent::Zeroed).is_ok() || memory.find(page.start()).is_ok() {
        return Resolution::Resolved;
    }
    let entry = memory.space().space().self_map().entry_address(Level::PT, page.start());
    Resolution::Unresolved(Why::NoFrame { entry: entry.unwrap_or_default() })
}
