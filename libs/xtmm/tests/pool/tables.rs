//! Codes and parameters of bug checks, as NT's documentation has them.

use xtcore::VirtAddr;
use xtmm::machine::RunLevel;
use xtmm::pool::{Crime, PoolKind, Tag};

#[test]
fn every_crime_has_nts_code_and_parameters() {
    let block = VirtAddr::new(0xFFFF_8000_0000_1000);
    let damaged = VirtAddr::new(0xFFFF_8000_0000_1010);
    let (at, bad) = (block.get(), damaged.get());
    let tag = Tag::new(*b"Good");
    let given = Tag::new(*b"Evil");
    let (kind, level, size) = (PoolKind::Paged, RunLevel::Dispatch, 16);
    let non_paged = PoolKind::NonPaged;
    let table = [
        (Crime::DoubleFree { block, record: 5 }, 0xC2, [0x7, 0, 5, at]),
        (Crime::AllocateLevel { level, kind, size }, 0xC2, [0x8, 2, 1, 16]),
        (Crime::FreeLevel { level, kind, block }, 0xC2, [0x9, 2, 1, at]),
        (Crime::WrongTag { block, tag, given }, 0xC2, [0xA, at, 0x646F_6F47, 0x6C69_7645]),
        (Crime::NotAllocated { address: block, kind: non_paged, page: 1, region: 9 }, 0xC2, [0x44, at, 0, 0]),
        (Crime::NotAllocated { address: block, kind, page: 1, region: 9 }, 0xC2, [0x50, at, 1, 9]),
        (Crime::Foreign { address: block }, 0xC2, [0x46, at, 0, 0]),
        (Crime::Interior { address: damaged, block }, 0xC2, [0x99, bad, at, 0]),
        (Crime::FreeListCorrupt { block, record: 7 }, 0x19, [0x3, at, 7, 0]),
        (Crime::Overflow { block, size, found: 3 }, 0x19, [0x21, at, 16, 3]),
        (Crime::WriteAfterFree { block, damaged, found: 9 }, 0x19, [0x23, at, bad, 9]),
        (Crime::SpecialNotAllocated { address: block }, 0xC1, [at, 0, 0, 0x20]),
        (Crime::SpecialInterior { address: damaged, block }, 0xC1, [bad, at, 0, 0x21]),
        (Crime::SpecialOverflow { block, damaged, size }, 0xC1, [at, bad, 16, 0x23]),
        (Crime::SpecialUnderflow { block, damaged, size }, 0xC1, [at, bad, 16, 0x24]),
        (Crime::PagesRefused { pages: block, bytes: 0x2000 }, 0x1A, [0x888A, at, 0x2000, 0]),
        (Crime::LinkCorrupt { entry: block, neighbour: damaged }, 0x139, [3, at, bad, 0]),
    ];
    for (crime, code, parameters) in table {
        let check = crime.bug_check();
        assert_eq!((check.code, check.parameters), (code, parameters), "{crime}");
        assert!(!crime.to_string().is_empty());
    }
}
