//! How many entries of a table are present, counted inside the table itself.
//!
//! Bits 10 and 11 of an entry belong to software in every format, present or not. The first six entries of a table
//! lend theirs: 12 bits, enough for 1024. So the count needs no memory beside the table, the loader's tables arrive
//! in the kernel already counted, and emptying a table is noticed without a scan. It costs the table's first cache
//! line: 48 bytes of 8-byte entries.
//!
//! ```text
//!   entry      0        1        2        3        4        5
//!   bits     11 10    11 10    11 10    11 10    11 10    11 10
//!   count     1  0     3  2     5  4     7  6     9  8    11 10
//! ```
//!
//! Top tables are counted too, but never freed.

use xtcore::Frame;

use crate::memory::{TablePlace, Tables};

/// How many entries lend bits.
pub const LENDERS: usize = 6;

/// The bits that an entry lends.
pub const MASK: u64 = 0b11 << SHIFT;

const SHIFT: u32 = 10;

/// Returns the lent bits of entry `index` for a table with `count` present entries.
#[must_use]
pub const fn bits(index: usize, count: usize) -> u64 {
    if index < LENDERS { ((count >> (2 * index)) as u64 & 0b11) << SHIFT } else { 0 }
}

/// Reads the number of present entries of a table.
pub fn read<T: Tables>(tables: &T, place: TablePlace) -> usize {
    (0..LENDERS).fold(0, |count, index| {
        let lent = (tables.load(place, index) & MASK) >> SHIFT;
        count | (lent as usize) << (2 * index)
    })
}

/// Writes the number of present entries of a table that is in use. Only entries whose share changes are touched: one
/// locked access for most changes by one.
pub fn write<T: Tables>(tables: &mut T, place: TablePlace, count: usize) {
    for index in 0..LENDERS {
        let wanted = bits(index, count);
        let mut current = tables.load(place, index);
        while current & MASK != wanted {
            match tables.compare_exchange(place, index, current, current & !MASK | wanted) {
                Ok(()) => break,
                Err(now) => current = now,
            }
        }
    }
}

/// Returns the value to store into entry `index` of a table whose lent bits must survive.
pub fn keep<T: Tables>(tables: &T, place: TablePlace, index: usize, value: u64) -> u64 {
    if index < LENDERS { value & !MASK | tables.load(place, index) & MASK } else { value }
}

/// Writes entry `index` of a table that no walker can reach, as one of `count` present entries.
pub fn initialise<T: Tables>(tables: &mut T, frame: Frame, index: usize, value: u64, count: usize) {
    tables.initialise(frame, index, value | bits(index, count));
}
