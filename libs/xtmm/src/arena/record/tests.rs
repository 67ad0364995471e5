use zerocopy::FromZeros;

use super::{Edge, Links, MOST_PAGES, Record};

/// Regression 11: round trips at the largest value of each field.
#[test]
fn every_field_holds_its_largest_value_beside_empty_neighbours() {
    let most = MOST_PAGES as usize;
    let record = Record::new_zeroed();
    for pages in [1, most] {
        for next in [None, Some(0), Some(most - 1)] {
            for previous in [None, Some(0), Some(most - 1)] {
                let links = Links { next, previous };
                record.set(Edge::Free { pages }, links);
                assert_eq!((record.edge(), record.links()), (Edge::Free { pages }, links));
            }
        }
    }
}

#[test]
fn kinds_are_told_apart_and_zero_is_no_edge() {
    let record = Record::new_zeroed();
    assert_eq!(record.edge(), Edge::None);
    for edge in [Edge::Free { pages: 5 }, Edge::Used { pages: 5 }, Edge::Tail { pages: 5 }, Edge::None] {
        record.set_edge(edge);
        assert_eq!((record.edge(), record.links()), (edge, Links::default()));
    }
}

#[test]
fn a_record_has_two_words() {
    assert_eq!(size_of::<Record>(), 2 * size_of::<usize>());
    const { assert!(MOST_PAGES >= 1 << if usize::BITS == 64 { 33 } else { 19 }) };
}
