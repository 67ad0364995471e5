//! What is due when: a wheel of wheels that keeps exact moments.
//!
//! # Why a wheel
//! Most timers are time-outs that are cancelled before they are due, so insertion and removal count most; both are a
//! few instructions here, whatever else is armed. A pairing heap inserts as cheaply, but pays logarithmic cost for
//! each removal and chases pointers on the way to the next due; a plain wheel rounds to its slots and needs a list
//! for the far future. This one does neither.
//!
//! # How
//! A moment is a number of 64 bits, eleven digits of six bits. An entry stands on the **level** of the highest digit in
//! which its moment differs from the wheel's time, in the **slot** of that digit:
//!
//! ```text
//!   the time is 0o17_25_40 (a digit is a pair of octal ones)
//!   level 0:    0o17_25_40 ..= 0o17_25_77    one moment in a slot
//!   level 1:    0o17_26_00 ..= 0o17_77_77    64 moments in a slot
//!   level 2:    0o20_00_00 ..= 0o77_77_77    4096 moments in a slot, and so on up to the end of time
//! ```
//!
//! * Everything on a level is due before everything on the level above, and on a level the slots are in order. So the
//!   first slot of the first level that has any holds what is due first: two bit scans find it.
//! * When time reaches the beginning of that slot, its entries move to lower levels, in their order. **Each entry
//!   moves at most ten times in its life**; one that is alone in its slot leaves from there when it is due.
//! * While nothing is due before `now`, time may be set to `now` and every entry still stands where it belongs: its
//!   slot begins after `now`, so `now` differs from it in the same digit first.
//! * Entries of the same moment leave in the order in which they came: they always stand in the same slot.
//!
//! Cost: insertion and removal constant; taking what is due, constant for each entry over its life, but one step may
//! move all entries of a slot.
#![allow(unsafe_code, reason = "entries are reached by their addresses")]

use core::cell::Cell;
use core::ops::ControlFlow;
use core::ptr::NonNull;

use xtrtl::list::{Corrupt, Link, Ring};

use super::{Instant, Interval};

const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
const LEVELS: usize = 11;

/// A timer's place in a wheel.
#[repr(C)]
pub(super) struct Entry {
    link: Link,
    due: Cell<Instant>,
    /// Zero for a timer that is due once.
    pub(super) period: Cell<Interval>,
    place: Cell<u16>,
}

impl Entry {
    /// Returns an entry that stands nowhere.
    pub(super) const fn new() -> Self {
        Self {
            link: Link::new(),
            due: Cell::new(Instant::NEVER),
            period: Cell::new(Interval::ZERO),
            place: Cell::new(0),
        }
    }

    /// Returns when it is due, or was. Only who has its wheel exclusively may ask.
    pub(super) fn due(&self) -> Instant {
        self.due.get()
    }

    /// Tells whether it stands in a wheel. Only who has that wheel exclusively may ask.
    pub(super) fn is_linked(&self) -> bool {
        self.link.is_linked()
    }
}

/// The slots of a level that have entries, and where their rings begin.
pub(super) struct Wheel {
    time: u64,
    levels: u16,
    occupied: [u64; LEVELS],
    slots: [Ring; LEVELS * SLOTS],
    moves: u64,
}

/// Where a slot is, and the first moment in it.
#[derive(Clone, Copy)]
struct Slot {
    place: u16,
    begin: u64,
}

impl Wheel {
    /// Returns a wheel with nothing in it, at the start of the machine.
    pub(super) const fn new() -> Self {
        Self {
            time: 0,
            levels: 0,
            occupied: [0; LEVELS],
            slots: [const { Ring::new() }; LEVELS * SLOTS],
            moves: 0,
        }
    }

    /// Returns how often an entry was put somewhere: once when it was inserted, once for each level it went down.
    pub(super) const fn moves(&self) -> u64 {
        self.moves
    }

    /// Puts an entry in. One that is due in the past stands with those that are due now. Constant cost.
    ///
    /// # Safety
    /// The entry stands in no wheel, and stays alive and where it is until it is taken out of this one. The pointer may
    /// be used for all of the entry.
    pub(super) unsafe fn insert(&mut self, entry: NonNull<Entry>, due: Instant) {
        let moment = due.units().max(self.time);
        // The lowest bit is set so that the moment of the wheel itself is on the lowest level.
        let level = ((moment ^ self.time) | 1).ilog2() / DIGIT;
        let digit = (moment >> (level * DIGIT)) as usize % SLOTS;
        let place = level as usize * SLOTS + digit;
        // SAFETY: what goes into a wheel lives until it is taken out again, which is after this; its fields are cells, so that a
        // shared reference conflicts with none that others have.
        let fields = unsafe { entry.as_ref() };
        fields.due.set(due);
        // There are 704 places.
        fields.place.set(place as u16);
        let (Some(ring), Some(occupied)) = (self.slots.get_mut(place), self.occupied.get_mut(level as usize))
        else {
            return;
        };
        // SAFETY: the caller promises it, and the link is the first field of an entry of `repr(C)`.
        unsafe { ring.push(entry.cast()) };
        *occupied |= 1 << digit;
        self.levels |= 1 << level;
        self.moves = self.moves.wrapping_add(1);
    }

    /// Takes an entry out, and tells whether it was in. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    ///
    /// # Safety
    /// The entry is alive, and stands in this wheel or in none.
    pub(super) unsafe fn remove(&mut self, entry: NonNull<Entry>) -> Result<bool, Corrupt> {
        // SAFETY: the entry is alive for this call, whether it stands here or not; its fields are cells, so that a shared
        // reference conflicts with none that others have.
        let fields = unsafe { entry.as_ref() };
        if !fields.is_linked() {
            return Ok(false);
        }
        let place = fields.place.get();
        let Some(ring) = self.slots.get_mut(place as usize) else {
            return Err(Corrupt { entry: entry.addr().get() });
        };
        // SAFETY: the entry stands in this wheel, and `place` says in which of its rings.
        unsafe { ring.remove(entry.cast()) }?;
        if ring.is_empty() {
            self.vacate(place);
        }
        Ok(true)
    }

    /// Takes the entry out that is due first, if that is not after `now`.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Wheel::remove`].
    pub(super) fn pop(&mut self, now: Instant) -> Result<Option<NonNull<Entry>>, Corrupt> {
        let now = now.units();
        loop {
            let Some(slot) = self.first().filter(|slot| slot.begin <= now) else {
                self.time = self.time.max(now);
                return Ok(None);
            };
            let Some(ring) = self.slots.get_mut(slot.place as usize) else { return Ok(None) };
            if let Some(only) = ring.only() {
                ring.pop()?;
                self.vacate(slot.place);
                let entry = only.cast::<Entry>();
                // SAFETY: it stood in the wheel a moment ago, and its owner has to come here to take it out.
                let due = unsafe { entry.as_ref() }.due();
                if due.units() <= now {
                    // Whatever else is in the wheel is due later, in slots that begin later.
                    self.time = self.time.max(due.units());
                    return Ok(Some(entry));
                }
                self.time = now;
                // SAFETY: it was just taken out, and its owner still counts on its being in.
                unsafe { self.insert(entry, due) };
            } else if (slot.place as usize) < SLOTS {
                // A slot of the lowest level is one moment.
                self.time = slot.begin;
                return Ok(ring.pop()?.map(NonNull::cast));
            } else {
                let mut entries = core::mem::replace(ring, Ring::new());
                self.vacate(slot.place);
                self.time = slot.begin;
                while let Some(link) = entries.pop()? {
                    let entry = link.cast::<Entry>();
                    // SAFETY: it stood in the wheel a moment ago, and its owner has to come here to take it out.
                    let due = unsafe { entry.as_ref() }.due();
                    // SAFETY: it was just taken out, and its owner still counts on its being in.
                    unsafe { self.insert(entry, due) };
                }
            }
        }
    }

    /// Returns a moment up to which nothing is due: that of the first entry, if that is alone in its slot or stands
    /// on the lowest level, else where its slot begins. Nothing if the wheel is empty. Constant cost.
    pub(super) fn earliest(&self) -> Option<Instant> {
        let slot = self.first()?;
        let only = self.slots.get(slot.place as usize)?.only();
        // SAFETY: the entry stands in this wheel, so it is alive.
        let due = only.map(|only| unsafe { only.cast::<Entry>().as_ref() }.due());
        Some(due.unwrap_or(Instant::new(slot.begin)))
    }

    /// Shows all entries, in no order, as far as `is_there` says that the next one has memory, until `visit` breaks.
    pub(super) fn each(
        &self,
        is_there: &dyn Fn(NonNull<Entry>) -> bool,
        visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for ring in &self.slots {
            let mut next = ring.first();
            while let Some(link) = next.filter(|link| is_there(link.cast())) {
                // SAFETY: there is memory, as was asked; what stands in the wheel is alive, or was overwritten, and cells can
                // have any content.
                visit(unsafe { link.cast::<Entry>().as_ref() })?;
                // SAFETY: the link leads from this ring.
                next = unsafe { ring.after(link) };
            }
        }
        ControlFlow::Continue(())
    }

    /// Returns the first slot that is occupied.
    fn first(&self) -> Option<Slot> {
        let level = self.levels.trailing_zeros();
        let occupied = *self.occupied.get(level as usize)?;
        let digit = occupied.trailing_zeros();
        let shift = level * DIGIT;
        // On the highest level there are no digits above.
        let above = u64::MAX.checked_shl(shift + DIGIT).unwrap_or(0);
        let begin = (self.time & above) | (u64::from(digit) << shift);
        // There are 704 places.
        Some(Slot { place: (level as usize * SLOTS) as u16 + digit as u16, begin })
    }

    /// Notes that a slot has become empty.
    fn vacate(&mut self, place: u16) {
        let (level, digit) = (place as usize / SLOTS, place as usize % SLOTS);
        let Some(occupied) = self.occupied.get_mut(level) else { return };
        *occupied &= !(1 << digit);
        if *occupied == 0 {
            self.levels &= !(1 << level);
        }
    }
}

#[cfg(test)]
mod tests;
