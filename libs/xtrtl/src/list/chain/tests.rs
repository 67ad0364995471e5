//! Chains against a vector.

extern crate std;
use std::boxed::Box;
use std::vec::Vec;

use super::*;
use proptest::prelude::*;

struct Entry {
    number: usize,
    next: Next<Self>,
}

// SAFETY: the link is the entry's only one.
unsafe impl Chained for Entry {
    fn next(&self) -> &Next<Self> {
        &self.next
    }
}

proptest! {
    #[test]
    fn a_chain_behaves_as_a_vector_that_grows_at_its_end(actions in prop::collection::vec(0..8_u8, 0..64)) {
        let entries: Box<[Entry]> = (0..8).map(|number| Entry { number, next: Next::new() }).collect();
        let (mut chain, mut model) = (Chain::<Entry>::new(), Vec::new());
        for action in actions {
            match action {
                0..=4 => {
                    let Some(free) = (0..8).find(|number| !model.contains(number)) else { continue };
                    // SAFETY: the model says that the entry is in no chain; the box outlives the chain.
                    unsafe { chain.push(NonNull::from(&entries[free])) };
                    model.push(free);
                }
                5 | 6 => {
                    // SAFETY: the entries live in the box.
                    let popped = chain.pop().map(|entry| unsafe { entry.as_ref() }.number);
                    prop_assert_eq!(popped, model.pop());
                }
                _ => {
                    chain.reverse();
                    model.reverse();
                }
            }
            let numbers: Vec<usize> = chain.iter().map(|entry| entry.number).collect();
            prop_assert_eq!(numbers, model.iter().rev().copied().collect::<Vec<_>>());
            prop_assert_eq!(chain.is_empty(), model.is_empty());
        }
    }
}
