//! The classes of locks, and which was wanted under which.
//!
//! # Invariants
//! * A class has one place, for ever. Places below `count` are written and never change.
//! * `under[w]` has the bit `h` if a lock of class `w` was wanted while one of class `h` was held.
//! * An edge is written before it is searched for a way back, and both are sequentially consistent: of two processors
//!   that write contradicting edges at a time, one at least finds the other's.
#![allow(unsafe_code, reason = "names are written once and read by all")]

use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use xtcore::RunLevel;

use super::super::Class;

const WORD_BITS: usize = u32::BITS as usize;
const WORDS: usize = Order::CLASSES / WORD_BITS;

/// A set of classes.
#[derive(Debug)]
struct Set([AtomicU32; WORDS]);

impl Set {
    const fn empty() -> Self {
        Self([const { AtomicU32::new(0) }; WORDS])
    }

    /// Adds a class; tells whether it was missing.
    fn add(&self, class: usize) -> bool {
        let bit = 1 << (class % WORD_BITS);
        self.0.get(class / WORD_BITS).is_some_and(|word| word.fetch_or(bit, Ordering::SeqCst) & bit == 0)
    }

    fn has(&self, class: usize) -> bool {
        let bit = 1 << (class % WORD_BITS);
        self.0.get(class / WORD_BITS).is_some_and(|word| word.load(Ordering::SeqCst) & bit != 0)
    }

    /// Returns the classes as bits.
    fn bits(&self) -> u64 {
        self.0.iter().rev().fold(0, |bits, word| (bits << WORD_BITS) | u64::from(word.load(Ordering::SeqCst)))
    }
}

/// A class and the highest level that its locks raise to.
struct Entry {
    class: UnsafeCell<Class>,
    level: AtomicU8,
}

impl Entry {
    const fn none() -> Self {
        Self { class: UnsafeCell::new(Class::new("")), level: AtomicU8::new(0) }
    }
}

/// The order of one machine's locks. See the [module](super).
pub struct Order {
    /// Somebody adds a class; nothing interrupts who does.
    adding: AtomicBool,
    count: AtomicUsize,
    entries: [Entry; Order::CLASSES],
    under: [Set; Order::CLASSES],
    left_out: AtomicU32,
}

// SAFETY: an entry's class is written by the one who has set `adding`, before `count` grows over it; it is read by those
// only who have seen `count` above it, which nobody writes to any more.
unsafe impl Sync for Order {}

impl Order {
    /// How many classes are known.
    pub const CLASSES: usize = 64;

    /// Returns an order in which nothing was taken yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            adding: AtomicBool::new(false),
            count: AtomicUsize::new(0),
            entries: [const { Entry::none() }; Self::CLASSES],
            under: [const { Set::empty() }; Self::CLASSES],
            left_out: AtomicU32::new(0),
        }
    }

    /// Lists the classes seen, each with the highest level that a lock of it raises to. Highest level: any.
    pub fn classes(&self) -> impl Iterator<Item = (Class, RunLevel)> + '_ {
        (0..self.count.load(Ordering::Acquire)).filter_map(|place| {
            let level = self.entries.get(place)?.level.load(Ordering::Relaxed);
            Some((self.class(place)?, RunLevel::from_number(level.into())?))
        })
    }

    /// Lists what was noted: a class that was held, and one that was wanted under it. Highest level: any.
    pub fn edges(&self) -> impl Iterator<Item = (Class, Class)> + '_ {
        let places = 0..self.count.load(Ordering::Acquire);
        places.clone().flat_map(move |held| {
            places.clone().filter_map(move |wanted| {
                let noted = self.under.get(wanted).is_some_and(|under| under.has(held));
                if noted { Some((self.class(held)?, self.class(wanted)?)) } else { None }
            })
        })
    }

    /// Returns how many times something could not be noted: more than [`Order::CLASSES`] classes, or more than
    /// [`Held::LOCKS`](super::Held::LOCKS) locks held. Zero, if the order is to be believed. Highest level: any.
    #[must_use]
    pub fn left_out(&self) -> u32 {
        self.left_out.load(Ordering::Relaxed)
    }

    pub(super) fn leave_out(&self) {
        // A count that has wrapped would look like none.
        let _ =
            self.left_out.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
    }

    pub(super) fn class(&self, place: usize) -> Option<Class> {
        if place >= self.count.load(Ordering::Acquire) {
            return None;
        }
        let class = self.entries.get(place)?.class.get();
        // SAFETY: the place is below `count`, so the class was written before and is not written again.
        Some(unsafe { *class })
    }

    /// Returns a class's place, a new one if need be; nothing if all are taken. Nothing interrupts the caller.
    pub(super) fn place_of(&self, class: Class, level: RunLevel, relax: fn()) -> Option<usize> {
        let place = self.find(class).or_else(|| {
            while self.adding.swap(true, Ordering::Acquire) {
                relax();
            }
            let place = self.find(class).or_else(|| self.add(class));
            self.adding.store(false, Ordering::Release);
            place
        })?;
        self.entries.get(place)?.level.fetch_max(level as u8, Ordering::Relaxed);
        Some(place)
    }

    fn find(&self, class: Class) -> Option<usize> {
        (0..self.count.load(Ordering::Acquire)).find(|place| self.class(*place) == Some(class))
    }

    /// Adds a class. Called with `adding` set.
    fn add(&self, class: Class) -> Option<usize> {
        let place = self.count.load(Ordering::Relaxed);
        let cell = self.entries.get(place)?.class.get();
        // SAFETY: the place is not below `count`, so nobody reads it, and `adding` keeps others from writing.
        unsafe { *cell = class };
        self.count.store(place + 1, Ordering::Release);
        Some(place)
    }

    /// Notes that a class was wanted under one that is held; tells whether that goes with all that was noted before.
    pub(super) fn note(&self, held: usize, wanted: usize) -> bool {
        let is_new = self.under.get(wanted).is_some_and(|under| under.add(held));
        !is_new || !self.is_under(held, wanted)
    }

    /// Tells whether `lower` was wanted under `upper`, directly or through others; each class is under itself.
    fn is_under(&self, lower: usize, upper: usize) -> bool {
        let (mut reached, mut to_look_at) = (1_u64 << lower, 1_u64 << lower);
        while to_look_at != 0 {
            let next = to_look_at.trailing_zeros() as usize;
            to_look_at &= to_look_at - 1;
            let above = self.under.get(next).map_or(0, Set::bits);
            to_look_at |= above & !reached;
            reached |= above;
        }
        reached & (1 << upper) != 0
    }
}

impl Default for Order {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.edges()).finish()
    }
}
