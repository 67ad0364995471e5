//! The sweep: sorted edges in, disjoint runs out.
//!
//! Every descriptor opens its kind at its first frame and closes it after its last one. Sorted by frame, the edges cut
//! the address space into segments; in each, the most restrictive kind that is open wins. The kinds are few and
//! counted, so a step of the sweep costs the same whatever overlaps there.

use core::fmt;

use xtcore::{Frame, FrameCount, FrameRange, MemoryKind, MemoryRun};

use super::descriptor::RawMap;
use super::kinds::restrictiveness;
use super::writer::{RunWriter, TooManyRuns};

/// Returns the number of [`Edge`]s that sanitising a map of `descriptors` descriptors needs as scratch.
#[must_use]
pub const fn edges_needed(descriptors: usize) -> usize {
    descriptors.saturating_mul(2)
}

/// Returns a number of runs that always holds the sanitised form of a map of `descriptors` descriptors.
///
/// 2n edges bound at most 2n - 1 segments, and page 0 may be split off the first.
#[must_use]
pub const fn runs_bound(descriptors: usize) -> usize {
    descriptors.saturating_mul(2)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Opens,
    Closes,
}

/// A place of scratch for [`sanitise`]: an end of a descriptor. Only its size matters to the caller.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    frame: Frame,
    side: Side,
    kind: MemoryKind,
}

impl Edge {
    /// What to fill scratch with.
    pub const EMPTY: Self = Self { frame: Frame::new(0), side: Side::Opens, kind: MemoryKind::Reserved };
}

/// What became of the descriptors.
///
/// `given = kept + dropped`, and `merged` is a part of `kept`. The numbers do not depend on the descriptors' order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Descriptors in the firmware's map.
    pub given: u32,
    /// Those that contributed frames.
    pub kept: u32,
    /// Those that contributed none: empty, wrapping, or nothing left after rounding.
    pub dropped: u32,
    /// Kept ones at whose first frame no run begins on their account: they continue a neighbour of the same kind,
    /// repeat another descriptor, or begin under a more restrictive one.
    pub merged: u32,
}

/// The map cannot be sanitised in the space given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SanitiseError {
    /// The scratch is smaller than [`edges_needed`] says.
    Scratch {
        /// Edges needed.
        needed: usize,
        /// Edges given.
        available: usize,
    },
    /// The slice for the runs is too small.
    Runs(TooManyRuns),
}

impl fmt::Display for SanitiseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scratch { needed, available } => {
                write!(
                    out,
                    "sanitising the memory map needs {needed} edges of scratch, there are {available}"
                )
            }
            Self::Runs(error) => error.fmt(out),
        }
    }
}

impl core::error::Error for SanitiseError {}

/// A sanitised map. Proves that its runs have the properties that the [module](super) lists, as far as the firmware
/// told the truth; says nothing about what the loader itself has put into that memory (see [`crate::ledger`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sanitised<'o> {
    runs: &'o [MemoryRun],
    counts: Counts,
}

impl<'o> Sanitised<'o> {
    /// Returns the runs, sorted.
    #[must_use]
    pub const fn runs(&self) -> &'o [MemoryRun] {
        self.runs
    }

    /// Returns what became of the descriptors.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }
}

/// Sanitises `map` into `out`, with `scratch` of at least [`edges_needed`] places.
///
/// O(n log n) in the number of descriptors.
///
/// # Errors
/// [`SanitiseError::Scratch`] or [`SanitiseError::Runs`] when a slice is too small, with the number needed. An `out`
/// of [`runs_bound`] places is always large enough.
pub fn sanitise<'o>(
    map: RawMap<'_>,
    scratch: &mut [Edge],
    out: &'o mut [MemoryRun],
) -> Result<Sanitised<'o>, SanitiseError> {
    let needed = edges_needed(map.len());
    let available = scratch.len();
    let scratch = scratch.get_mut(..needed).ok_or(SanitiseError::Scratch { needed, available })?;

    let mut counts = Counts::default();
    let mut places = scratch.chunks_exact_mut(2);
    let mut edges = 0;
    for descriptor in map.descriptors() {
        counts.given += 1;
        let Some(frames) = descriptor.frames() else {
            counts.dropped += 1;
            continue;
        };
        let Some([opens, closes]) = places.next() else {
            continue;
        };
        let kind = descriptor.kind();
        *opens = Edge { frame: frames.start(), side: Side::Opens, kind };
        *closes = Edge { frame: frames.end(), side: Side::Closes, kind };
        counts.kept += 1;
        edges += 2;
    }

    let edges = scratch.get_mut(..edges).unwrap_or_default();
    edges.sort_unstable_by_key(|edge| edge.frame);
    let mut writer = RunWriter::new(out);
    let begun = sweep(edges, &mut writer);
    counts.merged = counts.kept - begun;
    let runs = writer.finish().map_err(SanitiseError::Runs)?;
    Ok(Sanitised { runs, counts })
}

/// Turns sorted `edges` into segments, and returns how many descriptors began a run.
fn sweep(edges: &[Edge], writer: &mut RunWriter<'_>) -> u32 {
    let mut layers = Layers::default();
    let mut begun = 0;
    let mut since = Frame::default();
    let mut current = None;
    for group in edges.chunk_by(|one, next| one.frame == next.frame) {
        let Some(here) = group.first().map(|edge| edge.frame) else {
            continue;
        };
        if let (Some(kind), Some(frames)) = (current, FrameRange::new(since, here)) {
            emit(frames, kind, writer);
        }
        for edge in group {
            layers.apply(edge);
        }
        let winner = layers.most_restrictive();
        let opens_winner = group.iter().any(|edge| edge.side == Side::Opens && Some(edge.kind) == winner);
        if winner != current && opens_winner {
            begun += 1;
        }
        current = winner;
        since = here;
    }
    begun
}

/// Hands a segment to the writer, without page 0 where somebody would be given it one day.
///
/// Address 0 is RAM on most machines, but a null pointer must never become a valid one.
fn emit(frames: FrameRange, kind: MemoryKind, writer: &mut RunWriter<'_>) {
    let page_zero = FrameRange::with_count(Frame::new(0), FrameCount::ONE);
    let given_out = kind.is_usable() || kind == MemoryKind::AcpiReclaimable;
    if given_out && frames.contains(page_zero.start()) {
        writer.push(page_zero, MemoryKind::Reserved);
        writer.push(FrameRange::new(page_zero.end(), frames.end()).unwrap_or_default(), kind);
    } else {
        writer.push(frames, kind);
    }
}

/// How many descriptors of each kind are open, by restrictiveness.
#[derive(Default)]
struct Layers {
    open: [u32; MemoryKind::ALL.len()],
}

impl Layers {
    fn apply(&mut self, edge: &Edge) {
        if let Some(count) = self.open.get_mut(restrictiveness(edge.kind)) {
            *count = match edge.side {
                Side::Opens => count.wrapping_add(1),
                // Edges of one frame come in any order, so a close may precede its open within a group.
                Side::Closes => count.wrapping_sub(1),
            };
        }
    }

    fn most_restrictive(&self) -> Option<MemoryKind> {
        let mut best: Option<MemoryKind> = None;
        for kind in MemoryKind::ALL {
            let rank = restrictiveness(kind);
            let is_open = self.open.get(rank).is_some_and(|&count| count > 0);
            if is_open && best.is_none_or(|best| restrictiveness(best) < rank) {
                best = Some(kind);
            }
        }
        best
    }
}
