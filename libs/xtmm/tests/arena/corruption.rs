//! Books that somebody else has written into: `verify` must find it.

use xtcore::{PAGE_BYTES, VirtAddr};
use xtmm::arena::{Corruption, Record};

use crate::{Bench, pages};

/// Kinds of a record, in the low bits of its first word; the length follows.
const FREE: usize = 1;
const USED: usize = 2;
const TAIL: usize = 3;

/// Writes the first word of a page's record.
fn write(bench: &Bench, page: usize, kind: usize, length: usize) {
    let at = bench.memory.base().wrapping_add(page * size_of::<Record>()).cast::<usize>();
    // SAFETY: the record's page of books has memory, and no reference to the record is in use.
    unsafe { at.write(kind | length << 2) };
}

#[test]
fn every_contradiction_is_found() {
    // Sixteen pages: 0 to 3 used, 4 to 7 free, 8 to 11 used, 12 to 15 used; then fresh ones.
    let at = |page: u64| VirtAddr::new(0x7000 + page * PAGE_BYTES);
    type Crime<'c> = &'c [(usize, usize, usize)];
    let cases: [(Crime<'_>, Corruption); 7] = [
        (&[(0, 0, 0)], Corruption::Chain { at: at(0) }),
        (&[(12, USED, 400)], Corruption::Chain { at: at(12) }),
        (&[(8, FREE, 4), (11, TAIL, 4)], Corruption::Unmerged { at: at(8) }),
        (&[(12, FREE, 4), (15, TAIL, 4)], Corruption::Unmerged { at: at(12) }),
        (&[(8, USED, 3), (11, USED, 1)], Corruption::Counts { allocated: 12, counted: 12 }),
        (&[(4, USED, 4)], Corruption::List { at: at(4) }),
        (&[(0, FREE, 3), (2, TAIL, 3), (3, USED, 1)], Corruption::List { at: at(0) }),
    ];
    for (crime, expected) in cases {
        let bench = Bench::new(0x7000, 64);
        let mut arena = bench.arena();
        (0..4).for_each(|_| assert!(arena.allocate(4, 1).is_ok()));
        let run = pages(&arena, 4, 4);
        assert_eq!(arena.free(run), Ok(()));
        assert_eq!(arena.verify(), Ok(()));
        for (page, kind, length) in crime {
            write(&bench, *page, *kind, *length);
        }
        assert_eq!(arena.verify(), Err(expected));
    }
}

#[test]
fn a_last_page_that_tells_another_length_is_found() {
    let bench = Bench::new(0x7000, 64);
    let mut arena = bench.arena();
    (0..3).for_each(|_| assert!(arena.allocate(4, 1).is_ok()));
    let run = pages(&arena, 4, 4);
    assert_eq!(arena.free(run), Ok(()));
    for (kind, length) in [(TAIL, 3), (USED, 4), (0, 0)] {
        write(&bench, 7, kind, length);
        assert_eq!(arena.verify(), Err(Corruption::Tail { run }));
    }
}
