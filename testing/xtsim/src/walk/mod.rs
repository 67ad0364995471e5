//! The oracle: a page walk as the Intel SDM describes it, volume 3A, chapter 4 (chapter 5 in later editions).
//!
//! # What it guarantees
//!
//! * Its constants are transcribed from the manual's tables, in `format.rs` and nowhere else; it shares no number
//!   with the code that it judges.
//! * A present entry with a reserved bit set is a fault, exactly as the manual demands of the mode, the level, the
//!   kind of entry, and the processor's [`Facts`].
//! * Rights are *effective* rights: R/W and U/S ANDed, XD ORed over all levels (section 4.6).
//! * It reads memory and changes nothing. Accessed and dirty flags are the business of [`Cpu`](crate::Cpu).
//!
//! # Protocol
//!
//! [`walk`] asks whether an access would succeed; [`translate`] asks only where an address leads, whatever the
//! rights. Both go down one `Cursor` step per level; the simulated processor and the enumeration of leaves take
//! the same steps, so there is one interpretation of an entry in this crate.

mod cursor;
mod facts;
mod fault;
mod format;
mod translation;

#[cfg(test)]
mod reserved_tests;
#[cfg(test)]
mod tests;

pub use facts::Facts;
pub use fault::{ErrorCode, Fault, PageFault};
pub use format::Table;
pub use translation::{Access, AccessKind, Privilege, Rights, Translation};

pub(crate) use cursor::{Cursor, Next, Pdptes, enter, load_pdptes};
pub(crate) use format::{ACCESSED, DIRTY, Entry, PageSizes, canonical, decode, entry_bytes, entry_count};

use xtcore::VirtAddr;

use crate::memory::PhysicalMemory;

/// Translates `va` for `access`, as a processor with nothing cached would.
///
/// Costs one read of memory per level (in PAE paging four more, for the page-directory-pointer entries).
///
/// # Errors
///
/// * [`Fault::NotCanonical`]: `va` is no address of this mode.
/// * [`Fault::Root`]: CR3, or in PAE paging one of the four PDPTEs, could not even be loaded.
/// * [`Fault::Page`]: an entry is not present, has a reserved bit set, or the effective rights forbid the access.
/// * [`Fault::NoMemory`]: a table lies where there is no memory.
pub fn walk<M: PhysicalMemory + ?Sized>(
    memory: &M,
    facts: &Facts,
    va: VirtAddr,
    access: Access,
) -> Result<Translation, Fault> {
    let translation = descend(memory, facts, va, access)?;
    translation.permits(facts, access)?;
    Ok(translation)
}

/// Finds where `va` leads, whatever the rights; error codes are those of a supervisor's read.
///
/// # Errors
///
/// As [`walk`], except that rights are not looked at.
pub fn translate<M: PhysicalMemory + ?Sized>(
    memory: &M,
    facts: &Facts,
    va: VirtAddr,
) -> Result<Translation, Fault> {
    descend(memory, facts, va, Access::SUPERVISOR_READ)
}

fn descend<M: PhysicalMemory + ?Sized>(
    memory: &M,
    facts: &Facts,
    va: VirtAddr,
    access: Access,
) -> Result<Translation, Fault> {
    let mut cursor = start(memory, facts, va, access)?;
    loop {
        match cursor.step(facts, va, access, cursor.read(memory, facts, va)?)? {
            Next::Table(below) => cursor = below,
            Next::Page(translation) => return Ok(translation),
        }
    }
}

/// Goes down to the table `wanted` that serves `va`, or returns `None` where the walk faults or ends before.
pub(crate) fn descend_to<M: PhysicalMemory + ?Sized>(
    memory: &M,
    facts: &Facts,
    va: VirtAddr,
    wanted: Table,
) -> Option<Cursor> {
    let access = Access::SUPERVISOR_READ;
    let mut cursor = start(memory, facts, va, access).ok()?;
    while cursor.table() != wanted {
        let raw = cursor.read(memory, facts, va).ok()?;
        match cursor.step(facts, va, access, raw).ok()? {
            Next::Table(below) => cursor = below,
            Next::Page(_) => return None,
        }
    }
    Some(cursor)
}

fn start<M: PhysicalMemory + ?Sized>(
    memory: &M,
    facts: &Facts,
    va: VirtAddr,
    access: Access,
) -> Result<Cursor, Fault> {
    let pdptes = load_pdptes(memory, facts)?;
    enter(facts, &pdptes, va, access)
}
