//! Zeroing ahead of demand.

use xtcore::{FrameCount, FrameRange};

use super::{FrameAllocator, Purity, zone_of};
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::machine::Machine;

/// Frames that are taken, zeroed and put back at a time: what is on its way is nobody's for that long.
const AT_ONCE: usize = 32;

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Zeroes up to `at_most` free frames for later allocations, and returns how many. Fewer when there are
    /// no more, or when there is no room to keep more: the idle thread may sleep then. Highest level: Dispatch.
    ///
    /// Only frames of the rows are taken, those that were freed lately stay in the magazines. Not pinned while it zeroes.
    pub fn zero_in_background(&self, at_most: FrameCount) -> FrameCount {
        let mut left = usize::try_from(at_most.get()).unwrap_or(usize::MAX);
        let mut zeroed = 0;
        for kind in self.zeroed_kinds() {
            while left > 0 {
                let frames = Stack::<AT_ONCE>::new();
                let pin = self.machine.pin();
                let Some(cache) = self.cache(&pin) else { break };
                self.serve_drain(&pin, cache);
                if !self.has_room(&pin, cache, kind) {
                    break;
                }
                let wanted = left.min(AT_ONCE);
                let got = self.rows.lock(&pin).fill(&self.opener(), zone_of(kind), &frames, wanted);
                drop(pin);
                if got == 0 {
                    break;
                }
                while let Some(pfn) = frames.pop() {
                    self.machine.zero(FrameRange::with_count(pfn.frame(), FrameCount::ONE));
                    self.put_silently(pfn.frame(), Purity::Zeroed);
                }
                left -= got;
                zeroed += got;
            }
        }
        FrameCount::new(zeroed as u64)
    }
}
