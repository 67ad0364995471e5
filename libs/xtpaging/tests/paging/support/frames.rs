//! Table frames from a watched pool.

use std::cell::RefCell;
use std::rc::Rc;

use xtcore::{Frame, FrameCount};
use xtpaging::{Frames, OutOfFrames, Reservation};
use xtsim::FramePool;

/// A pool as the engine's source of frames. Clones share it.
#[derive(Clone)]
pub(crate) struct PoolFrames {
    pool: Rc<RefCell<FramePool>>,
    /// Handed out before all others: PAE's page-directory-pointer table wants a low frame.
    first: Rc<RefCell<Option<Frame>>>,
}

impl PoolFrames {
    pub(crate) fn new(pool: FramePool, first: Option<Frame>) -> Self {
        Self { pool: Rc::new(RefCell::new(pool)), first: Rc::new(RefCell::new(first)) }
    }

    /// Refuses every request after `requests` more.
    pub(crate) fn fail_after(&self, requests: u64) {
        self.pool.borrow_mut().fail_after(requests);
    }

    pub(crate) fn stop_failing(&self) {
        self.pool.borrow_mut().stop_failing();
    }

    pub(crate) fn give_back(&self, frame: Frame) {
        self.pool.borrow_mut().give_back(frame);
    }

    /// Returns the frames of the pool that are out, ascending.
    pub(crate) fn outstanding(&self) -> Vec<Frame> {
        self.pool.borrow().outstanding().collect()
    }
}

impl Frames for PoolFrames {
    type Reservation = PoolReservation;

    fn reserve(&mut self, count: FrameCount) -> Result<PoolReservation, OutOfFrames> {
        let wanted = usize::try_from(count.get()).expect("a small number of tables");
        let mut frames = Vec::new();
        if wanted > 0 {
            frames.extend(self.first.borrow_mut().take());
            let rest = wanted - frames.len();
            let available = FrameCount::new(self.pool.borrow().left() as u64);
            let refused = OutOfFrames { wanted: count, available };
            let rest = self.pool.borrow_mut().reserve(rest).ok_or(refused)?;
            frames.extend(rest);
            frames.reverse();
        }
        Ok(PoolReservation { frames })
    }
}

/// Frames that must all be taken: whoever reserves more than it needs has counted wrongly.
pub(crate) struct PoolReservation {
    frames: Vec<Frame>,
}

impl PoolReservation {
    /// Gives back what was not taken, for a test that knows that it needs less.
    pub(crate) fn give_back(mut self, frames: &PoolFrames) {
        self.frames.drain(..).for_each(|frame| frames.give_back(frame));
    }
}

impl Reservation for PoolReservation {
    fn take(&mut self) -> Option<Frame> {
        self.frames.pop()
    }
}

impl Drop for PoolReservation {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.frames.is_empty(), "{} reserved frames were not taken", self.frames.len());
        }
    }
}
