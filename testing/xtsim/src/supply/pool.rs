//! Frames for tables: handed out in a shuffled order, watched, and refused on command.
//!
//! The order is shuffled so that no test passes because tables happened to be neighbours. Every frame is out or in,
//! and giving back what was not handed out is a bug of the code under test: it panics.

use std::collections::BTreeSet;

use xtcore::{Frame, FrameRange};

use super::random::SplitMix64;

/// A source of frames with allocation-failure injection.
#[derive(Clone, Debug)]
pub struct FramePool {
    free: Vec<Frame>,
    out: BTreeSet<Frame>,
    until_failure: Option<u64>,
    refusals: u64,
}

impl FramePool {
    /// Returns a pool of all frames in `range`, in the order that `seed` gives.
    #[must_use]
    pub fn new(range: FrameRange, seed: u64) -> Self {
        let mut free: Vec<_> = (range.start().number()..range.end().number()).map(Frame::new).collect();
        SplitMix64::new(seed).shuffle(&mut free);
        Self { free, out: BTreeSet::new(), until_failure: None, refusals: 0 }
    }

    /// Lets `requests` more requests succeed and refuses every one after them.
    pub fn fail_after(&mut self, requests: u64) {
        self.until_failure = Some(requests);
    }

    /// Ends what [`fail_after`](Self::fail_after) began.
    pub fn stop_failing(&mut self) {
        self.until_failure = None;
    }

    /// Hands out one frame; `None` when refused or empty.
    pub fn take(&mut self) -> Option<Frame> {
        self.reserve(1)?.pop()
    }

    /// Hands out `count` frames in one request, all or none.
    pub fn reserve(&mut self, count: usize) -> Option<Vec<Frame>> {
        if self.until_failure == Some(0) || count > self.free.len() {
            self.refusals += 1;
            return None;
        }
        if let Some(left) = &mut self.until_failure {
            *left -= 1;
        }
        let frames = self.free.split_off(self.free.len() - count);
        self.out.extend(&frames);
        Some(frames)
    }

    /// Takes a frame back; it is handed out again before all others, to make a use after free show.
    ///
    /// # Panics
    ///
    /// When the frame is not out: never handed out, or given back twice.
    pub fn give_back(&mut self, frame: Frame) {
        assert!(self.out.remove(&frame), "{frame:?} was given back but is not out");
        self.free.push(frame);
    }

    /// Returns the frames that are out, in ascending order.
    pub fn outstanding(&self) -> impl ExactSizeIterator<Item = Frame> + '_ {
        self.out.iter().copied()
    }

    /// Tells whether `frame` is out.
    #[must_use]
    pub fn is_out(&self, frame: Frame) -> bool {
        self.out.contains(&frame)
    }

    /// Returns how many frames are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.free.len()
    }

    /// Returns how many requests were refused, by command or because the pool was empty.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refusals
    }
}
