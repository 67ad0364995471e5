//! The formulas: what they give, and that they refuse when there is too little.

use xtcore::{Frame, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};

use super::{Budget, LEAST_BYTES, MIB, PoolBooks, described_frames, frame_record_bytes, pfn_entry_bytes};
use crate::{LayoutError, RegionKind};

#[test]
fn entries_and_records_have_the_sizes_that_the_manager_was_designed_for() {
    assert_eq!(PagingMode::ALL.map(pfn_entry_bytes), [16, 16, 32, 32]);
    // Rows of bits, then headers, each from a page boundary on.
    let records = |blocks| PagingMode::ALL.map(|mode| frame_record_bytes(mode, blocks) / PAGE_BYTES);
    assert_eq!([1, 32, 33].map(records), [[2, 2, 2, 2], [2, 2, 2, 2], [3, 2, 2, 2]]);
    assert_eq!([64, 65, 129].map(records), [[3, 2, 2, 2], [4, 3, 3, 3], [7, 5, 5, 5]]);
}

#[test]
fn whole_blocks_are_described_and_nothing_above_the_limit() {
    let end = |mode, frame| described_frames(mode, Frame::new(frame)).get();
    assert_eq!(end(PagingMode::Pml2, 0), 0);
    assert_eq!(end(PagingMode::Pml2, 1), 1024);
    assert_eq!(end(PagingMode::Pml3, 512), 512);
    assert_eq!(end(PagingMode::Pml3, 513), 1024);
    assert_eq!(end(PagingMode::Pml2, u64::MAX), 1 << 20);
    assert_eq!(end(PagingMode::Pml3, u64::MAX), 1 << 24);
    assert_eq!(end(PagingMode::Pml5, u64::MAX), 1 << 40);
}

#[test]
fn a_room_that_is_too_small_is_refused_with_what_it_needs() {
    let end = PhysAddr::new(64 << 30).frame();
    let guard = 2 * MIB;
    let budget = |room| Budget::new(PagingMode::Pml3, end, room, guard);
    let refused = budget(300 * MIB).unwrap_err();
    assert!(
        matches!(refused, LayoutError::NoRoom { kind: RegionKind::SystemPtes, needed: LEAST_BYTES, room: 0 }),
        "{refused:?}"
    );
    // From the first room that is enough on, more room never gives less.
    let sizes =
        (300..1200).filter_map(|mib| budget(mib * MIB).ok()).map(|budget| (budget.system_ptes, budget.pool));
    let sizes: std::vec::Vec<_> = sizes.collect();
    assert!(sizes.len() > 500, "{}", sizes.len());
    assert!(sizes.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
    assert!(sizes.iter().all(|(ptes, pool)| *ptes >= LEAST_BYTES && *pool >= LEAST_BYTES));
}

#[test]
fn the_parts_of_a_pools_books_are_disjoint_and_large_enough() {
    for mode in PagingMode::ALL {
        for pool in [PAGE_BYTES, 3 * PAGE_BYTES, 160 * MIB, 1 << 40] {
            let pages = pool / PAGE_BYTES;
            let word = pfn_entry_bytes(mode) / 4;
            let total: u64 = super::pool_books(mode, pool).iter().sum();
            let books = VirtRange::saturating(VirtAddr::new(0xD000_0000), total);
            let PoolBooks { arena, pages: records, slabs } = PoolBooks::divide(mode, pool, books);
            assert!(
                arena.bytes() >= pages * 16 && records.bytes() >= pages * word && slabs.bytes() >= pool / 8
            );
            assert_eq!(
                (arena.start(), arena.end(), records.end()),
                (books.start(), records.start(), slabs.start())
            );
            assert_eq!(slabs.end(), books.end(), "nothing is left over");
            assert!([arena, records, slabs].iter().all(|part| part.is_aligned(PAGE_BYTES)));
        }
    }
}
