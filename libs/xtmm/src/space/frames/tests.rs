//! What was set aside is handed out in portions, and no more than that.

extern crate std;
use std::vec::Vec;

use xtcore::{Frame, FrameCount};
use xtpaging::{Frames, OutOfFrames, Reservation};

use super::Prepared;

struct Held(Vec<Frame>);

impl Reservation for Held {
    fn take(&mut self) -> Option<Frame> {
        self.0.pop()
    }
}

fn prepared(count: u64) -> Prepared<Held> {
    Prepared::new(Held((0..count).map(Frame::new).collect()), FrameCount::new(count))
}

#[test]
fn portions_share_what_was_set_aside_and_give_no_more_than_they_were_made_for() {
    let prepared = prepared(5);
    let mut source = &prepared;
    let mut first = source.reserve(FrameCount::new(2)).unwrap();
    let mut second = source.reserve(FrameCount::new(3)).unwrap();
    let taken: Vec<_> = [first.take(), second.take(), first.take(), first.take()].to_vec();
    assert_eq!(taken, [4, 3, 2].map(|n| Some(Frame::new(n))).into_iter().chain([None]).collect::<Vec<_>>());
    assert_eq!(
        (second.take(), second.take(), second.take()),
        (Some(Frame::new(1)), Some(Frame::new(0)), None)
    );
    assert_eq!(prepared.shortfall(), None);
}

#[test]
fn one_portion_too_many_tells_how_much_all_together_need() {
    let prepared = prepared(5);
    let mut source = &prepared;
    let _first = source.reserve(FrameCount::new(3)).unwrap();
    let refused = source.reserve(FrameCount::new(4)).err();
    assert_eq!(refused, Some(OutOfFrames { wanted: FrameCount::new(4), available: FrameCount::new(2) }));
    assert_eq!(prepared.shortfall(), Some(FrameCount::new(7)));
}

#[test]
fn nothing_can_always_be_had() {
    let prepared = Prepared::<Held>::nothing();
    let mut source = &prepared;
    assert_eq!(source.reserve(FrameCount::ZERO).map(|mut none| none.take()), Ok(None));
    assert_eq!(prepared.check(FrameCount::ZERO), Ok(()));
    assert_eq!(prepared.shortfall(), None);
}
