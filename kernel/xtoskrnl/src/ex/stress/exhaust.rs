//! All memory at once: taken until there is no more, filled, compared, and given back.
//!
//! The reference system handed out its own root table as free memory and died long after (regression 1). Here everything
//! that the allocator can give is taken in giants, blocks and single frames, until each of them is refused. A live table, stack
//! or image among them would not survive being overwritten, and two addresses for one frame would not compare.
//!
//! How much of it is done depends on how much there is, because a simulated machine would need hours for more:
//!
//! | memory | taken | written and compared |
//! |---|---|---|
//! | up to 1 GiB | all | every word |
//! | up to 64 GiB | all | every single frame; of larger pieces the edges and a sample between |
//! | above | some of each size | the same |
//!
//! Above 64 GiB nothing is refused, and what is left says nothing: it is not reported then.
//!
//! What was taken is chained through the PFN entries of the frames, which nobody else uses while they are free.

use core::fmt;

use xtcore::{Frame, FrameCount, FrameRange};
use xtkd::json::Object;
use xtmm::frames::Zone;

use super::random::{Random, mix};
use super::{Complaint, check};
use crate::mm::{Chain, Memory, Piece, Taken};

/// What the exhaustion found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fill {
    /// Frames written and compared.
    pub(crate) frames: u64,
    /// Frames that were taken from the allocator.
    pub(crate) taken: u64,
    /// Of those written, frames outside the window.
    pub(crate) outside_window: u64,
    /// Machine words that did not hold what was written.
    pub(crate) wrong_words: u64,
    /// Frames that the allocator still called free when it gave no more; `None` where it was not asked for all.
    pub(crate) left: Option<u64>,
}

impl Fill {
    /// Tells whether there was something to fill, all that was to be taken was, and every word came back.
    pub(crate) const fn is_right(&self) -> bool {
        self.frames > 0 && matches!(self.left, None | Some(0)) && self.wrong_words == 0
    }

    /// Writes what the report says about it.
    pub(crate) fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        out.number("frames", self.frames)?;
        out.number("taken", self.taken)?;
        out.number("outside_window", self.outside_window)?;
        out.number("wrong_words", self.wrong_words)?;
        out.or_null("left", self.left, Object::number)
    }
}

/// Frames of 1 GiB: so much memory is written as a whole.
const EVERYTHING: u64 = 1 << 18;

/// Beyond 64 GiB only some of the memory is taken.
pub(super) const HUGE: FrameCount = FrameCount::new(64 << 18);

/// Frames of larger pieces that are written where there is more, besides the first and the last.
const SAMPLE: u64 = 6;

/// Takes, fills, compares and gives back.
#[inline(never)]
pub(super) fn run(memory: &'static Memory) -> Result<Fill, Complaint> {
    let mut fill = Fill::default();
    let is_huge = memory.frames().counts().available() > HUGE;
    // The largest pieces first: single frames would break them up.
    let pieces = [(Piece::Giant, 64), (Piece::Block, 1024), (Piece::Single, 1 << 15)];
    let mut chains = pieces.map(|(piece, some)| {
        let mut chain = Chain::new(memory, piece);
        for _ in 0..if is_huge { some } else { u64::MAX } {
            let Ok(taken) = Taken::new(memory, piece, Zone::Any) else { break };
            fill.taken += taken.frames().count().get();
            // A piece has the size that was asked for.
            let _ = chain.push(taken);
        }
        chain
    });
    if !is_huge {
        let counts = memory.frames().counts();
        fill.left = Some(counts.available().get().saturating_sub(counts.unusable.get()));
    }
    let outcome = write_all(memory, &mut chains, &mut fill)
        .and_then(|()| if is_huge { Ok(()) } else { refuse_all(memory) })
        .map(|()| compare_all(&mut chains, &mut fill));
    for chain in &mut chains {
        while let Some(taken) = chain.pop() {
            let first = taken.frames().start().number();
            taken.give_back().map_err(|_| Complaint::new("a frame could not be freed", [first, 0]))?;
        }
    }
    outcome.map(|()| fill)
}

/// Writes all that was taken, or a sample of it.
fn write_all(memory: &'static Memory, chains: &mut [Chain], fill: &mut Fill) -> Result<(), Complaint> {
    let whole = whole(fill);
    for chain in chains {
        chain.for_each(|taken| {
            for frame in sample(taken.frames(), whole) {
                taken.fill(FrameRange::with_count(frame, FrameCount::ONE), pattern(frame));
                fill.frames += 1;
                fill.outside_window += u64::from(!memory.reach().is_in_window(frame));
            }
        });
    }
    check(fill.frames > 0, "nothing was taken", [0, 0])
}

/// Returns how large the pieces are of which all frames are written.
const fn whole(fill: &Fill) -> u64 {
    if fill.taken <= EVERYTHING { u64::MAX } else { 1 }
}

/// Sees that every interface says no while there is no memory.
fn refuse_all(memory: &'static Memory) -> Result<(), Complaint> {
    for zone in [Zone::Any, Zone::Window, Zone::BelowFourGiB, Zone::BelowOneMiB] {
        let refused = memory.frames().allocate(zone).is_err();
        check(refused, "a frame was left", [zone as u64, 0])?;
    }
    super::pools::refuse(memory)?;
    super::stacks::refuse(memory)?;
    super::mapping::refuse(memory)
}

/// Compares what was written.
fn compare_all(chains: &mut [Chain], fill: &mut Fill) {
    let whole = whole(fill);
    for chain in chains {
        chain.for_each(|taken| {
            for frame in sample(taken.frames(), whole) {
                fill.wrong_words += taken.count_unlike(frame, pattern(frame)) as u64;
            }
        });
    }
}

/// Returns the frames of a piece that are written: all of them if there are at most `whole`, else its edges and some between.
fn sample(frames: FrameRange, whole: u64) -> impl Iterator<Item = Frame> {
    let count = frames.count().get();
    let mut random = Random::new(frames.start().number());
    let chosen = if count <= whole { count } else { SAMPLE + 2 };
    (0..chosen).map(move |nth| {
        let offset = match nth {
            _ if count <= whole => nth,
            0 => 0,
            1 => count - 1,
            // Odd offsets, so that none is the first or the last, which are written once.
            _ => 1 + random.below(count / 2 - 1) * 2 % (count - 2),
        };
        frames.start().saturating_add(FrameCount::new(offset))
    })
}

/// Returns the word that fills a frame: on 64 bits another for each frame, on 32 bits almost.
const fn pattern(frame: Frame) -> usize {
    mix(frame.number()) as usize
}
