//! Zeroing ahead of demand.

use xtcore::{FrameCount, FrameRange};

use super::{FrameAllocator, Purity, zone_of};
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::machine::Machine;

/// Frames that are taken, zeroed and put back at a time: what is on its way is nobody's for that long.
const AT_ONCE: usize = 32;

/// Zeroed frames that an idle processor keeps for itself; with so many its work is done.
const AHEAD: usize = 64;

/// Free frames that it leaves as they are: whoever wants any content finds the warm ones where they were.
const UNTOUCHED: usize = 64;

/// Those of them that lie behind the front of their magazine.
const WARM: usize = UNTOUCHED - 1;

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

    /// Zeroes one frame for later allocations, the newest of those in the caller's processor's magazine that are not warm. What a
    /// processor does again and again that has nothing else to do; false says that nothing is left to do, until somebody
    /// allocates or frees here. Cost: the zeros, pinned; a lock for 64 moves. Highest level: Dispatch.
    ///
    /// No memory is touched for it that no processor has fetched, and no frame leaves its processor: 64 zeroed ones are
    /// enough, and as many others stay. The frame is zeroed where it lies, and moved under the rows' lock, under which
    /// caches are counted and searched. So it is in one place at each moment, whoever looks.
    pub fn zero_ahead(&self) -> bool {
        let pin = self.machine.pin();
        let Some(cache) = self.cache(&pin) else { return false };
        // Somebody is short of memory: he gets it first.
        self.serve_drain(&pin, cache);
        for kind in self.zeroed_kinds() {
            let (free, zeroed) = (cache.magazine(kind.before_zeroing()), cache.magazine(kind));
            if zeroed.count() >= AHEAD || free.count() <= UNTOUCHED {
                continue;
            }
            let Some(pfn) = free.below(WARM) else { continue };
            // Nobody else takes from this magazine, and its processor is busy here.
            self.machine.zero(FrameRange::with_count(pfn.frame(), FrameCount::ONE));
            let _seen_by_nobody = self.rows.lock(&pin);
            free.forget_below(WARM);
            return zeroed.push(pfn);
        }
        false
    }
}
