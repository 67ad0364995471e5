//! Two lists that want the same entry at once.

extern crate std;
use std::boxed::Box;
use std::pin::Pin;

use loom::thread;

use super::{AlreadyIn, Entry};

type Claims = fn(&Entry<()>, usize) -> Result<(), AlreadyIn>;

/// Two processors claim an entry for lists of their own.
fn two_lists_want_an_entry(claim: Claims) {
    loom::model(move || {
        let entry: &'static Entry<()> = Box::leak(Box::new(Entry::new(())));
        let other = thread::spawn(move || claim(entry, 1));
        let mine = claim(entry, 2);
        let winner = match (mine, other.join().unwrap()) {
            (Ok(()), Err(refused)) => (refused, 2),
            (Err(refused), Ok(())) => (refused, 1),
            both => panic!("one list gets it: {both:?}"),
        };
        assert_eq!(winner, (AlreadyIn(winner.1), winner.1));
    });
}

#[test]
fn an_entry_that_two_lists_want_goes_to_one() {
    two_lists_want_an_entry(Entry::claim);
}

#[test]
#[should_panic(expected = "one list gets it")]
fn a_claim_that_looks_and_then_writes_is_found() {
    two_lists_want_an_entry(Entry::claim_by_looking);
}

#[test]
fn an_entry_goes_from_list_to_list() {
    loom::model(|| {
        let entry: &'static Entry<()> = Box::leak(Box::new(Entry::new(())));
        let mut mine = Box::pin(super::List::new());
        mine.as_mut().push(entry).unwrap();
        let other = thread::spawn(move || {
            let mut theirs = Box::pin(super::List::new());
            let pushed = theirs.as_mut().push(entry);
            assert_eq!(pushed.is_ok(), theirs.contains(entry));
            // Only who has the entry finds it, and the checks of the ring find its links whole.
            assert_eq!(Pin::as_mut(&mut theirs).pop().unwrap().is_some(), pushed.is_ok());
        });
        mine.as_mut().remove(entry).unwrap();
        other.join().unwrap();
        assert_eq!(entry.home(), None);
    });
}
