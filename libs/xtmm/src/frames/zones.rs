//! Which memory a request may be served from.
//!
//! Three borders cut all frames into four classes, by blocks: the end of block 0 (which holds what lies below 1 MiB),
//! the end of the window, and 4 GiB; the last two in whichever order. A zone is then "this class and all below it", and
//! serving from the highest class first spares what is scarce: memory outside the window goes before memory in
//! it, memory above 4 GiB before memory below, and block 0 when nothing else is left.

use xtcore::{Frame, FrameRange};

use super::units::{BlockSize, Pfn};

/// Where the frames of a request may lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// Below 1 MiB: what a processor starts on.
    BelowOneMiB,
    /// Below 4 GiB: what devices with 32-bit addresses reach, and CR3 under PAE.
    BelowFourGiB,
    /// In the window, where the kernel reaches it without mapping it.
    Window,
    /// Anywhere.
    Any,
}

/// Frames below 1 MiB.
pub(crate) const LOW: Pfn = Pfn(256);
/// Frames below 4 GiB.
const FOUR_GIB: u64 = 1 << 20;

/// Blocks between two borders, the scarcest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Class {
    Lowest = 0,
    Low = 1,
    Middle = 2,
    High = 3,
}

impl Class {
    const DESCENDING: [Self; 4] = [Self::High, Self::Middle, Self::Low, Self::Lowest];
}

/// The borders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zones {
    size: BlockSize,
    /// The first frames of the classes above [`Class::Lowest`].
    low: Frame,
    middle: Frame,
    high: Frame,
    window_end: Frame,
}

impl Zones {
    /// Draws the borders. The window ends where its last whole block ends.
    pub(crate) fn new(size: BlockSize, window_end: Frame) -> Self {
        let low = Frame::new(size.count().get());
        let window_end = size.around(window_end).start();
        let (first, second) = (window_end.min(Frame::new(FOUR_GIB)), window_end.max(Frame::new(FOUR_GIB)));
        Self { size, low, middle: first.max(low), high: second.max(low), window_end }
    }

    /// Returns the frame after the last one in the window.
    pub(crate) const fn window_end(&self) -> Frame {
        self.window_end
    }

    /// Returns the class of a block.
    pub(crate) fn class_of(&self, block: u32) -> Class {
        let start = self.size.range(block).start();
        if start >= self.high {
            Class::High
        } else if start >= self.middle {
            Class::Middle
        } else if start >= self.low {
            Class::Low
        } else {
            Class::Lowest
        }
    }

    /// Returns the frames of a class.
    pub(crate) fn range(&self, class: Class) -> FrameRange {
        let (start, end) = match class {
            Class::Lowest => (Frame::new(0), self.low),
            Class::Low => (self.low, self.middle),
            Class::Middle => (self.middle, self.high),
            Class::High => (self.high, Frame::new(u64::MAX)),
        };
        FrameRange::new(start, end).unwrap_or_default()
    }

    /// Returns the frame after the last one of a zone.
    pub(crate) fn limit(&self, zone: Zone) -> Frame {
        match zone {
            Zone::BelowOneMiB => LOW.frame(),
            Zone::BelowFourGiB => Frame::new(FOUR_GIB),
            Zone::Window => self.window_end,
            Zone::Any => Frame::new(u64::MAX),
        }
    }

    /// Returns the classes that serve a zone, the one to be tried first first.
    pub(crate) fn classes(&self, zone: Zone) -> impl Iterator<Item = Class> + use<> {
        let limit = self.limit(zone);
        let starts = [self.high, self.middle, self.low, Frame::new(0)];
        Class::DESCENDING
            .into_iter()
            .zip(starts)
            .filter(move |(_, start)| *start < limit)
            .map(|(class, _)| class)
    }
}

#[cfg(test)]
mod tests;
