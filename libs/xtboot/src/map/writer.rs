//! Writes runs into a caller's slice, joining neighbours of one kind, and counts those that did not fit.

use core::fmt;

use xtcore::{FrameRange, MemoryKind, MemoryRun};

/// The slice for the runs is too small; nothing of what it holds may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyRuns {
    /// The number of runs that there are.
    pub needed: usize,
    /// The number of runs that fit.
    pub available: usize,
}

impl fmt::Display for TooManyRuns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the memory map needs {} runs, there is room for {}", self.needed, self.available)
    }
}

impl core::error::Error for TooManyRuns {}

/// A sink for segments in ascending order.
///
/// It goes on counting once the slice is full, so that the error can say how many runs there are.
pub(crate) struct RunWriter<'o> {
    out: &'o mut [MemoryRun],
    /// Runs complete so far, whether they fitted or not.
    complete: usize,
    /// The run that the next segment may still extend.
    last: Option<MemoryRun>,
}

impl<'o> RunWriter<'o> {
    /// Starts with an empty list in `out`.
    pub(crate) const fn new(out: &'o mut [MemoryRun]) -> Self {
        Self { out, complete: 0, last: None }
    }

    /// Adds a segment that lies at or above the end of everything added before. An empty one adds nothing.
    pub(crate) fn push(&mut self, frames: FrameRange, kind: MemoryKind) {
        if frames.is_empty() {
            return;
        }
        if let Some(last) = &mut self.last
            && last.kind == kind
            && last.frames.end() == frames.start()
            && let Some(joined) = FrameRange::new(last.frames.start(), frames.end())
        {
            last.frames = joined;
            return;
        }
        self.settle();
        self.last = Some(MemoryRun { frames, kind });
    }

    fn settle(&mut self) {
        if let Some(run) = self.last.take() {
            if let Some(place) = self.out.get_mut(self.complete) {
                *place = run;
            }
            self.complete += 1;
        }
    }

    /// Returns the runs written, all of them.
    ///
    /// # Errors
    /// [`TooManyRuns`] when they did not fit.
    pub(crate) fn finish(mut self) -> Result<&'o [MemoryRun], TooManyRuns> {
        self.settle();
        let available = self.out.len();
        self.out.get(..self.complete).ok_or(TooManyRuns { needed: self.complete, available })
    }
}
