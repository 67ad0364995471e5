//! Rings against a queue of the standard library.

extern crate std;
use std::boxed::Box;
use std::collections::VecDeque;
use std::vec::Vec;

use super::{Corrupt, Link, Ring};
use core::ptr::NonNull;

use proptest::prelude::*;

fn entries(count: usize) -> Box<[Link]> {
    (0..count).map(|_| Link::new()).collect()
}

fn order(ring: &Ring) -> Vec<NonNull<Link>> {
    // SAFETY: the ring led to each entry.
    core::iter::successors(ring.first(), |entry| unsafe { ring.after(*entry) }).collect()
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Push(usize),
    PushFirst(usize),
    Remove(usize),
    Pop,
    PopLast,
    Append,
    Swap,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let which = 0..8_usize;
    let action = prop_oneof![
        3 => which.clone().prop_map(Action::Push),
        3 => which.clone().prop_map(Action::PushFirst),
        3 => which.prop_map(Action::Remove),
        1 => Just(Action::Pop),
        1 => Just(Action::PopLast),
        1 => Just(Action::Append),
        1 => Just(Action::Swap),
    ];
    prop::collection::vec(action, 0..64)
}

proptest! {
    #[test]
    fn two_rings_behave_as_two_queues_of_the_standard_library(actions in actions()) {
        let owned = entries(8);
        let links: Vec<NonNull<Link>> = owned.iter().map(NonNull::from).collect();
        let mut rings = [Ring::new(), Ring::new()];
        let mut models: [VecDeque<NonNull<Link>>; 2] = Default::default();
        for action in actions {
            let ([ring, other], [model, another]) = (&mut rings, &mut models);
            match action {
                Action::Push(which) if !owned[which].is_linked() => {
                    // SAFETY: the entry is in no ring, and the slice outlives both.
                    unsafe { ring.push(links[which]) };
                    model.push_back(links[which]);
                }
                Action::PushFirst(which) if !owned[which].is_linked() => {
                    // SAFETY: the entry is in no ring, and the slice outlives both.
                    unsafe { ring.push_first(links[which]) };
                    model.push_front(links[which]);
                }
                Action::Remove(which) => {
                    if let Some(place) = model.iter().position(|&entry| entry == links[which]) {
                        model.remove(place);
                        // SAFETY: the model says that the entry is in this ring.
                        prop_assert_eq!(unsafe { ring.remove(links[which]) }, Ok(()));
                    }
                }
                Action::Push(_) | Action::PushFirst(_) => {}
                Action::Pop => prop_assert_eq!(ring.pop(), Ok(model.pop_front())),
                Action::PopLast => prop_assert_eq!(ring.pop_last(), Ok(model.pop_back())),
                Action::Append => {
                    prop_assert_eq!(ring.append(other), Ok(()));
                    model.append(another);
                }
                Action::Swap => {
                    core::mem::swap(ring, other);
                    core::mem::swap(model, another);
                }
            }
            for (ring, model) in rings.iter().zip(&models) {
                prop_assert_eq!(&order(ring), &Vec::from(model.clone()));
                prop_assert_eq!((ring.first(), ring.last()), (model.front().copied(), model.back().copied()));
                prop_assert_eq!(ring.only(), model.front().copied().filter(|_| model.len() == 1));
                prop_assert_eq!((ring.is_empty(), ring.verify()), (model.is_empty(), Ok(model.len())));
            }
            for (link, entry) in owned.iter().zip(&links) {
                prop_assert_eq!(link.is_linked(), models.iter().any(|model| model.contains(entry)));
            }
        }
    }
}

fn filled(owned: &[Link]) -> Ring {
    let mut ring = Ring::new();
    for entry in owned {
        // SAFETY: the entry is in no ring, and the slice outlives the ring.
        unsafe { ring.push(NonNull::from(entry)) };
    }
    ring
}

#[test]
fn a_link_that_was_overwritten_is_found_and_nothing_changes() {
    let owned = entries(3);
    let mut ring = filled(&owned);
    let middle = NonNull::from(&owned[1]);
    let corrupt = Corrupt { entry: middle.addr().get() };
    let honest = owned[2].previous.replace(Some(NonNull::from(&owned[0])));
    // SAFETY: the entry is in the ring.
    assert_eq!(unsafe { ring.remove(middle) }, Err(corrupt));
    assert_eq!(ring.verify(), Err(corrupt));
    owned[2].previous.set(honest);
    // SAFETY: the entry is still in the ring.
    assert_eq!(unsafe { ring.remove(middle) }, Ok(()));
    assert_eq!(order(&ring), [NonNull::from(&owned[0]), NonNull::from(&owned[2])]);
}

#[test]
fn a_look_at_all_links_ends_even_if_they_run_in_a_circle_beside_the_first() {
    let owned = entries(4);
    let ring = filled(&owned);
    // The last leads to the second: a walk that looked for the first would never end.
    owned[3].next.set(Some(NonNull::from(&owned[1])));
    assert_eq!(ring.verify(), Err(Corrupt { entry: NonNull::from(&owned[3]).addr().get() }));
}

#[test]
fn an_entry_taken_out_twice_is_reported() {
    let owned = entries(2);
    let mut ring = filled(&owned);
    let first = NonNull::from(&owned[0]);
    // SAFETY: the entry is in the ring.
    assert_eq!(unsafe { ring.remove(first) }, Ok(()));
    // SAFETY: it is not, which is what is tested: its links lead nowhere, so nothing is followed.
    assert_eq!(unsafe { ring.remove(first) }, Err(Corrupt { entry: first.addr().get() }));
    assert_eq!(ring.verify(), Ok(1));
}
