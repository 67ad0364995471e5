//! All tables that the root table lists, each with its place and whether it adds up: for people to look at.
//!
//! [`Platform::find`](crate::Platform::find) uses what it understands; this looks at everything, and uses nothing.

use xtcore::PhysAddr;

use crate::memory::ReadPhysical;
use crate::notice::{Notice, Notices};
use crate::root::{self, MOST_ENTRIES};
use crate::table::{Header, Signature, Table, TableFault};

/// Most bytes of any table that is added up.
const MOST: u32 = 4 << 20;

/// Most bytes that are added up altogether.
const MOST_TOGETHER: u64 = 32 << 20;

/// A table that is listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Where it is.
    pub at: PhysAddr,
    /// What it is, and its bytes; or why that cannot be read.
    pub header: Result<(Signature, u32), TableFault>,
    /// Whether all of it is sound.
    pub sound: Result<(), TableFault>,
}

/// Looks at the tables from the RSDP at `rsdp` on: calls `visit` with the root table first, then with each table that it
/// lists, in its order. What is wrong with the RSDP and the root tables goes to `notices`.
///
/// Reads each table once from end to end, and gives up adding when that becomes 32 MiB altogether.
pub fn survey(
    memory: &mut impl ReadPhysical,
    rsdp: PhysAddr,
    notices: &mut Notices,
    visit: &mut dyn FnMut(&Found),
) {
    let Some(root) = root::find(memory, rsdp, notices) else { return };
    let table = root.table();
    visit(&Found { at: table.base(), header: Ok((root.signature(), table.bytes())), sound: Ok(()) });
    let mut left = MOST_TOGETHER;
    for index in 0..MOST_ENTRIES {
        match root.entry(memory, index) {
            Ok(Some(PhysAddr::ZERO)) => {}
            Ok(Some(at)) => visit(&look_at(memory, at, &mut left)),
            Ok(None) => break,
            Err(fault) => {
                notices.push(Notice::RootTable { index, fault });
                break;
            }
        }
    }
}

fn look_at(memory: &mut impl ReadPhysical, at: PhysAddr, left: &mut u64) -> Found {
    let header = match Header::read(memory, at) {
        Ok(header) => header,
        Err(fault) => return Found { at, header: Err(fault), sound: Err(fault) },
    };
    let signature = header.signature();
    let bytes = header.bytes();
    let opened = if u64::from(bytes) > *left {
        Err(TableFault::GivenUp)
    } else {
        Table::accept(memory, at, &header, MOST)
    };
    *left = left.saturating_sub(bytes.into());
    Found { at, header: Ok((signature, bytes)), sound: opened.map(|_| ()) }
}
