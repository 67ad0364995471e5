//! Rings against a queue of the standard library.

extern crate std;
use std::boxed::Box;
use std::collections::VecDeque;
use std::vec::Vec;

use super::{Corrupt, Link, Ring};
use core::ptr::NonNull;

fn entries(count: usize) -> Box<[Link]> {
    (0..count).map(|_| Link::new()).collect()
}

#[test]
fn what_comes_first_leaves_first_and_anything_leaves_from_anywhere() {
    let owned = entries(8);
    let links: Vec<NonNull<Link>> = owned.iter().map(NonNull::from).collect();
    let (mut ring, mut model) = (Ring::new(), VecDeque::new());
    let mut random = 12345_u32;
    for _ in 0..2_000 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let which = (random >> 16) as usize % links.len();
        match (owned[which].is_linked(), random >> 28) {
            // SAFETY: the entry is in no ring, and the slice outlives the ring.
            (false, _) => unsafe { ring.push(links[which]) },
            (true, 0..4) => assert_eq!(ring.pop(), Ok(model.front().copied())),
            (true, 4..8) => assert_eq!(ring.pop_last(), Ok(model.back().copied())),
            // SAFETY: there is one ring, and the entry is linked.
            (true, _) => assert_eq!(unsafe { ring.remove(links[which]) }, Ok(())),
        }
        match model.iter().position(|&entry| !is_linked(entry)) {
            Some(gone) => drop(model.remove(gone)),
            None => model.push_back(links[which]),
        }
        assert_eq!(ring.first(), model.front().copied());
        assert_eq!(ring.only(), model.front().copied().filter(|_| model.len() == 1));
        assert_eq!(ring.is_empty(), model.is_empty());
    }
}

fn is_linked(entry: NonNull<Link>) -> bool {
    // SAFETY: the entries of a test outlive its ring.
    unsafe { entry.as_ref() }.is_linked()
}

#[test]
fn a_link_that_was_overwritten_is_found_and_nothing_changes() {
    let owned = entries(3);
    let mut ring = Ring::new();
    for entry in &*owned {
        // SAFETY: the entry is in no ring, and the slice outlives the ring.
        unsafe { ring.push(NonNull::from(entry)) };
    }
    let middle = NonNull::from(&owned[1]);
    let honest = owned[2].previous.replace(Some(NonNull::from(&owned[0])));
    // SAFETY: the entry is in the ring.
    assert_eq!(unsafe { ring.remove(middle) }, Err(Corrupt(middle)));
    owned[2].previous.set(honest);
    // SAFETY: the entry is still in the ring.
    assert_eq!(unsafe { ring.remove(middle) }, Ok(()));
    assert_eq!(ring.first(), Some(NonNull::from(&owned[0])));
}
