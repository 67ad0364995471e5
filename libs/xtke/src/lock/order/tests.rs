extern crate std;
use core::hint::spin_loop;
use std::any::Any;
use std::boxed::Box;
use std::string::String;
use std::sync::Mutex;
use std::vec::Vec;
use std::{format, thread};

use proptest::prelude::*;

use super::*;

const A: Class = Class::new("a");
const B: Class = Class::new("b");
const C: Class = Class::new("c");

fn claim(class: Class, address: usize) -> Claim {
    Claim { class, address, level: RunLevel::Dispatch }
}

fn watch() -> Watch {
    Watch::new(keep(Order::new()), keep(Held::new()))
}

/// Keeps a value for ever, where a search for leaks finds it.
fn keep<T: Any + Send + Sync>(value: T) -> &'static T {
    static KEPT: Mutex<Vec<&'static (dyn Any + Send + Sync)>> = Mutex::new(Vec::new());
    let value = Box::leak(Box::new(value));
    KEPT.lock().unwrap().push(value);
    value
}

/// Wants and takes locks, each under those before it, and leaves them all.
fn take(watch: Watch, locks: &[Claim]) -> Result<(), Misuse> {
    let result = locks.iter().try_for_each(|lock| {
        watch.wanted(*lock, spin_loop)?;
        watch.taken(*lock, spin_loop);
        Ok(())
    });
    locks.iter().for_each(|lock| watch.held.remove(lock.address));
    result
}

fn edges(order: &Order) -> Vec<(&'static str, &'static str)> {
    order.edges().map(|(held, wanted)| (held.name(), wanted.name())).collect()
}

#[test]
fn one_order_may_be_taken_as_often_as_one_likes() {
    let watch = watch();
    for _ in 0..3 {
        assert_eq!(take(watch, &[claim(A, 1), claim(B, 2), claim(C, 3)]), Ok(()));
        assert_eq!(take(watch, &[claim(A, 1), claim(C, 3)]), Ok(()));
    }
    assert_eq!(edges(watch.order), [("a", "b"), ("a", "c"), ("b", "c")]);
    assert_eq!((watch.held.count(), watch.order.left_out()), (0, 0));
}

#[test]
fn the_other_way_round_is_an_inversion_with_both_names() {
    let watch = watch();
    assert_eq!(take(watch, &[claim(A, 1), claim(B, 2)]), Ok(()));
    let found = take(watch, &[claim(B, 2), claim(A, 1)]);
    assert_eq!(found, Err(Misuse::LockOrder { held: "b", wanted: "a" }));
}

#[test]
fn an_inversion_through_a_third_lock_is_found() {
    let watch = watch();
    assert_eq!(take(watch, &[claim(A, 1), claim(B, 2)]), Ok(()));
    assert_eq!(take(watch, &[claim(B, 2), claim(C, 3)]), Ok(()));
    assert_eq!(take(watch, &[claim(C, 3), claim(A, 1)]), Err(Misuse::LockOrder { held: "c", wanted: "a" }));
}

#[test]
fn locks_of_a_class_are_taken_by_ascending_address() {
    let watch = watch();
    assert_eq!(take(watch, &[claim(A, 1), claim(A, 2), claim(A, 7)]), Ok(()));
    assert_eq!(edges(watch.order), []);
    assert_eq!(take(watch, &[claim(A, 2), claim(A, 1)]), Err(Misuse::LockOrder { held: "a", wanted: "a" }));
}

#[test]
fn a_wait_for_all_of_the_most_objects_leaves_room_for_what_is_taken_under_it() {
    let watch = watch();
    let objects = (1..=crate::wait::MAX_OBJECTS).map(|address| claim(A, address));
    let all: Vec<_> = objects.chain([claim(B, 1000), claim(C, 2000)]).collect();
    assert_eq!(take(watch, &all), Ok(()));
    assert_eq!(edges(watch.order), [("a", "b"), ("a", "c"), ("b", "c")]);
    assert_eq!(watch.order.left_out(), 0);
}

#[test]
fn memory_with_a_lock_in_it_is_known_while_the_lock_is_held() {
    let watch = watch();
    watch.taken(claim(A, 100), spin_loop);
    watch.taken(claim(B, 200), spin_loop);
    assert_eq!(watch.lock_within(&(150..250)), Some((B, 200)));
    assert_eq!((watch.lock_within(&(101..200)), watch.lock_within(&(0..100))), (None, None));
    watch.held.remove(200);
    assert_eq!(watch.lock_within(&(150..250)), None);
}

#[test]
fn what_is_held_and_wanted_again_is_a_lock_taken_twice() {
    let watch = watch();
    let found = take(watch, &[claim(A, 1), claim(B, 2), claim(A, 1)]);
    assert_eq!(found, Err(Misuse::LockTwice { lock: "a", address: 1 }));
}

#[test]
fn locks_that_are_left_in_another_order_are_left() {
    let watch = watch();
    for lock in [claim(A, 1), claim(B, 2), claim(C, 3)] {
        watch.taken(lock, spin_loop);
    }
    watch.held.remove(1);
    watch.held.remove(3);
    assert_eq!(watch.held.iter().map(|(_, address)| address).collect::<Vec<_>>(), [2]);
    watch.held.remove(99);
    assert_eq!(watch.held.count(), 1);
}

#[test]
fn a_lock_taken_by_trying_makes_no_edge_but_counts_as_held() {
    let watch = watch();
    watch.taken(claim(B, 2), spin_loop);
    watch.taken(claim(A, 1), spin_loop);
    assert_eq!(edges(watch.order), []);
    assert_eq!(watch.wanted(claim(C, 3), spin_loop), Ok(()));
    assert_eq!(edges(watch.order), [("b", "c"), ("a", "c")]);
}

#[test]
fn classes_are_the_same_by_name_and_listed_with_their_highest_level() {
    let watch = watch();
    let same = Class::new(keep(String::from("a")));
    assert_eq!(take(watch, &[claim(A, 1)]), Ok(()));
    assert_eq!(take(watch, &[Claim { class: same, address: 2, level: RunLevel::Device }]), Ok(()));
    let classes: Vec<_> = watch.order.classes().map(|(class, level)| (class.name(), level)).collect();
    assert_eq!(classes, [("a", RunLevel::Device)]);
}

#[test]
fn classes_and_locks_beyond_the_tables_are_counted() {
    let watch = watch();
    for number in 0..=Order::CLASSES {
        let class = Class::new(keep(format!("{number}")));
        assert_eq!(take(watch, &[claim(class, number)]), Ok(()));
    }
    assert_eq!((watch.order.classes().count(), watch.order.left_out()), (Order::CLASSES, 1));
    let first = Class::new("0");
    let many: Vec<_> = (1..=Held::LOCKS + 2).map(|address| claim(first, address)).collect();
    assert_eq!(take(watch, &many), Ok(()));
    assert_eq!((watch.held.count(), watch.order.left_out()), (0, 3));
}

#[test]
fn of_processors_that_contradict_each_other_at_a_time_one_at_least_is_told() {
    for _ in 0..if cfg!(miri) { 10 } else { 1000 } {
        let order = keep(Order::new());
        let other = |first: Class, second: Class| {
            thread::spawn(move || {
                let watch = Watch::new(order, keep(Held::new()));
                take(watch, &[claim(first, first.name().len()), claim(second, 9)])
            })
        };
        let found = [other(A, B), other(B, A)].map(|other| other.join().unwrap());
        assert!(found.iter().any(Result::is_err), "{found:?}");
        assert_eq!(order.classes().count(), 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// A search over plain lists says the same as the matrix.
    #[test]
    fn an_edge_is_refused_exactly_if_it_closes_a_circle(pairs in prop::collection::vec((0..8_usize, 0..8_usize), 1..40)) {
        const NAMES: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
        let watch = watch();
        let mut known: Vec<(usize, usize)> = Vec::new();
        for (held, wanted) in pairs.into_iter().filter(|(held, wanted)| held != wanted) {
            let mut below = Vec::from([wanted]);
            let mut at = 0;
            while let Some(class) = below.get(at).copied() {
                let next = known.iter().filter(|(above, _)| *above == class).map(|(_, under)| *under);
                let new: Vec<_> = next.filter(|class| !below.contains(class)).collect();
                below.extend(new);
                at += 1;
            }
            let claims = [held, wanted].map(|class| claim(Class::new(NAMES[class]), class + 1));
            let found = take(watch, &claims);
            if below.contains(&held) {
                prop_assert_eq!(found, Err(Misuse::LockOrder { held: NAMES[held], wanted: NAMES[wanted] }));
                // The machine would have stopped.
                break;
            }
            prop_assert_eq!(found, Ok(()));
            known.push((held, wanted));
        }
    }
}
