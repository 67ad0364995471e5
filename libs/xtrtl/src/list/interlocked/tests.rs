//! A stack against a vector, at its limits, and between threads. All interleavings of few steps: the models.

extern crate std;
use std::thread;
use std::vec::Vec;

use super::*;
use proptest::prelude::*;

fn slots(count: u32) -> Vec<Slot<u32>> {
    (0..count).map(Slot::new).collect()
}

proptest! {
    #[test]
    fn a_stack_behaves_as_a_vector_and_counts(actions in prop::collection::vec(0..10_u8, 0..64)) {
        let mut slots = slots(8);
        let (slab, handles) = Slab::new(&mut slots).unwrap();
        let (stack, mut model, mut pushes) = (Stack::new(slab), Vec::new(), 0);
        let mut held: Vec<_> = handles.collect();
        for action in actions {
            match action {
                0..=5 => {
                    let Some(mut entry) = held.pop() else { continue };
                    *entry += 100;
                    model.push(*entry);
                    pushes += 1;
                    stack.push(entry).unwrap();
                }
                6..=8 => {
                    let entry = stack.pop();
                    prop_assert_eq!(entry.as_deref().copied(), model.pop());
                    held.extend(entry);
                }
                _ => {
                    let flushed = stack.flush();
                    prop_assert_eq!(flushed.len(), model.len());
                    let before = held.len();
                    held.extend(flushed);
                    let numbers: Vec<u32> = held[before..].iter().map(|entry| **entry).collect();
                    prop_assert_eq!(numbers, model.drain(..).rev().collect::<Vec<_>>());
                }
            }
            prop_assert_eq!((usize::from(stack.depth()), stack.sequence()), (model.len(), pushes));
        }
    }

    #[test]
    fn a_head_keeps_what_is_put_into_it(sequence: u32, depth in 0..u16::MAX, top: u16, below: u16) {
        let head = Head(u64::from(sequence) << 32 | u64::from(depth) << 16 | u64::from(below));
        let pushed = head.pushed(top);
        prop_assert_eq!((pushed.sequence(), pushed.depth(), pushed.top()), (sequence.wrapping_add(1), depth + 1, top));
        let popped = pushed.popped(below);
        prop_assert_eq!((popped.sequence(), popped.depth(), popped.top()), (pushed.sequence(), depth, below));
        prop_assert_ne!(head, popped, "what comes back to the same top is another head");
        prop_assert_eq!(Head(head.0 & Head::EMPTIED), Head(u64::from(sequence) << 32));
    }
}

#[test]
fn an_entry_of_another_slab_is_handed_back() {
    let (mut mine, mut other) = (slots(2), slots(2));
    let (slab, _) = Slab::new(&mut mine).unwrap();
    let (_, others) = Slab::new(&mut other).unwrap();
    let stack = Stack::new(slab);
    for (number, entry) in others.enumerate() {
        let WrongSlab(entry) = stack.push(entry).unwrap_err();
        assert_eq!((*entry, stack.depth()), (number as u32, 0));
    }
}

#[test]
fn stacks_of_one_slab_share_its_entries() {
    let mut slots = slots(3);
    let (slab, handles) = Slab::new(&mut slots).unwrap();
    let (free, used) = (Stack::new(slab), Stack::new(slab));
    handles.for_each(|entry| free.push(entry).unwrap());
    used.push(free.pop().unwrap()).unwrap();
    assert_eq!((free.depth(), used.depth(), used.pop().map(|entry| *entry)), (2, 1, Some(2)));
}

#[test]
#[cfg_attr(miri, ignore = "the interpreter takes minutes for so many")]
fn a_slab_is_as_large_as_a_link_can_name_and_no_larger() {
    let mut full: Vec<Slot<()>> = (0..65_535).map(|_| Slot::new(())).collect();
    let (slab, handles) = Slab::new(&mut full).unwrap();
    let stack = Stack::new(slab);
    handles.for_each(|entry| stack.push(entry).unwrap());
    assert_eq!(stack.depth(), u16::MAX);
    assert_eq!(stack.flush().count(), 65_535);
    full.push(Slot::new(()));
    assert_eq!(Slab::new(&mut full).err(), Some(TooMany(65_536)));
    assert!(Stack::new(Slab::<()>::new(&mut []).unwrap().0).pop().is_none());
}

#[test]
fn threads_that_push_and_pop_never_share_an_entry() {
    const THREADS: u32 = 4;
    let rounds = if cfg!(miri) { 50 } else { 20_000 };
    let mut slots = slots(6);
    let (slab, handles) = Slab::new(&mut slots).unwrap();
    let stack = Stack::new(slab);
    handles.for_each(|mut entry| {
        *entry = 0;
        stack.push(entry).unwrap();
    });
    let total: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    for _ in 0..rounds {
                        let (one, other) = (stack.pop(), stack.pop());
                        for mut entry in [one, other].into_iter().flatten() {
                            // Not atomic: two owners would lose counts, and the interpreter would see them.
                            *entry += 1;
                            done += 1;
                            stack.push(entry).unwrap();
                        }
                    }
                    done
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(stack.depth(), 6);
    assert_eq!(stack.flush().map(|entry| *entry).sum::<u32>(), total);
}
