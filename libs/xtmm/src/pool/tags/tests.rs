//! Places are given once and for ever; a full table still serves.

extern crate std;
use std::collections::HashSet;
use std::vec::Vec;

use super::{Counters, PLACES, Place, TagTable, TagUse};
use crate::pool::request::Tag;

#[test]
fn a_tag_gets_a_place_once_and_keeps_it() {
    let table = TagTable::new();
    let tags: Vec<u32> = (1..400_u32).map(|number| number.wrapping_mul(0x0101_0203)).collect();
    let places: Vec<Place> = tags.iter().map(|&tag| table.insert(tag)).collect();
    assert_eq!(places.iter().map(|place| place.get()).collect::<HashSet<_>>().len(), tags.len());
    for (&tag, &place) in tags.iter().zip(&places) {
        assert_eq!(table.insert(tag), place);
        assert_eq!(table.find(tag), Some(place));
        assert_eq!(table.tag(place), tag);
    }
    assert_eq!(table.find(0x7777_7777), None);
}

#[test]
#[cfg_attr(miri, ignore = "it fills the whole table, which takes an interpreter minutes")]
fn tags_without_room_share_the_overflow_place() {
    let table = TagTable::new();
    let own = (1..=4 * PLACES as u32).filter(|&tag| table.insert(tag) != Place::OVERFLOW).count();
    assert!(own > PLACES * 9 / 10 && own <= PLACES, "{own} places given");
    let late = (4 * PLACES as u32..).find(|&tag| table.find(tag).is_none()).unwrap();
    assert_eq!(table.insert(late), Place::OVERFLOW);
}

#[test]
fn the_tag_of_zero_has_no_place() {
    let table = TagTable::new();
    assert_eq!(table.find(0), None);
    assert_eq!(table.insert(0), Place::OVERFLOW);
}

#[test]
fn a_quota_of_zero_is_not_the_absence_of_one() {
    let table = TagTable::new();
    let place = table.insert(5);
    assert_eq!(table.quota(place), None);
    table.set_quota(place, Some(0));
    assert_eq!(table.quota(place), Some(0));
    table.set_quota(place, None);
    assert_eq!(table.quota(place), None);
}

#[test]
fn every_place_survives_the_way_through_a_record() {
    assert!(Place::all().all(|place| Place::from_record(place.to_record()) == Some(place)));
    assert_eq!(Place::from_record(0), None);
    assert_eq!(Place::from_record(PLACES as u32 + 2), None);
}

#[test]
fn sums_stay_right_when_one_processor_only_frees() {
    let [first, second] = [Counters::new(), Counters::new()];
    (0..5).for_each(|_| first.allocated(48));
    (0..3).for_each(|_| second.freed(48));
    let sum = TagUse::sum(Tag::new(*b"Test"), None, [&first, &second].into_iter());
    assert_eq!((sum.allocations, sum.frees, sum.blocks(), sum.bytes), (5, 3, 2, 96));
}
