//! What the engine needs of its surroundings: access to table entries, and frames for new tables.

use xtcore::{Frame, FrameCount, Level, VirtAddr};

use crate::shape::Modes;

/// Which page table is meant, in both ways of reaching one.
///
/// Identity-mapped or windowed memory is reached by `frame`; a self-map reaches the table by `level` and `covers`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TablePlace {
    /// The frame that holds the table.
    pub frame: Frame,
    /// The level of the table: level 1 is a page table.
    pub level: Level,
    /// The first virtual address that the table covers.
    pub covers: VirtAddr,
}

/// Entries at consecutive indexes whose values form an arithmetic sequence: what a range of pages looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryRun {
    /// Index of the first entry.
    pub index: usize,
    /// Number of entries.
    pub count: usize,
    /// Value of the first entry.
    pub first: u64,
    /// Difference from one entry to the next.
    pub step: u64,
}

/// Access to the entries of page tables, one machine word each.
///
/// Entries travel as 64-bit values; in PML2 the upper half is zero and 4 bytes are accessed. An implementation is
/// made for one paging mode and knows the entry size from it.
///
/// # What an implementation guarantees
/// * A `place` that the engine names is a table of the address space that the implementation was made for.
/// * A walker never sees a torn entry: see [`halves`] for 8-byte entries on a 32-bit processor.
/// * [`Tables::exchange`] and [`Tables::compare_exchange`] are atomic against the processor's own updates of the
///   accessed and dirty bits.
/// * The address space's mode is one of [`Tables::MODES`].
pub trait Tables {
    /// The modes that the tables can have. Fewer make a smaller program.
    const MODES: Modes = Modes::All;

    /// Reads an entry.
    fn load(&self, place: TablePlace, index: usize) -> u64;

    /// Writes an entry that is not present, and that a walker may read at any moment.
    fn publish(&mut self, place: TablePlace, index: usize, value: u64);

    /// Writes a run of entries, none of which is present. Override it where a tight loop of stores is possible.
    fn publish_run(&mut self, place: TablePlace, run: EntryRun) {
        let mut value = run.first;
        for index in run.index..run.index + run.count {
            self.publish(place, index, value);
            value = value.wrapping_add(run.step);
        }
    }

    /// Returns how many of the entries in a run, counted from its first one, are in the bits of `compared` as the run says.
    ///
    /// Processors may set accessed and dirty bits meanwhile; nobody compares those. Override it where vector registers
    /// may be used: they compare several entries at once.
    fn count_like(&self, place: TablePlace, run: EntryRun, compared: u64) -> usize {
        /// So many entries are looked at before it is asked whether all of them were as expected: a cache line.
        const GROUP: usize = 8;
        let unlike = |offset: usize| {
            self.load(place, run.index + offset)
                ^ run.first.wrapping_add(run.step.wrapping_mul(offset as u64))
        };
        let mut like = 0;
        while like + GROUP <= run.count {
            let group = (like..like + GROUP).fold(0, |all, offset| all | unlike(offset));
            if group & compared != 0 {
                break;
            }
            like += GROUP;
        }
        while like < run.count && unlike(like) & compared == 0 {
            like += 1;
        }
        like
    }

    /// Swaps an entry and returns what it was.
    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64;

    /// Makes a live entry absent where nobody asks for the accessed and dirty bits that it had: the page goes away
    /// whatever they say. Override it where a plain store is cheaper than an exchange and clears P before or together
    /// with the rest. A processor that sets a bit at the same moment may leave it behind in the absent entry, with
    /// either.
    fn withdraw(&mut self, place: TablePlace, index: usize) {
        self.exchange(place, index, 0);
    }

    /// Replaces an entry if it still is `current`.
    ///
    /// # Errors
    /// The entry's present value when it isn't.
    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64>;

    /// Fills the frame with zeros. It is no table yet; no walker can reach it.
    fn zero(&mut self, frame: Frame);

    /// Writes an entry of a frame that will become a table and that no walker can reach yet.
    fn initialise(&mut self, frame: Frame, index: usize, value: u64);

    /// Writes a run of entries of a frame that will become a table and that no walker can reach yet. Override it where
    /// a tight loop of stores is possible: nobody looks, so no order and no access width matters.
    fn initialise_run(&mut self, frame: Frame, run: EntryRun) {
        let mut value = run.first;
        for index in run.index..run.index + run.count {
            self.initialise(frame, index, value);
            value = value.wrapping_add(run.step);
        }
    }

    /// Tells that `place` was linked where a large page has been until now; its entries are accessed next.
    ///
    /// An implementation that reaches tables through the self-map must have this processor forget the alias of `place`:
    /// under the large page it led to data, and a processor may have cached that without being asked to. The other
    /// processors are the obligation's business. Implementations that reach tables by frame have nothing to do.
    fn linked(&mut self, place: TablePlace) {
        let _ = place;
    }
}

/// There are not enough frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfFrames {
    /// How many were asked for.
    pub wanted: FrameCount,
    /// How many there are.
    pub available: FrameCount,
}

/// A source of frames for page tables.
pub trait Frames {
    /// Frames that have been set aside.
    type Reservation: Reservation;

    /// Sets `count` frames aside, or changes nothing. All lie below [`crate::entry::Format::frame_limit`] of the
    /// tables that they are for. No frame at all can always be had.
    ///
    /// # Errors
    /// [`OutOfFrames`] when there are fewer.
    fn reserve(&mut self, count: FrameCount) -> Result<Self::Reservation, OutOfFrames>;
}

/// Frames that have been set aside and can be taken without failure.
pub trait Reservation {
    /// Takes a frame; `None` only after as many as were reserved.
    fn take(&mut self) -> Option<Frame>;
}

/// The order of 32-bit stores that changes an 8-byte entry without showing a torn one to a walker.
///
/// Source: Intel SDM volume 3A, section 9.1.1 (an aligned 8-byte access is atomic only when made as one) and section
/// 4.8 (accessed and dirty bits). A 32-bit processor without `cmpxchg8b` needs this for every live entry; one that
/// has it needs it only for entries that are not present yet, where two plain stores are cheaper.
pub mod halves {
    /// One 32-bit store.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Store {
        /// Bits 31 to 0, which contain P.
        Low(u32),
        /// Bits 63 to 32.
        High(u32),
    }

    /// Returns the stores that publish `value` over an entry that is not present: the high half first, then the low
    /// half with P. Between them the entry still is not present.
    #[must_use]
    pub const fn publish(value: u64) -> [Store; 2] {
        [Store::High((value >> 32) as u32), Store::Low(value as u32)]
    }

    /// Returns the stores that replace a present entry: P goes first, so that no walker combines an old half with
    /// a new one. Between the first and the last store the entry is not present.
    ///
    /// The caller makes the first store an exchange if it needs the accessed and dirty bits.
    #[must_use]
    pub const fn replace(value: u64) -> [Store; 3] {
        [Store::Low(0), Store::High((value >> 32) as u32), Store::Low(value as u32)]
    }
}
