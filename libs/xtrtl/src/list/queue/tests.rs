//! Queues with two links in an entry, and what a ring does not have: types and sweeps.

extern crate std;
use std::boxed::Box;
use std::vec::Vec;

use super::*;

/// The other link, which does not lie at the beginning.
struct Other;

struct Entry {
    number: u32,
    link: Link,
    other: Link,
}

// SAFETY: the link is used for no other kind of queue.
unsafe impl Linked for Entry {
    const OFFSET: usize = core::mem::offset_of!(Self, link);
}

// SAFETY: the link is used for no other kind of queue.
unsafe impl Linked<Other> for Entry {
    const OFFSET: usize = core::mem::offset_of!(Self, other);
}

fn entries(numbers: core::ops::Range<u32>) -> Box<[Entry]> {
    numbers.map(|number| Entry { number, link: Link::new(), other: Link::new() }).collect()
}

fn filled<Which>(entries: &[Entry]) -> Queue<Entry, Which>
where
    Entry: Linked<Which>,
{
    let mut queue = Queue::new();
    for entry in entries {
        // SAFETY: the tests keep their entries in a box that outlives the queue.
        unsafe { queue.push(NonNull::from(entry)) };
    }
    queue
}

fn numbers<Which>(queue: &Queue<Entry, Which>) -> Vec<u32>
where
    Entry: Linked<Which>,
{
    queue.iter().map(|entry| entry.number).collect()
}

#[test]
fn what_comes_first_leaves_first() {
    let entries = entries(0..3);
    let mut queue = filled::<()>(&entries);
    let order: Vec<u32> = core::iter::from_fn(|| queue.pop().unwrap())
        // SAFETY: the entries live in the box.
        .map(|entry| unsafe { entry.as_ref() }.number)
        .collect();
    assert_eq!(order, [0, 1, 2]);
    assert!(queue.is_empty() && entries.iter().all(|entry| !entry.link.is_linked()));
}

#[test]
fn an_entry_stands_in_two_queues_by_two_links() {
    let entries = entries(0..4);
    let (mut one, mut other) = (filled::<()>(&entries[..3]), filled::<Other>(&entries[1..]));
    // SAFETY: the entry is in this queue.
    assert_eq!(unsafe { one.remove(NonNull::from(&entries[1])) }, Ok(true));
    assert_eq!((numbers(&one), numbers(&other)), (std::vec![0, 2], std::vec![1, 2, 3]));
    // SAFETY: the entry is in no queue of this link.
    assert_eq!(unsafe { other.remove(NonNull::from(&entries[0])) }, Ok(false));
    let last = other.pop_last().unwrap();
    assert_eq!(last, Some(NonNull::from(&entries[3])));
}

#[test]
fn any_entry_can_be_taken_out_once_and_put_back_at_either_end() {
    for gone in 0..3 {
        let entries = entries(0..3);
        let entry = NonNull::from(&entries[gone]);
        let mut queue = filled::<()>(&entries);
        // SAFETY: the entry is in the queue.
        assert_eq!(unsafe { queue.remove(entry) }, Ok(true));
        // SAFETY: the entry is in no queue.
        assert_eq!(unsafe { queue.remove(entry) }, Ok(false));
        assert!(!numbers(&queue).contains(&(gone as u32)));
        // SAFETY: the entry is in no queue, and lives in the box.
        unsafe { queue.push(entry) };
        assert_eq!(numbers(&queue).last(), Some(&(gone as u32)));
        // SAFETY: the entry is in the queue.
        assert_eq!(unsafe { queue.remove(entry) }, Ok(true));
        // SAFETY: the entry is in no queue, and lives in the box.
        unsafe { queue.push_first(entry) };
        assert_eq!(queue.first().map(|first| first.number), Some(gone as u32));
        assert_eq!(numbers(&queue).len(), 3);
    }
}

#[test]
fn a_queue_is_put_behind_another() {
    let entries = entries(0..5);
    let (mut front, mut back) = (filled::<()>(&entries[..2]), filled(&entries[2..]));
    assert_eq!(front.append(&mut back), Ok(()));
    assert_eq!((numbers(&front), back.is_empty()), (std::vec![0, 1, 2, 3, 4], true));
}

#[test]
fn a_sweep_takes_out_what_it_is_told_and_stops_where_it_is_told() {
    let entries = entries(0..6);
    let mut queue = filled::<Other>(&entries);
    let mut seen = Vec::new();
    queue
        .sweep(|entry| {
            seen.push(entry.number);
            match entry.number {
                4 => Step::Stop,
                odd if odd % 2 == 1 => Step::Remove,
                _ => Step::Keep,
            }
        })
        .unwrap();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&queue), [0, 2, 4, 5]);
}

#[test]
fn a_sweep_may_take_out_the_first_the_last_and_all() {
    for gone in 1..8_u32 {
        let entries = entries(0..3);
        let mut queue = filled::<()>(&entries);
        let is_gone = |number: u32| gone & (1 << number) != 0;
        let step = |entry: &Entry| if is_gone(entry.number) { Step::Remove } else { Step::Keep };
        queue.sweep(step).unwrap();
        assert_eq!(numbers(&queue), (0..3).filter(|&number| !is_gone(number)).collect::<Vec<_>>());
    }
}

#[test]
fn a_broken_link_is_told_by_the_address_of_its_entry() {
    let entries = entries(0..3);
    let mut queue = filled::<Other>(&entries);
    let middle = NonNull::from(&entries[1]);
    // Somebody pushes the first entry elsewhere without taking it out here.
    let mut stranger = Ring::new();
    // SAFETY: it breaks the promise, but follows no link of the entry.
    unsafe { stranger.push(NonNull::from(&entries[0].other)) };
    // SAFETY: the entry was pushed into this queue; that its neighbour does not know it is what is tested.
    assert_eq!(unsafe { queue.remove(middle) }, Err(Corrupt { entry: middle.addr().get() }));
    assert!(entries[1].other.is_linked());
}
