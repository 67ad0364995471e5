//! The fill: free memory is written and read back, and the system runs on.
//!
//! The reference system handed out its own root table as free memory and died long after (regression 1). Here every
//! frame that the loader block calls free is overwritten as a whole, through the window or, where the window does
//! not reach, through a transient slot; then every word is compared. A live table, stack or image among them would not
//! survive, and two addresses for one frame would not compare.
//!
//! Up to 1 GiB all frames are taken; above that the edges of every run, the frames around 4 GiB and around the mode's
//! limit, and a seeded sample.

use xtcore::{Frame, FrameCount, FrameRange, MemoryRun};

use crate::mm::{Fault, MemoryManager, Reached};

/// What the fill found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fill {
    /// Frames written and compared.
    pub(crate) frames: u64,
    /// Frames that the loader block calls free and that the kernel has taken since it started.
    pub(crate) taken: u64,
    /// Of these, through a transient slot.
    pub(crate) outside_window: u64,
    /// Machine words that did not hold what was written.
    pub(crate) wrong_words: u64,
}

/// Frames of 1 GiB.
const EVERYTHING: u64 = 1 << 18;

/// Frames of the sample.
const SAMPLE: u64 = 1024;

/// The frame at 4 GiB.
const FOUR_GIB: u64 = 1 << 20;

/// Fills and compares.
///
/// # Errors
/// [`Fault`] when the window could not grow; what was filled until then stays filled.
pub(crate) fn run(memory: &mut MemoryManager) -> Result<Fill, Fault> {
    let mut fill = Fill::default();
    each_frame(memory, |memory, frame| {
        match memory.fill_free(frame, pattern(frame))? {
            Reached::Window => fill.frames += 1,
            Reached::Slot => {
                fill.frames += 1;
                fill.outside_window += 1;
            }
            Reached::NotFree => fill.taken += 1,
        }
        Ok(())
    })?;
    // Frames that have become tables while the window grew are no longer compared.
    each_frame(memory, |memory, frame| {
        fill.wrong_words += memory.count_unlike(frame, pattern(frame))? as u64;
        Ok(())
    })?;
    memory.leave_slot();
    Ok(fill)
}

impl Fill {
    /// Tells whether as many frames were visited as must be, and every word came back.
    pub(crate) const fn is_right(&self, free: FrameCount) -> bool {
        let visited = self.frames + self.taken;
        let enough = if free.get() <= EVERYTHING { visited == free.get() } else { visited >= SAMPLE / 2 };
        enough && self.wrong_words == 0
    }
}

/// Visits the chosen frames, the same ones in the same order each time.
fn each_frame(
    memory: &mut MemoryManager,
    mut each: impl FnMut(&mut MemoryManager, Frame) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let block = *memory.block();
    let limit = memory.active().space().format().ram_limit();
    let reachable = FrameRange::new(Frame::new(0), limit).unwrap_or_default();
    let free = block.runs().filter(|run| run.kind.is_free_for_kernel());
    let free = free.map(move |run| MemoryRun { frames: run.frames.intersection(reachable), ..run });
    let total = memory.summary().free.get();
    let mut sample = Sample::new(total);
    for run in free {
        let (start, count) = (run.frames.start().number(), run.frames.count().get());
        for offset in 0..count {
            let offset = if total <= EVERYTHING {
                offset
            } else {
                match sample.next_in(start, offset, count) {
                    Some(offset) => offset,
                    None => break,
                }
            };
            let frame = Frame::new(start + offset);
            if sample.visited == Some(frame) {
                continue;
            }
            sample.visited = Some(frame);
            each(memory, frame)?;
        }
    }
    Ok(())
}

/// Chooses frames of large memories.
struct Sample {
    state: u64,
    /// The average distance of sampled frames.
    stride: u64,
    visited: Option<Frame>,
}

impl Sample {
    const fn new(total: u64) -> Self {
        let stride = total / SAMPLE;
        Self { state: 0x5854_4F53, stride: if stride == 0 { 1 } else { stride }, visited: None }
    }

    /// Returns the next chosen offset at or after `from` in a run of `count` frames from `start`.
    fn next_in(&mut self, start: u64, from: u64, count: u64) -> Option<u64> {
        let Some(last) = self.visited.map(Frame::number).filter(|last| *last >= start) else {
            return (from < count).then_some(from);
        };
        let done = last - start;
        let jump = 1 + self.random() % (2 * self.stride);
        let edges = [FOUR_GIB - 1, FOUR_GIB, count.saturating_add(start).saturating_sub(1)];
        let sampled = done.saturating_add(jump);
        let next = edges
            .iter()
            .filter_map(|edge| edge.checked_sub(start))
            .filter(|edge| *edge > done && *edge < count)
            .fold(sampled, u64::min);
        (next < count).then_some(next)
    }

    /// Returns the next number of SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }
}

const fn mix(seed: u64) -> u64 {
    let first = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    second ^ (second >> 31)
}

/// Returns the word that fills a frame: on 64 bits another for each frame, on 32 bits almost.
const fn pattern(frame: Frame) -> usize {
    mix(frame.number()) as usize
}

/// Returns how many frames the fill will visit, about as many where it takes a sample.
pub(crate) const fn expected(free: FrameCount) -> u64 {
    if free.get() <= EVERYTHING { free.get() } else { SAMPLE }
}
