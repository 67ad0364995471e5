//! Every interleaving of processors that give tags their places, in the model checker.
//!
//! The table's own source is compiled here, with the checker's atomics instead of the processor's. What else processors
//! share in a pool is behind locks, or is counted by one processor and only read by others.
#![allow(dead_code, unreachable_pub, reason = "the table's source serves the library, too")]
#![allow(clippy::unwrap_used, reason = "tests stop at a surprise")]

mod atomic {
    pub use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
}

#[path = "../src/pool/tags/table.rs"]
mod table;

use loom::sync::Arc;
use loom::thread;
use table::{Entry, Place, Table};

fn empty<const N: usize>() -> Table<N> {
    let entry = || Entry { tag: atomic::AtomicU32::new(0), quota: atomic::AtomicUsize::new(0) };
    Table { own: std::array::from_fn(|_| entry()), shared: entry() }
}

/// Lets processors insert their tags at the same time; returns the table and the places.
fn race<const N: usize>(tags: &[&'static [u32]]) -> (Arc<Table<N>>, Vec<Vec<(u32, Place)>>) {
    let table = Arc::new(empty::<N>());
    let processors: Vec<_> = tags
        .iter()
        .map(|&tags| {
            let table = Arc::clone(&table);
            let insert = move |&tag| (tag, table.find(tag).unwrap_or_else(|| table.insert(tag)));
            thread::spawn(move || tags.iter().map(insert).collect::<Vec<_>>())
        })
        .collect();
    let places = processors.into_iter().map(|processor| processor.join().unwrap()).collect();
    (table, places)
}

#[test]
fn a_tag_that_two_processors_insert_gets_one_place() {
    loom::model(|| {
        let (table, places) = race::<4>(&[&[7, 8], &[8, 7]]);
        let mut seen = Vec::new();
        for (tag, place) in places.into_iter().flatten() {
            assert_eq!(table.find(tag), Some(place));
            assert_eq!(table.tag(place), tag);
            seen.push(place.get());
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2);
    });
}

#[test]
fn the_last_place_goes_to_one_tag_and_the_other_shares() {
    loom::model(|| {
        let (table, places) = race::<2>(&[&[1], &[2], &[3]]);
        let own = places.iter().flatten().filter(|(_, place)| *place != Place::OVERFLOW);
        assert_eq!(own.clone().count(), 2);
        assert!(own.clone().all(|&(tag, place)| table.find(tag) == Some(place)));
    });
}
