extern crate std;

use std::boxed::Box;
use std::vec::Vec;

use super::*;

struct Entry {
    link: Link<Self>,
    number: u32,
}

// SAFETY: the link is the entry's only one.
unsafe impl Linked for Entry {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

fn entries(numbers: core::ops::Range<u32>) -> Box<[Entry]> {
    numbers.map(|number| Entry { link: Link::new(), number }).collect()
}

fn filled(entries: &[Entry]) -> List<Entry> {
    let mut list = List::new();
    for entry in entries {
        // SAFETY: the tests keep their entries in a box that outlives the list.
        unsafe { list.push(entry) };
    }
    list
}

fn numbers(list: &mut List<Entry>) -> Vec<u32> {
    let mut numbers = Vec::new();
    list.sweep(|entry| {
        numbers.push(entry.number);
        Step::Keep
    })
    .unwrap();
    numbers
}

#[test]
fn what_comes_first_leaves_first() {
    let entries = entries(0..3);
    let mut list = filled(&entries);
    let order: Vec<u32> = core::iter::from_fn(|| list.pop().unwrap())
        // SAFETY: the entries live in the box.
        .map(|entry| unsafe { entry.as_ref() }.number)
        .collect();
    assert_eq!(order, [0, 1, 2]);
    assert!(list.is_empty() && entries.iter().all(|entry| !entry.link.is_linked()));
}

#[test]
fn any_entry_can_be_taken_out_once_and_put_back_at_the_end() {
    for gone in 0..3 {
        let entries = entries(0..3);
        let mut list = filled(&entries);
        // SAFETY: the entry is in the list.
        assert_eq!(unsafe { list.remove(&entries[gone]) }, Ok(true));
        // SAFETY: the entry is in no list.
        assert_eq!(unsafe { list.remove(&entries[gone]) }, Ok(false));
        assert!(!numbers(&mut list).contains(&(gone as u32)));
        // SAFETY: the entry is in no list, and lives in the box.
        unsafe { list.push(&entries[gone]) };
        assert_eq!(numbers(&mut list).last(), Some(&(gone as u32)));
        assert_eq!(numbers(&mut list).len(), 3);
    }
}

#[test]
fn a_sweep_takes_out_what_it_is_told_and_stops_where_it_is_told() {
    let entries = entries(0..6);
    let mut list = filled(&entries);
    let mut seen = Vec::new();
    list.sweep(|entry| {
        seen.push(entry.number);
        match entry.number {
            4 => Step::Stop,
            odd if odd % 2 == 1 => Step::Remove,
            _ => Step::Keep,
        }
    })
    .unwrap();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&mut list), [0, 2, 4, 5]);
}

#[test]
fn an_entry_that_its_neighbours_do_not_know_is_reported_and_left() {
    let entries = entries(0..3);
    let mut list = filled(&entries);
    let address = NonNull::from(&entries[1]).as_ptr() as usize;
    let stolen = entries[0].link.next.replace(Some(NonNull::from(&entries[2])));
    // SAFETY: the entry was pushed into this list; that a link was overwritten is what is tested.
    assert_eq!(unsafe { list.remove(&entries[1]) }, Err(Corrupt { entry: address }));
    entries[0].link.next.set(stolen);
    // SAFETY: the entry is in the list.
    assert_eq!(unsafe { list.remove(&entries[1]) }, Ok(true));
    assert_eq!(numbers(&mut list), [0, 2]);
}
