//! What a list of runs amounts to, in a mode that can reach only so many frames.

use xtcore::{Frame, FrameCount, FrameRange, MemoryRun};

/// Totals over a list of disjoint runs.
///
/// Usable memory is counted once, on one side of the limit or the other: what a mode cannot reach is reported, never
/// lost silently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Frames of RAM below the limit, free or held by the kernel.
    pub usable: FrameCount,
    /// The part of `usable` that the kernel may hand out.
    pub free: FrameCount,
    /// Frames of RAM at or above the limit.
    pub above_limit: FrameCount,
    /// The frame after the last usable one below the limit.
    pub end: Frame,
}

impl Summary {
    /// Adds up `runs` for a mode whose first unreachable frame is `limit` (see `Geometry::frame_limit`).
    ///
    /// Linear in the number of runs.
    #[must_use]
    pub fn of(runs: impl IntoIterator<Item = MemoryRun>, limit: Frame) -> Self {
        let reachable = FrameRange::new(Frame::new(0), limit).unwrap_or_default();
        let mut sum = Self::default();
        for run in runs.into_iter().filter(|run| run.kind.is_usable()) {
            let below = run.frames.intersection(reachable);
            let above = FrameCount::new(run.frames.count().get() - below.count().get());
            sum.above_limit = sum.above_limit.saturating_add(above);
            if below.is_empty() {
                continue;
            }
            sum.usable = sum.usable.saturating_add(below.count());
            sum.end = sum.end.max(below.end());
            if run.kind.is_free_for_kernel() {
                sum.free = sum.free.saturating_add(below.count());
            }
        }
        sum
    }
}
