//! Which idle processor is chosen.

use super::*;

/// Four cores of two processors; 0 to 3 are the first package, 4 to 7 the second.
fn board(idle: usize) -> Board {
    let board = Board::new();
    for cpu in 0..8 {
        board.join(CpuIndex::new(cpu), Seat { core: (cpu / 2) as u32, package: (cpu / 4) as u32 });
    }
    CpuSet::from_bits(idle).iter().for_each(|cpu| board.set_idle(cpu));
    board
}

fn chosen(idle: usize, allowed: usize, last: usize) -> Option<usize> {
    board(idle).choose_idle(CpuSet::from_bits(allowed), CpuIndex::new(last)).map(CpuIndex::get)
}

#[test]
fn where_it_ran_last_if_the_whole_core_is_idle() {
    assert_eq!(chosen(0b1111_1111, 0xFF, 5), Some(5));
}

#[test]
fn a_whole_idle_core_before_the_idle_sibling_of_a_busy_one() {
    assert_eq!(chosen(0b0000_1101, 0xFF, 0), Some(2));
}

#[test]
fn a_whole_idle_core_of_the_same_package_first() {
    assert_eq!(chosen(0b1100_1101, 0xFF, 0), Some(2));
    assert_eq!(chosen(0b1100_1100, 0xFF, 5), Some(6));
}

#[test]
fn a_whole_idle_core_elsewhere_before_a_sibling_here() {
    assert_eq!(chosen(0b1100_0001, 0xFF, 0), Some(6));
}

#[test]
fn an_idle_sibling_before_none_and_its_own_first() {
    assert_eq!(chosen(0b0001_0100, 0xFF, 4), Some(4));
    assert_eq!(chosen(0b0001_0100, 0xFF, 0), Some(2));
}

#[test]
fn never_one_that_is_not_allowed_or_not_idle() {
    assert_eq!(chosen(0b1111_0000, 0x0F, 0), None);
    assert_eq!(chosen(0, 0xFF, 0), None);
}

#[test]
fn an_idle_processor_is_claimed_once() {
    let board = board(0b10);
    assert!(board.claim_idle(CpuIndex::new(1)));
    assert!(!board.claim_idle(CpuIndex::new(1)));
    assert!(!board.claim_idle(CpuIndex::new(0)));
}

#[test]
fn a_request_is_made_once_until_it_is_taken() {
    let board = board(0);
    assert!(board.ask(CpuIndex::new(3)));
    assert!(!board.ask(CpuIndex::new(3)));
    assert!(board.was_asked(CpuIndex::new(3)));
    assert!(!board.was_asked(CpuIndex::new(3)));
    assert!(board.ask(CpuIndex::new(3)));
}
