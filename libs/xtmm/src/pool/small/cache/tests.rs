//! A magazine gives out what came last, and gives away what came first.

extern crate std;
use core::array;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
use std::vec::Vec;

use super::{Batch, Entry, Magazine, Vacancy};
use crate::pool::books::RecordIndex;
use crate::pool::small::class::{ClassIndex, GRAIN};

fn vacancy(number: u32) -> Vacancy {
    Vacancy::new(number as usize * GRAIN, RecordIndex::new(1000 + number))
}

/// Shows a magazine of the class of 512 bytes, with room for two batches of 16.
fn with_magazine(look: impl FnOnce(&Magazine)) {
    let entries: [Entry; 33] =
        array::from_fn(|_| Entry { grains: AtomicU32::new(0), record: AtomicU32::new(0) });
    let class = ClassIndex::all().map(ClassIndex::class).find(|class| class.size == 512).unwrap();
    assert_eq!(Magazine::capacity(class), 32);
    let magazine = Magazine::new();
    magazine.open(Batch::new(NonNull::from(&entries).cast()), class);
    look(&magazine);
}

fn held(magazine: &Magazine) -> Vec<Vacancy> {
    magazine.oldest(u32::MAX).collect()
}

#[test]
fn the_place_that_came_last_goes_first() {
    with_magazine(|magazine| {
        assert_eq!(magazine.pop(), None);
        for number in 1..=3 {
            assert_eq!(magazine.push(vacancy(number)), Ok(()));
        }
        assert_eq!(magazine.peek(), Some(vacancy(3)));
        assert_eq!([magazine.pop(), magazine.pop()], [Some(vacancy(3)), Some(vacancy(2))]);
        assert_eq!(magazine.push(vacancy(4)), Ok(()));
        assert_eq!(held(magazine), [vacancy(1), vacancy(4)]);
    });
}

#[test]
fn a_full_magazine_hands_the_place_back() {
    with_magazine(|magazine| {
        assert!((1..=32).all(|number| magazine.push(vacancy(number)).is_ok()));
        assert_eq!(magazine.push(vacancy(33)), Err(vacancy(33)));
        assert_eq!((magazine.held(), magazine.peek()), (32, Some(vacancy(32))));
    });
}

#[test]
fn what_lies_behind_forgotten_places_moves_up() {
    with_magazine(|magazine| {
        assert!((1..=32).all(|number| magazine.push(vacancy(number)).is_ok()));
        assert!(magazine.oldest(16).eq((1..=16).map(vacancy)));
        magazine.forget(1, 16);
        assert!(magazine.oldest(u32::MAX).eq((17..=32).map(vacancy)));
        magazine.forget(3, 1);
        assert_eq!(held(magazine)[..4], [17, 18, 20, 21].map(vacancy));
        magazine.forget(15, 1);
        assert_eq!((magazine.held(), magazine.peek()), (14, Some(vacancy(31))));
    });
}

#[test]
fn a_closed_magazine_holds_nothing_and_takes_nothing() {
    with_magazine(|magazine| {
        assert_eq!(magazine.push(vacancy(1)), Ok(()));
        assert_eq!(magazine.close().map(|(_, count)| count), Some(1));
        assert!(!magazine.is_open() && magazine.close().is_none());
        assert_eq!((magazine.pop(), held(magazine).len()), (None, 0));
        assert_eq!(magazine.push(vacancy(2)), Err(vacancy(2)));
    });
}
