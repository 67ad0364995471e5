//! The allocator itself: what it is made of, and how requests find the right magazine.

mod adopt;
mod background;
mod inspect;
mod large;
mod pressure;
mod single;

use core::sync::atomic::AtomicBool;

use xtcore::{Frame, FrameCount, FrameRange};

use super::blocks::Blocks;
use super::cache::depot::Depot;
use super::cache::{Batch, CpuCache, Kind};
use super::error::ConfigError;
use super::ranges::RangeSet;
use super::rows::{Opener, Parts, Records, Rows};
use super::units::{BlockSize, Pfn};
use super::zones::{LOW, Zone, Zones};
use crate::OutOfFrames;
use crate::inject::Site;
use crate::machine::{CpuIndex, LockClass, Machine, Pin, SpinLock};
use crate::per_cpu::{NotNext, PerCpu};
pub use inspect::{Counts, Place};

/// Blocks that a giant has at most.
const GIANT_BLOCKS: u64 = 512;
/// The frame at 4 GiB.
const FOUR_GIB: Frame = Frame::new(1 << 20);

/// What an allocator is made of.
#[derive(Debug)]
pub struct Config<'m> {
    /// The records, without memory so far. They say how large a block is, and where RAM ends.
    pub records: Records<'m>,
    /// Frames of 1 GiB.
    pub giant: FrameCount,
    /// The frame after the last one in the window. Rounded down to a block; anything above all RAM means that
    /// the window has all of it.
    pub window_end: Frame,
    /// Frames that opening a block takes, page tables not counted. A fresh piece of a block that is no larger is left alone.
    pub opening: FrameCount,
    /// Free memory, and room for about four ranges more.
    pub fresh: RangeSet<'m>,
    /// Empty, with room for the ranges of `fresh` and for those that are adopted or given back and touch none of them.
    pub known: RangeSet<'m>,
    /// A cache for each processor. A processor without one works, at the price of a lock per frame.
    pub caches: &'m [CpuCache],
    /// Room for full batches, as many as are worth keeping: 64 for each kind of frame.
    pub depot: &'m [Batch],
}

const DEPOT: LockClass = LockClass::new("frame depot");
const ROWS: LockClass = LockClass::new("frame rows");

/// Hands out physical memory. See the module above for how.
#[derive(Debug)]
pub struct FrameAllocator<'m, M: Machine, B> {
    machine: &'m M,
    blocks: B,
    records: Records<'m>,
    zones: Zones,
    window_end: Pfn,
    /// Frames of the window above 1 MiB; none where there is no window.
    window_frames: usize,
    /// There can be RAM outside the window.
    has_beyond: bool,
    caches: PerCpu<'m, CpuCache>,
    depot: SpinLock<M, Depot<'m>>,
    rows: SpinLock<M, Rows<'m>>,
    /// The rows keep a crime that nobody has heard of. A hint that spares a look under the lock.
    has_unreported: AtomicBool,
}

/// What a frame contains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purity {
    Any,
    Zeroed,
}

impl<'m, M: Machine, B: Blocks> FrameAllocator<'m, M, B> {
    /// Makes an allocator. Cost: proportional to the number of fresh ranges.
    ///
    /// # Errors
    /// [`ConfigError`].
    ///
    /// # Safety
    /// The fresh frames are RAM that nobody uses. Records, caches and depot are used by no other allocator and are
    /// as they were made. `blocks` backs the records that are given here.
    #[allow(unsafe_code, reason = "whose memory it is only the caller knows")]
    pub unsafe fn new(machine: &'m M, blocks: B, config: Config<'m>) -> Result<Self, ConfigError> {
        let Config { records, giant, window_end, opening, mut fresh, mut known, caches, depot } = config;
        let size = records.size();
        let giant_blocks = giant.get() >> size.order();
        if !giant.get().is_power_of_two() || !(1..=GIANT_BLOCKS).contains(&giant_blocks) {
            return Err(ConfigError::Giant(giant));
        }
        // A null pointer to physical memory is worth more than 4 KiB.
        fresh.remove(FrameRange::with_count(Frame::new(0), FrameCount::ONE))?;
        for range in fresh.as_slice() {
            if range.end() > records.end() {
                return Err(ConfigError::PastTheEnd(*range));
            }
            known.insert(*range)?;
        }
        let zones = Zones::new(size, window_end);
        let window_end = if zones.window_end() < records.end() { zones.window_end() } else { records.end() };
        let window_end = Pfn::saturating(window_end);
        let parts = Parts { records, zones, giant_blocks: giant_blocks as u32, opening, fresh, known };
        Ok(Self {
            machine,
            blocks,
            records,
            zones,
            window_end,
            window_frames: window_end.0.saturating_sub(LOW.0),
            has_beyond: records.end() > window_end.frame(),
            caches: PerCpu::new(caches),
            depot: SpinLock::new(DEPOT, Depot::new(depot).ok_or(ConfigError::Depot(depot.len()))?),
            rows: SpinLock::new(ROWS, Rows::new(parts)),
            has_unreported: AtomicBool::new(false),
        })
    }

    /// Gives the next processor, `cpu`, a cache.
    ///
    /// # Errors
    /// [`NotNext`]; nothing has changed then.
    ///
    /// # Safety
    /// The cache is as it was made, and used by no other allocator.
    #[allow(unsafe_code, reason = "whose memory it is only the caller knows")]
    pub unsafe fn add_processor(&self, cpu: CpuIndex, cache: &'m CpuCache) -> Result<(), NotNext> {
        self.caches.add(cpu.get(), cache)
    }

    /// Returns what was given for opening blocks.
    pub const fn blocks(&self) -> &B {
        &self.blocks
    }

    /// Returns the machine.
    pub const fn machine(&self) -> &'m M {
        self.machine
    }

    /// Tells whether the allocation at `site` is to fail.
    pub(crate) fn injects(&self, site: Site) -> bool {
        self.machine.injector().fails(site)
    }

    const fn size(&self) -> BlockSize {
        self.records.size()
    }

    fn opener(&self) -> Opener<'_, B> {
        Opener { blocks: &self.blocks, injector: self.machine.injector() }
    }

    #[inline]
    fn cache(&self, pin: &M::Pin) -> Option<&'m CpuCache> {
        self.caches.get(pin.cpu().get())
    }

    /// Returns which magazine serves a zone, if one does.
    ///
    /// The magazine for the window holds frames of the window only, the one beyond it may hold any.
    #[inline]
    fn kind_for(&self, zone: Zone, purity: Purity) -> Option<Kind> {
        let beyond = match zone {
            Zone::Any => self.has_beyond,
            Zone::Window => false,
            // The window may be more than the zone, and the zone more than the window, unless both are all.
            Zone::BelowFourGiB if !self.has_beyond && self.records.end() <= FOUR_GIB => false,
            Zone::BelowFourGiB | Zone::BelowOneMiB => return None,
        };
        Some(match (purity, beyond) {
            (Purity::Any, false) => Kind::Free,
            (Purity::Any, true) => Kind::FreeBeyond,
            (Purity::Zeroed, false) => Kind::Zeroed,
            (Purity::Zeroed, true) => Kind::ZeroedBeyond,
        })
    }

    /// Returns which magazine takes a frame. Frames below 1 MiB go to the rows, where those who need them look.
    #[inline]
    fn kind_of(&self, pfn: Pfn, purity: Purity) -> Option<Kind> {
        if self.is_in_window(pfn) {
            return Some(in_window(purity));
        }
        let is_beyond = pfn >= self.window_end.max(LOW) && pfn.frame() < self.records.end();
        is_beyond.then_some(if purity == Purity::Zeroed { Kind::ZeroedBeyond } else { Kind::FreeBeyond })
    }

    /// Tells whether a frame lies in the window and above 1 MiB.
    #[inline]
    const fn is_in_window(&self, pfn: Pfn) -> bool {
        pfn.0.wrapping_sub(LOW.0) < self.window_frames
    }

    /// Says that there are not enough frames.
    #[cold]
    #[inline(never)]
    fn short(&self, wanted: FrameCount) -> OutOfFrames {
        let pin = self.machine.pin();
        let rows = self.rows.lock(&pin);
        let available = rows.free().saturating_add(rows.untouched());
        OutOfFrames { wanted, available }
    }
}

/// Returns which magazine takes frames of the window.
const fn in_window(purity: Purity) -> Kind {
    match purity {
        Purity::Any => Kind::Free,
        Purity::Zeroed => Kind::Zeroed,
    }
}

/// Returns the zone that a magazine is filled from.
const fn zone_of(kind: Kind) -> Zone {
    match kind {
        Kind::Free | Kind::Zeroed => Zone::Window,
        Kind::FreeBeyond | Kind::ZeroedBeyond => Zone::Any,
    }
}
