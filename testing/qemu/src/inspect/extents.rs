//! Sets of physical memory, kept as sorted intervals: a machine of 12 TiB has too many frames to list.

use xtcore::{FrameCount, PAGE_BYTES, PhysAddr};

/// A set of bytes of physical memory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Extents(Vec<(u64, u64)>);

impl Extents {
    /// Builds the union of pieces, each a first address and a number of bytes.
    pub(crate) fn new(pieces: impl IntoIterator<Item = (PhysAddr, u64)>) -> Self {
        let mut pieces: Vec<(u64, u64)> = pieces
            .into_iter()
            .map(|(start, bytes)| (start.get(), start.get().saturating_add(bytes)))
            .collect();
        pieces.sort_unstable();
        let mut union: Vec<(u64, u64)> = Vec::new();
        for (start, end) in pieces {
            match union.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => union.push((start, end)),
            }
        }
        Self(union)
    }

    /// Returns how many frames both sets share, and the first of them. Linear.
    pub(crate) fn shared_frames(&self, other: &Self) -> (FrameCount, Option<PhysAddr>) {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut bytes = 0;
        let mut first = None;
        while let (Some(left), Some(right)) = (mine.peek(), theirs.peek()) {
            let (start, end) = (left.0.max(right.0), left.1.min(right.1));
            if start < end {
                bytes += end - start;
                first.get_or_insert(PhysAddr::new(start));
            }
            if left.1 <= right.1 {
                mine.next();
            } else {
                theirs.next();
            }
        }
        (FrameCount::new(bytes / PAGE_BYTES), first)
    }
}
