//! Stacks, the depot, and the request to hand back, without any allocator.

extern crate std;
use std::vec::Vec;

use super::depot::{Batch, Depot};
use super::stack::Stack;
use super::{BATCH, CpuCache, Kind, MAGAZINE, Magazine};
use crate::frames::units::Pfn;

fn filled(from: usize, count: usize) -> Magazine {
    let magazine = Magazine::new();
    assert_eq!(magazine.extend((from..from + count).map(Pfn)), count);
    magazine
}

#[test]
fn what_was_put_last_is_taken_first() {
    let stack = Stack::<3>::new();
    assert!(stack.push(Pfn(9)), "in front");
    assert!(stack.push(Pfn(1)) && stack.push(Pfn(2)) && stack.push(Pfn(3)));
    assert!(!stack.push(Pfn(4)), "full");
    assert!(stack.iter().eq([1, 2, 3, 9].map(Pfn)));
    assert_eq!((stack.count(), stack.room()), (4, 0));
    assert_eq!((stack.pop_below(Pfn(9)), stack.pop_below(Pfn(10))), (None, Some(Pfn(9))));
    assert_eq!(stack.pop_below(Pfn(3)), None);
    assert_eq!(stack.pop_below(Pfn(4)), Some(Pfn(3)));
    assert!(stack.oldest(5).eq([1, 2].map(Pfn)));
    stack.forget_oldest(1);
    assert_eq!((stack.pop(), stack.pop()), (Some(Pfn(2)), None));
}

#[test]
fn the_front_is_filled_first_and_stays_when_the_oldest_go() {
    let stack = Stack::<3>::new();
    stack.extend([1, 2].map(Pfn).into_iter());
    assert!(stack.push(Pfn(3)) && stack.push(Pfn(4)));
    assert_eq!(stack.pop(), Some(Pfn(3)), "the front");
    assert!(stack.push(Pfn(5)));
    stack.forget_oldest(3);
    assert_eq!((stack.count(), stack.pop(), stack.pop()), (1, Some(Pfn(5)), None));
    assert!(stack.push(Pfn(6)) && stack.push(Pfn(7)));
    stack.forget_all();
    assert_eq!((stack.count(), stack.pop()), (0, None));
}

#[test]
fn one_below_the_newest_can_go() {
    let stack = Stack::<4>::new();
    assert!([9, 1, 2, 3, 4].into_iter().all(|number| stack.push(Pfn(number))));
    assert_eq!((stack.below(0), stack.below(3), stack.below(4)), (Some(Pfn(4)), Some(Pfn(1)), None));
    stack.forget_below(1);
    assert!(stack.iter().eq([1, 2, 4, 9].map(Pfn)));
    stack.forget_below(3);
    assert!(stack.iter().eq([1, 2, 4, 9].map(Pfn)), "there is none");
    stack.forget_below(2);
    assert!(stack.iter().eq([2, 4, 9].map(Pfn)));
}

#[test]
fn consecutive_numbers_are_put_the_highest_first_all_or_none() {
    let stack = Stack::<3>::new();
    assert_eq!(stack.extend_down(Pfn(9), 2), 2);
    assert_eq!(stack.extend_down(Pfn(20), 2), 0, "there is room for one");
    assert!(stack.iter().eq([8, 7].map(Pfn)));
    assert_eq!((stack.pop(), stack.pop(), stack.pop()), (Some(Pfn(7)), Some(Pfn(8)), None));
}

#[test]
fn more_than_fits_is_not_taken() {
    let stack = Stack::<3>::new();
    let mut frames = (0..5).map(Pfn);
    assert_eq!(stack.extend(&mut frames), 3);
    assert_eq!(frames.next(), Some(Pfn(3)), "none is lost");
}

#[test]
fn the_depot_takes_the_oldest_and_gives_them_to_another() {
    let batches: Vec<Batch> = (0..4).map(|_| Batch::new()).collect();
    let mut depot = Depot::new(&batches).unwrap();
    let giver = filled(1000, MAGAZINE);
    assert!(depot.put(Kind::Free, &giver));
    assert_eq!(giver.iter().next(), Some(Pfn(1000 + BATCH)), "the newest stay");
    assert!(depot.holds(Pfn(1000)) && !depot.holds(Pfn(1000 + BATCH)));
    assert_eq!((depot.count(Kind::Free), depot.count(Kind::Zeroed)), (BATCH, 0));
    let getter = Magazine::new();
    assert!(!depot.take(Kind::Zeroed, &getter), "kinds do not mix");
    assert!(depot.take(Kind::Free, &getter));
    assert!(getter.iter().eq((1000..1000 + BATCH).map(Pfn)));
    assert!(!depot.take(Kind::Free, &getter));
}

#[test]
fn no_kind_takes_more_than_half_of_the_depot() {
    let batches: Vec<Batch> = (0..4).map(|_| Batch::new()).collect();
    let mut depot = Depot::new(&batches).unwrap();
    for kind in [Kind::Free, Kind::Zeroed] {
        for _ in 0..2 {
            assert!(depot.put(kind, &filled(0, BATCH)));
        }
        assert!(!depot.put(kind, &filled(0, BATCH)));
    }
    assert!(!depot.put(Kind::FreeBeyond, &filled(0, BATCH)), "all are in use");
    assert!(depot.take(Kind::Zeroed, &Magazine::new()));
    assert!(depot.put(Kind::FreeBeyond, &filled(0, BATCH)), "an empty one serves any kind");
}

#[test]
fn a_request_is_accepted_once() {
    let cache = CpuCache::new();
    assert!(!cache.is_drain_requested());
    cache.request_drain();
    assert!(cache.is_drain_requested());
    cache.end_drain();
    assert!(!cache.is_drain_requested());
}

#[test]
fn a_new_cache_knows_no_opened_block() {
    let cache = CpuCache::new();
    assert!(!cache.knows_opened(Pfn(0), 512));
    cache.note_opened(Pfn(512), Pfn(2048));
    assert!(cache.knows_opened(Pfn(1536), 512) && cache.knows_opened(Pfn(512), 512));
    assert!(!cache.knows_opened(Pfn(1537), 512) && !cache.knows_opened(Pfn(0), 512));
}
