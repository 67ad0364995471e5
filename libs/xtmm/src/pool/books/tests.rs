//! Runs of units: found where there are some, and only there.

extern crate std;

use super::{EMPTY, find_run, list_of};

#[test]
#[cfg_attr(miri, ignore = "it looks at every mask, which takes an interpreter an hour")]
fn a_run_is_found_exactly_when_there_is_one() {
    let mut mask = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835_u128;
    for round in 0..8_000_u128 {
        mask = (mask ^ mask << 13).wrapping_mul(0x2545_F491_4F6C_DD1D_9FB2_1C65_1E98_DF25).rotate_left(17)
            ^ round;
        let sparse = mask & mask.rotate_left(23) & mask.rotate_left(41);
        for candidate in [mask, sparse, !sparse, sparse | EMPTY] {
            for count in 1..128 {
                let slow =
                    (0..=128 - count).find(|&at| (at..at + count).all(|bit| candidate >> bit & 1 == 0));
                assert_eq!(find_run(candidate, count), slow, "{candidate:#x}, {count}");
            }
        }
    }
}

#[test]
fn a_page_is_listed_by_its_longest_run() {
    assert_eq!(list_of(EMPTY), Some(6));
    assert_eq!(list_of(u128::MAX), None);
    assert_eq!(list_of(!(1 << 127)), Some(0));
    assert_eq!(list_of(!(0b111 << 20)), Some(1));
    assert_eq!(list_of(!(0xFFFF << 20)), Some(4));
}
