//! The Nth question fails, and only that.

extern crate std;
use std::vec::Vec;

use super::{Injector, Site};

#[test]
fn the_nth_question_fails_and_no_other() {
    let injector = Injector::new();
    for nth in 1..20 {
        injector.arm(nth);
        let failed: Vec<u32> = (1..40).filter(|_| injector.fails(Site::Frame)).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(injector.disarm(), 1);
    }
    injector.arm(3);
    assert_eq!([false, false, true, false].map(|_| injector.fails(Site::Stack)), [false, false, true, false]);
}

#[test]
fn unarmed_nothing_fails_and_nothing_is_recorded() {
    let injector = Injector::new();
    assert!((0..100).all(|_| !injector.fails(Site::Frame)));
    assert_eq!(injector.seen().count(), 0);
    assert_eq!(injector.disarm(), 0);
}

#[test]
fn armed_with_zero_the_sites_are_recorded_only() {
    let injector = Injector::new();
    injector.arm(0);
    assert!(!injector.fails(Site::PoolSlab));
    assert!(!injector.fails(Site::StackGrowth));
    assert_eq!(injector.seen().collect::<Vec<_>>(), [Site::PoolSlab, Site::StackGrowth]);
}

#[test]
fn armed_at_a_site_the_questions_of_others_do_not_count() {
    let injector = Injector::new();
    injector.arm_at(Site::Backing, 2);
    assert!((0..10).all(|_| !injector.fails(Site::Frame)));
    assert_eq!([false, true, false].map(|_| injector.fails(Site::Backing)), [false, true, false]);
    assert_eq!(injector.disarm(), 1);
    injector.arm(1);
    assert!(injector.fails(Site::Frame), "all count again");
}
