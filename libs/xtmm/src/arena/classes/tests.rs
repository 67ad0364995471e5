extern crate std;

use std::collections::BTreeSet;
use std::vec::Vec;

use super::{Class, Classes, POWERS, SPLIT};
use crate::arena::record::MOST_PAGES;

fn lengths() -> Vec<usize> {
    let edges = (0..MOST_PAGES.ilog2() + 1).flat_map(|log| {
        let power = 1_usize << log;
        [power - 1, power, power + 1, power + power / 3, power + power / 16, power + power / 16 - 1]
    });
    // An interpreter is too slow for all pairs of them.
    let dense = if cfg!(miri) { 70 } else { 3000 };
    let all: BTreeSet<usize> =
        (1..dense).chain(edges).filter(|pages| (1..=MOST_PAGES as usize).contains(pages)).collect();
    all.into_iter().collect()
}

#[test]
fn longer_runs_never_have_lower_classes() {
    let lengths = lengths();
    assert!(lengths.windows(2).all(|pair| Class::of(pair[0]) <= Class::of(pair[1])));
    assert!(lengths.iter().all(|pages| Class::of(*pages).0 < POWERS * SPLIT));
}

#[test]
fn a_class_that_surely_fits_holds_no_shorter_run() {
    let lengths = lengths();
    for wanted in &lengths {
        let Some(sure) = Class::at_least(*wanted) else {
            assert!(*wanted > MOST_PAGES as usize / 32 * 31, "{wanted} pages have a class");
            continue;
        };
        assert!(sure >= Class::of(*wanted));
        assert!(lengths.iter().all(|pages| Class::of(*pages) < sure || pages >= wanted));
    }
}

#[test]
fn below_thirty_two_pages_every_length_has_its_own_class() {
    for pages in 1..32 {
        assert_eq!(Class::at_least(pages), Some(Class::of(pages)));
        assert_ne!(Class::of(pages), Class::of(pages + 1));
    }
}

#[test]
fn the_lowest_class_with_a_run_is_found_whatever_else_is_there() {
    let mut classes = Classes::new();
    let mut model = BTreeSet::new();
    let mut seed = 0x5EED_u64;
    for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let class = Class((seed >> 33) as usize % (POWERS * SPLIT));
        if seed >> 20 & 3 == 0 {
            classes.set_first(class, Some(class.0));
            model.insert(class.0);
        } else {
            classes.set_first(class, None);
            model.remove(&class.0);
        }
        let from = Class((seed >> 13) as usize % (POWERS * SPLIT));
        assert_eq!(classes.lowest_from(from).map(|class| class.0), model.range(from.0..).next().copied());
    }
}
