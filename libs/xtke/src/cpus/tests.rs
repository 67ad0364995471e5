//! Sets hold what was put in, up to a word's bits.

extern crate std;
use std::vec::Vec;

use super::*;

#[test]
fn a_set_lists_its_members_in_ascending_order() {
    let set = CpuSet::from_bits(0b1010_0001);
    assert_eq!(set.iter().map(CpuIndex::get).collect::<Vec<_>>(), [0, 5, 7]);
    assert!(set.contains(CpuIndex::new(5)) && !set.contains(CpuIndex::new(6)));
    assert_eq!(CpuSet::ALL.iter().count(), CpuSet::CAPACITY);
}

#[test]
fn a_processor_beyond_the_capacity_is_in_no_set() {
    let beyond = CpuIndex::new(CpuSet::CAPACITY);
    assert!(CpuSet::of(beyond).is_empty() && !CpuSet::ALL.contains(beyond));
    assert_eq!(CpuSet::NONE.first(), None);
}
