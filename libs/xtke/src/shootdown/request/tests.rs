//! A request names every page, or asks for everything.

extern crate std;
use std::vec::Vec;

use xtcore::PAGE_BYTES;

use super::*;

const AT: u64 = 0xC000_0000;
const LARGE: u64 = 0x20_0000;

fn range(start: u64, bytes: u64) -> VirtRange {
    VirtRange::with_length(VirtAddr::new(start), bytes).unwrap()
}

fn request(spans: &[(u64, u64, u64)]) -> Request {
    let mut request = Request::new();
    spans.iter().for_each(|&(start, bytes, stride)| request.add(range(start, bytes), stride));
    request
}

fn addresses(request: &Request) -> Vec<u64> {
    request.addresses().map(VirtAddr::get).collect()
}

#[test]
fn each_page_is_named_once_at_its_own_distance() {
    let request = request(&[(AT, 3 * PAGE_BYTES, PAGE_BYTES), (AT + LARGE, 2 * LARGE, LARGE)]);
    let small = (0..3).map(|page| AT + page * PAGE_BYTES);
    assert_eq!(addresses(&request), small.chain([AT + LARGE, AT + 2 * LARGE]).collect::<Vec<_>>());
    assert!(!request.is_empty() && !request.is_everything());
}

#[test]
fn nothing_is_asked_for_by_an_empty_range() {
    let request = request(&[(AT, 0, PAGE_BYTES)]);
    assert!(request.is_empty() && addresses(&request).is_empty());
}

#[test]
fn neighbours_become_one_span() {
    let pages: Vec<_> = (0..40).map(|page| (AT + page * PAGE_BYTES, PAGE_BYTES, PAGE_BYTES)).collect();
    let request = request(&pages);
    assert_eq!((request.spans().len(), addresses(&request).len()), (1, 40));
}

#[test]
fn neighbours_at_other_distances_stay_apart() {
    let request = request(&[(AT, 2 * LARGE, LARGE), (AT + 2 * LARGE, 2 * PAGE_BYTES, PAGE_BYTES)]);
    assert_eq!((request.spans().len(), addresses(&request).len()), (2, 4));
}

#[test]
fn too_many_pages_are_everything() {
    let most = Request::MOST_PAGES as u64;
    let exactly = (AT, most * PAGE_BYTES, PAGE_BYTES);
    assert_eq!(addresses(&request(&[exactly])).len(), Request::MOST_PAGES);
    assert!(request(&[(AT, (most + 1) * PAGE_BYTES, PAGE_BYTES)]).is_everything());
    assert!(request(&[exactly, (AT - LARGE, PAGE_BYTES, PAGE_BYTES)]).is_everything());
    let mut all = Request::everything();
    all.add(range(AT, PAGE_BYTES), PAGE_BYTES);
    assert!(all.is_everything() && addresses(&all).is_empty());
}

#[test]
fn too_many_ranges_are_everything() {
    let apart: Vec<_> = (0..=Request::MOST_SPANS as u64).map(|at| (AT + at * LARGE, 1, PAGE_BYTES)).collect();
    assert_eq!(addresses(&request(&apart[1..])).len(), Request::MOST_SPANS);
    assert!(request(&apart).is_everything());
}

#[test]
fn odd_strides_and_starts_forget_more_and_never_less() {
    assert_eq!(addresses(&request(&[(AT + 0x234, PAGE_BYTES, PAGE_BYTES)])), [AT, AT + PAGE_BYTES]);
    assert_eq!(addresses(&request(&[(AT, 3 * PAGE_BYTES, 3 * PAGE_BYTES)])), [AT, AT + 2 * PAGE_BYTES]);
    assert_eq!(addresses(&request(&[(AT, 5 * PAGE_BYTES, u64::MAX)])), [AT]);
    assert_eq!(addresses(&request(&[(AT, PAGE_BYTES, 0)])), [AT]);
}

#[test]
fn a_span_survives_its_word_and_no_other_word_is_a_span() {
    let span = Span::new(range(AT + LARGE, 64 * LARGE), LARGE).unwrap();
    assert_eq!(Span::from_word(span.word()), Some(span));
    assert_eq!((span.first().get(), span.pages()), (AT + LARGE, 64));
    assert_eq!((Span::from_word(0), Span::from_word(usize::MAX)), (None, None));
    assert_ne!(Span::new(range(0, 1), 1).unwrap().word(), 0, "the page at address 0 is a page, too");
}
