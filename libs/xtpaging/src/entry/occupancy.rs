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

use crate::memory::{EntryRun, TablePlace, Tables};

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

/// Tells whether a table has exactly `count` present entries. Cheaper than [`read`]: the first lender usually knows.
pub fn is<T: Tables>(tables: &T, place: TablePlace, count: usize) -> bool {
    (0..LENDERS).all(|index| tables.load(place, index) & MASK == bits(index, count))
}

/// Counts `count` more entries of a table that is in use. Only the entries whose share changes are touched: one locked
/// access for most changes by one.
#[inline(never)]
pub fn add<T: Tables>(tables: &mut T, place: TablePlace, count: usize) {
    // Addition as on paper, in base 4: what exceeds a digit is carried to the next one.
    let mut carry = count;
    for index in 0..LENDERS {
        if carry == 0 {
            return;
        }
        let sum = change(tables, place, index, |digit| digit + (carry & 3));
        carry = (carry >> 2) + (sum >> 2);
    }
    debug_assert!(carry == 0, "a table has at most 1024 entries");
}

/// Counts `count` fewer entries of a table that is in use, at the same cost as [`add`].
#[inline(never)]
pub fn subtract<T: Tables>(tables: &mut T, place: TablePlace, count: usize) {
    let mut borrow = count;
    for index in 0..LENDERS {
        if borrow == 0 {
            return;
        }
        // 4 is borrowed from the next digit, and kept when it was not needed.
        let difference = change(tables, place, index, |digit| digit + 4 - (borrow & 3));
        borrow = (borrow >> 2) + 1 - (difference >> 2);
    }
    debug_assert!(borrow == 0, "more entries went than there were");
}

/// Replaces the digit that entry `index` lends by the low two bits of what `next` makes of it. Returns all of that.
fn change<T: Tables>(
    tables: &mut T,
    place: TablePlace,
    index: usize,
    next: impl Fn(usize) -> usize,
) -> usize {
    let mut current = tables.load(place, index);
    loop {
        let result = next(((current & MASK) >> SHIFT) as usize);
        let wanted = current & !MASK | ((result & 3) as u64) << SHIFT;
        if wanted == current {
            return result;
        }
        match tables.compare_exchange(place, index, current, wanted) {
            Ok(()) => return result,
            // The processor has set an accessed or dirty bit meanwhile.
            Err(now) => current = now,
        }
    }
}

/// Returns the value to store into entry `index` of a table whose lent bits must survive.
pub fn keep<T: Tables>(tables: &T, place: TablePlace, index: usize, value: u64) -> u64 {
    if index < LENDERS { value & !MASK | tables.load(place, index) & MASK } else { value }
}

/// Writes a run of pages over all `run.count` entries of a table that no walker can reach.
pub fn initialise_all<T: Tables>(tables: &mut T, frame: Frame, run: EntryRun) {
    debug_assert!(run.index == 0, "a whole table begins at its first entry");
    tables.initialise_run(frame, run);
    let mut value = run.first;
    for index in 0..LENDERS {
        let lent = bits(index, run.count);
        if lent != 0 {
            tables.initialise(frame, index, value | lent);
        }
        value = value.wrapping_add(run.step);
    }
}

/// Writes the count of a table that is filled with zeros and that no walker can reach.
pub fn announce<T: Tables>(tables: &mut T, frame: Frame, count: usize) {
    for index in 0..LENDERS {
        let lent = bits(index, count);
        if lent != 0 {
            tables.initialise(frame, index, lent);
        }
    }
}

/// Writes entry `index` of a table that no walker can reach, as one of `count` present entries.
pub fn initialise<T: Tables>(tables: &mut T, frame: Frame, index: usize, value: u64, count: usize) {
    tables.initialise(frame, index, value | bits(index, count));
}
