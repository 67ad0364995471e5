//! The loader's own account of the memory it used, laid over the final firmware map.
//!
//! The firmware knows that a frame is "loader data"; only the loader knows that it is the root page table. A ledger
//! that forgets one frame hands it to the kernel as free, and the kernel zeroes its own page tables much later. So
//! every frame that must survive is a [`Claim`], and a claim which does not fit the final map is an error, not a
//! warning.
//!
//! Guarantees: the frames covered by the map are the same before and after, every claimed frame has its claim's kind,
//! every other frame keeps the kind it had, and the output is sorted, disjoint and maximal. Nothing allocates, so the
//! loader may call this after boot services have been left.

use core::fmt;

use xtcore::{Frame, FrameRange, MemoryKind, MemoryRun};

use crate::map::{RunWriter, Sanitised, TooManyRuns};

/// Frames that the loader used, and for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The frames. An empty claim claims nothing.
    pub frames: FrameRange,
    /// Their kind: one that the kernel owns, or [`MemoryKind::LoaderTemporary`].
    pub kind: MemoryKind,
}

impl fmt::Display for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.frames.start(), self.frames.end());
        write!(out, "the {} frames {start:#x} to {end:#x}", self.kind.name())
    }
}

/// The ledger contradicts the map or itself. The claim named is the lowest one that does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// A claim's kind is not one that a loader can give.
    Kind {
        /// The claim.
        claim: Claim,
    },
    /// Two claims share a frame.
    Overlap {
        /// The claim that starts lower.
        claim: Claim,
        /// The claim that starts inside it.
        other: Claim,
    },
    /// A claimed frame is not RAM that a loader could have been given.
    NotRam {
        /// The claim.
        claim: Claim,
        /// Its first frame that is not RAM.
        frame: Frame,
        /// What the map says about that frame; `None` where it says nothing.
        found: Option<MemoryKind>,
    },
    /// The slice for the runs is too small.
    Runs(TooManyRuns),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { claim } => write!(out, "{claim} have a kind that a loader cannot give"),
            Self::Overlap { claim, other } => write!(out, "{claim} overlap {other}"),
            Self::NotRam { claim, frame, found } => {
                let found = found.map_or("not in the memory map", MemoryKind::name);
                write!(out, "{claim} lie over memory that is not RAM: frame {frame:#x} is {found}")
            }
            Self::Runs(error) => error.fmt(out),
        }
    }
}

impl core::error::Error for LedgerError {}

/// Returns a number of runs that always holds a map of `runs` runs with `claims` claims laid over it: each claim may
/// cut one run into three.
#[must_use]
pub const fn runs_bound(runs: usize, claims: usize) -> usize {
    runs.saturating_add(claims.saturating_mul(2))
}

/// Tells whether a loader can have been given memory of this kind.
const fn is_ram_for_the_loader(kind: MemoryKind) -> bool {
    matches!(kind, MemoryKind::Free | MemoryKind::FirmwareTemporary | MemoryKind::LoaderTemporary)
}

/// Lays `claims` over `map` and writes the result to `out`. Sorts the claims.
///
/// O(n + m log m) for n runs and m claims.
///
/// # Errors
/// [`LedgerError::Kind`], [`LedgerError::Overlap`] or [`LedgerError::NotRam`] names the lowest claim that is wrong in
/// that way; [`LedgerError::Runs`] tells how many runs `out` must hold. [`runs_bound`] places are always enough.
pub fn lay_over<'o>(
    map: &Sanitised<'_>,
    claims: &mut [Claim],
    out: &'o mut [MemoryRun],
) -> Result<&'o [MemoryRun], LedgerError> {
    check(claims)?;
    let mut claims = claims.iter().filter(|claim| !claim.frames.is_empty());
    // The claim at hand, and its first frame that has not been laid yet.
    let mut open = claims.next().map(|claim| (claim, claim.frames.start()));
    let mut writer = RunWriter::new(out);
    for run in map.runs() {
        let mut at = run.frames.start();
        while let Some((claim, from)) = open
            && from < run.frames.end()
        {
            if from < at {
                return Err(LedgerError::NotRam { claim: *claim, frame: from, found: None });
            }
            if !is_ram_for_the_loader(run.kind) {
                return Err(LedgerError::NotRam { claim: *claim, frame: from, found: Some(run.kind) });
            }
            let end = claim.frames.end().min(run.frames.end());
            writer.push(between(at, from), run.kind);
            writer.push(between(from, end), claim.kind);
            at = end;
            open = if end == claim.frames.end() {
                claims.next().map(|next| (next, next.frames.start()))
            } else {
                Some((claim, end))
            };
        }
        writer.push(between(at, run.frames.end()), run.kind);
    }
    if let Some((claim, frame)) = open {
        return Err(LedgerError::NotRam { claim: *claim, frame, found: None });
    }
    writer.finish().map_err(LedgerError::Runs)
}

/// Sorts the claims and checks them against each other.
fn check(claims: &mut [Claim]) -> Result<(), LedgerError> {
    claims.sort_unstable_by_key(|claim| (claim.frames.start(), claim.frames.end()));
    let mut below: Option<&Claim> = None;
    for claim in claims.iter().filter(|claim| !claim.frames.is_empty()) {
        if !(claim.kind.is_kernel_owned() || claim.kind == MemoryKind::LoaderTemporary) {
            return Err(LedgerError::Kind { claim: *claim });
        }
        if let Some(below) = below
            && below.frames.overlaps(claim.frames)
        {
            return Err(LedgerError::Overlap { claim: *below, other: *claim });
        }
        below = Some(claim);
    }
    Ok(())
}

/// Returns `[start, end)`, empty when `end` is not above `start`.
fn between(start: Frame, end: Frame) -> FrameRange {
    FrameRange::new(start, end).unwrap_or_default()
}
