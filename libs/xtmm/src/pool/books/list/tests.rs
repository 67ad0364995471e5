//! Lists keep their order and notice a link that somebody changed.

extern crate std;
use std::vec::Vec;

use super::{Head, Links, Stranger};
use crate::pool::books::Unit;

fn unit(number: u32) -> Unit {
    Unit::from_raw(number).unwrap()
}

fn entries() -> Vec<Links> {
    (0..8).map(|_| Links::default()).collect()
}

#[test]
fn entries_leave_from_everywhere() {
    let all = entries();
    let links = |entry: Unit| &all[entry.index()];
    let mut head = Head::EMPTY;
    (1..=5).for_each(|number| head.push(unit(number), links));
    for leaving in [3, 5, 1, 2, 4] {
        head.remove(unit(leaving), links).unwrap();
        let mut at = head.first();
        while let Some(entry) = at {
            assert_ne!(entry, unit(leaving));
            at = links(entry).next();
        }
    }
    assert_eq!(head.first(), None);
}

#[test]
fn a_changed_link_is_noticed_and_nothing_is_unlinked() {
    let all = entries();
    let links = |entry: Unit| &all[entry.index()];
    let mut head = Head::EMPTY;
    (1..=4).for_each(|number| head.push(unit(number), links));
    links(unit(4)).chain(Some(unit(2)));
    assert_eq!(head.remove(unit(3), links), Err(Stranger(unit(4))));
    links(unit(4)).chain(Some(unit(3)));
    assert_eq!(head.remove(unit(3), links), Ok(()));
    assert_eq!(head.remove(unit(3), links), Err(Stranger(unit(2))), "an entry leaves only once");
}
