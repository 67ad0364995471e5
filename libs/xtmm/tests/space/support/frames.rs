//! The source of frames: it refuses on command, and watches what comes back and when.
#![allow(unsafe_code, reason = "the trait promises what the address space relies on")]

use std::cell::Cell;
use std::collections::BTreeMap;

use xtcore::{Frame, FrameCount, VirtAddr, VirtRange};
use xtmm::inject::Site;
use xtmm::space::{PageContent, PageFrames, TableFrames};
use xtpaging::{Frames, Limbo, Mapping, OutOfFrames, Reservation};

use super::locks_held;
use super::machine::{OneThread, Sim, SimTlb};

/// What another processor does between a first look and the reservation that follows it.
pub(crate) enum Hook {
    /// It unmaps.
    Unmap(VirtRange),
    /// It maps.
    Map(Mapping),
}

/// Frames from the machine's pool.
pub(crate) struct SimFrames<'m> {
    sim: &'m Sim,
    hook: OneThread<Option<Hook>>,
    /// The entries that map pages, as far as somebody told.
    entries: OneThread<BTreeMap<Frame, VirtAddr>>,
    /// Reservations so far.
    reservations: OneThread<Cell<u32>>,
}

impl<'m> SimFrames<'m> {
    pub(crate) fn new(sim: &'m Sim) -> Self {
        Self {
            sim,
            hook: OneThread::new(None),
            entries: OneThread::new(BTreeMap::new()),
            reservations: OneThread::new(Cell::new(0)),
        }
    }

    /// Has another processor do something at the next reservation.
    pub(crate) fn meanwhile(&self, hook: Hook) {
        *self.hook.get() = Some(hook);
    }

    /// Returns how many reservations there were since the last question.
    pub(crate) fn reservations(&self) -> u32 {
        self.reservations.get().take()
    }

    /// Returns where the self-map shows the entry that maps a frame, as it was told.
    pub(crate) fn entry_of(&self, frame: Frame) -> Option<VirtAddr> {
        self.entries.get().get(&frame).copied()
    }

    fn take(&self, count: FrameCount, site: Site) -> Result<Vec<Frame>, OutOfFrames> {
        assert_eq!(locks_held(), 0, "frames are taken with no lock held");
        let available = FrameCount::new(self.sim.pool.get().left() as u64);
        let refused = OutOfFrames { wanted: count, available };
        if self.sim.injector.fails(site) {
            return Err(refused);
        }
        let wanted = usize::try_from(count.get()).map_err(|_| refused)?;
        self.sim.pool.get().reserve(wanted).ok_or(refused)
    }

    fn act(&self, hook: Hook) {
        let (mut tables, space) = (self.sim.tables(), &self.sim.space);
        let mut source =
            Reserved::of(self.sim.pool.get().reserve(8).expect("frames for the other processor"));
        match hook {
            Hook::Unmap(pages) => {
                let mut cursor = space.cursor(&mut tables, pages).expect("pages");
                let mut limbo = Limbo::new();
                while let Some(obligation) = cursor.unmap(&mut source, &mut limbo).expect("mapped pages") {
                    let reclaimed = obligation.discharge(&mut SimTlb { sim: self.sim });
                    reclaimed.tables().iter().for_each(|table| self.free(*table));
                }
            }
            Hook::Map(mapping) => space.map(&mut tables, &mut source, &mapping).expect("room for it"),
        }
        source.frames.into_iter().for_each(|frame| self.free(frame));
    }
}

impl TableFrames for SimFrames<'_> {
    type Reservation<'a>
        = PoolReservation<'a>
    where
        Self: 'a;

    fn reserve(&self, count: FrameCount) -> Result<PoolReservation<'_>, OutOfFrames> {
        assert_ne!(count, FrameCount::ZERO, "nobody asks for nothing");
        {
            let reservations = self.reservations.get();
            reservations.set(reservations.get() + 1);
        }
        let hook = self.hook.get().take();
        if let Some(hook) = hook {
            self.act(hook);
        }
        Ok(PoolReservation { frames: self.take(count, Site::FrameReservation)?, source: self.sim })
    }

    fn free(&self, frame: Frame) {
        assert_eq!(locks_held(), 0, "frames are freed with no lock held");
        self.sim.assert_nothing_stale();
        // Whoever still uses the frame reads poison.
        self.sim.ram.get().poison(frame);
        self.sim.pool.get().give_back(frame);
    }
}

// SAFETY: the pool gives each frame to one user until it comes back, in memory that the simulator owns; zeroed ones are
// zeroed here.
unsafe impl PageFrames for SimFrames<'_> {
    fn allocate(&self, content: PageContent) -> Result<Frame, OutOfFrames> {
        let frame = self.take(FrameCount::ONE, Site::Frame)?.pop().expect("one frame");
        if content == PageContent::Zeroed {
            self.sim.ram.get().zero(frame);
        }
        Ok(frame)
    }

    fn mapped(&self, frame: Frame, pte: VirtAddr) {
        assert_eq!(locks_held(), 0, "no lock is held");
        self.entries.get().insert(frame, pte);
    }
}

/// Frames set aside; the rest goes back.
pub(crate) struct PoolReservation<'m> {
    frames: Vec<Frame>,
    source: &'m Sim,
}

impl Reservation for PoolReservation<'_> {
    fn take(&mut self) -> Option<Frame> {
        self.frames.pop()
    }
}

impl Drop for PoolReservation<'_> {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || locks_held() == 0, "frames go back with no lock held");
        self.frames.drain(..).for_each(|frame| self.source.pool.get().give_back(frame));
    }
}

/// Frames that their user brings.
pub(crate) struct Reserved {
    pub(crate) frames: Vec<Frame>,
}

impl Reserved {
    pub(crate) fn of(frames: Vec<Frame>) -> Self {
        Self { frames }
    }
}

impl Frames for Reserved {
    type Reservation = Self;

    fn reserve(&mut self, count: FrameCount) -> Result<Self, OutOfFrames> {
        let left = self.frames.len();
        let available = FrameCount::new(left as u64);
        let wanted = usize::try_from(count.get()).expect("a small number");
        let kept = left.checked_sub(wanted).ok_or(OutOfFrames { wanted: count, available })?;
        Ok(Self { frames: self.frames.split_off(kept) })
    }
}

impl Reservation for Reserved {
    fn take(&mut self) -> Option<Frame> {
        self.frames.pop()
    }
}
