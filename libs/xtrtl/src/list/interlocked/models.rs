//! Every interleaving of what processors do to a stack, and the stack without its sequence, which must be found.

extern crate std;
use std::boxed::Box;
use std::vec::Vec;

use loom::thread;

use super::{Handle, Slab, Slot, Stack};

type Pushes = for<'s> fn(&'s Stack<'static, u32>, Handle<'static, u32>);

fn rightly(stack: &Stack<'static, u32>, entry: Handle<'static, u32>) {
    stack.push(entry).unwrap();
}

fn without_sequence(stack: &Stack<'static, u32>, entry: Handle<'static, u32>) {
    stack.push_without_sequence(entry);
}

/// Returns a stack of so many entries, the last on top, and the handles to so many others. It is leaked: the twin loses
/// entries, and a model that failed cannot be asked any more.
fn stack(pushed: u32, held: u32) -> (&'static Stack<'static, u32>, Vec<Handle<'static, u32>>) {
    let slots: Box<[Slot<u32>]> = (0..pushed + held).map(Slot::new).collect();
    let (slab, mut handles) = Slab::new(Box::leak(slots)).unwrap();
    let stack = Box::leak(Box::new(Stack::new(slab)));
    handles.by_ref().take(pushed as usize).for_each(|entry| stack.push(entry).unwrap());
    (stack, handles.collect())
}

fn numbers(entries: &[Handle<'static, u32>]) -> Vec<u32> {
    let mut numbers: Vec<u32> = entries.iter().map(|entry| **entry).collect();
    numbers.sort_unstable();
    numbers
}

/// One processor pops while another one takes what is on top and what is under it, and puts the first back over something
/// else: depth and top are as before.
fn the_top_comes_back(push: Pushes) {
    loom::model(move || {
        let (stack, mut held) = stack(2, 1);
        let other = thread::spawn(move || stack.pop());
        let (top, under) = (stack.pop(), stack.pop());
        let mut mine: Vec<_> = held.pop().into_iter().collect();
        match (top, under) {
            (Some(top), Some(under)) => {
                push(stack, mine.pop().unwrap());
                push(stack, top);
                mine.push(under);
            }
            (top, under) => mine.extend(top.into_iter().chain(under)),
        }
        mine.extend(other.join().unwrap());
        mine.extend(stack.flush());
        assert_eq!(numbers(&mine), [0, 1, 2], "each entry is owned once");
    });
}

#[test]
fn an_entry_that_comes_back_on_top_deceives_nobody() {
    the_top_comes_back(rightly);
}

#[test]
#[should_panic(expected = "each entry is owned once")]
fn a_stack_without_a_sequence_is_found() {
    the_top_comes_back(without_sequence);
}

#[test]
fn what_is_written_before_a_push_is_seen_after_the_pop() {
    loom::model(|| {
        let (stack, held) = stack(0, 2);
        let pushers: Vec<_> = held
            .into_iter()
            .map(|mut entry| {
                thread::spawn(move || {
                    *entry += 10;
                    stack.push(entry).unwrap();
                })
            })
            .collect();
        let mut mine: Vec<_> = stack.pop().into_iter().collect();
        pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        mine.extend(stack.flush());
        assert_eq!(numbers(&mine), [10, 11]);
        assert_eq!((stack.depth(), stack.sequence()), (0, 2));
    });
}

#[test]
fn a_flush_and_a_pop_share_out_what_is_there() {
    loom::model(|| {
        let (stack, mut held) = stack(2, 1);
        let entry = held.pop().unwrap();
        let other = thread::spawn(move || {
            let popped = stack.pop();
            stack.push(entry).unwrap();
            popped
        });
        let mut mine: Vec<_> = stack.flush().collect();
        mine.extend(other.join().unwrap());
        assert_eq!(usize::from(stack.depth()), 3 - mine.len());
        mine.extend(stack.flush());
        assert_eq!(numbers(&mine), [0, 1, 2]);
    });
}
