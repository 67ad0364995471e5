//! What all tests share: a simulated machine whose page tables are reached in both ways.

mod frames;
mod machine;

pub(crate) use frames::PoolFrames;
pub(crate) use machine::{CpuTlb, Machine};
pub(crate) use xtsupport::{EVERYTHING, NOTHING, SimTables, in_every_mode, large_pages, mapping, range};

use xtcore::{FrameCount, PagingMode};
use xtpaging::{Attributes, Cache, Privilege, Protection, Scope};

/// How tables are reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// By the frame: memory is identity-mapped.
    ByFrame,
    /// By the address in the self-map, through whatever the TLB holds; unlinked frames by frame.
    BySelfMap,
}

/// Every combination of attributes.
pub(crate) fn all_attributes() -> Vec<Attributes> {
    let mut all = Vec::new();
    for protection in [Protection::Read, Protection::ReadWrite, Protection::ReadExecute] {
        for privilege in [Privilege::Supervisor, Privilege::User] {
            for cache in [Cache::WriteBack, Cache::WriteCombining, Cache::UncachedMinus, Cache::Uncached] {
                for scope in [Scope::Local, Scope::Global] {
                    all.push(Attributes { protection, privilege, cache, scope });
                }
            }
        }
    }
    all
}

/// Returns an address of the kernel's half that is a boundary of the mode's large pages of every size.
pub(crate) fn kernel_area(mode: PagingMode) -> u64 {
    // In the 32-bit modes the self-map comes 1 GiB above the base.
    let above = if mode.geometry().virtual_bits() == 32 { 1 << 29 } else { 1 << 30 };
    mode.geometry().kernel_base().get() + above
}

/// Returns `count` as frames.
pub(crate) fn frames(count: u64) -> FrameCount {
    FrameCount::new(count)
}
