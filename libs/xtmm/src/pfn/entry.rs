//! The entry of a frame: four machine words.
//!
//! ```text
//!   word 0   bits 0-2 state, 3-7 owner, 8-9 cache type, 10-11 zero, from 12 on the references
//!   word 1   the virtual address of the page-table entry that maps the frame; 0: none
//!   word 2   free: the next frame of a chain, counted from 1; active: the owner's
//!   word 3   reserved for what the page-table entry becomes while the page is out; the audit counts in it
//! ```
//!
//! 32 bytes, on a 32-bit processor 16. All zeros means "free, never touched". On a 32-bit processor twenty bits count
//! references; the count refuses to pass its largest value on either.

use core::sync::atomic::{AtomicUsize, Ordering};

use xtcore::{Frame, VirtAddr};
use xtpaging::Cache;
use zerocopy::FromZeros;

use super::kind::{Owner, State};

const OWNER_SHIFT: u32 = 3;
const CACHE_SHIFT: u32 = 8;
const RESERVED_SHIFT: u32 = 10;
const REFERENCE_SHIFT: u32 = 12;

/// One reference.
pub(super) const REFERENCE: usize = 1 << REFERENCE_SHIFT;

const _: () = assert!(Owner::ALL.len() <= 1 << (CACHE_SHIFT - OWNER_SHIFT), "an encoding for each owner");
const _: () = assert!(size_of::<Entry>() == 4 * size_of::<usize>() && size_of::<Entry>() <= 32);

/// What the database knows of a frame.
#[derive(FromZeros, Debug)]
#[repr(C)]
pub struct Entry {
    word: AtomicUsize,
    pte: AtomicUsize,
    link: AtomicUsize,
    scratch: AtomicUsize,
}

/// The first word of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Word(pub(super) usize);

impl Word {
    /// Returns the word of an active frame with one reference and write-back caching.
    pub(super) const fn active(owner: Owner) -> Self {
        Self(State::Active as usize | (owner as usize) << OWNER_SHIFT | REFERENCE)
    }

    /// Returns the word of a frame that is not active.
    pub(super) const fn inactive(state: State) -> Self {
        Self(state as usize)
    }

    pub(super) const fn state(self) -> Option<State> {
        State::from_bits(self.0 & 7)
    }

    pub(super) fn owner(self) -> Option<Owner> {
        Owner::from_bits(self.0 >> OWNER_SHIFT & 31)
    }

    pub(super) const fn cache(self) -> Cache {
        Cache::from_index((self.0 >> CACHE_SHIFT & 3) as u8)
    }

    pub(super) const fn references(self) -> usize {
        self.0 >> REFERENCE_SHIFT
    }

    pub(super) const fn with_cache(self, cache: Cache) -> Self {
        Self(self.0 & !(3 << CACHE_SHIFT) | (cache as usize) << CACHE_SHIFT)
    }

    pub(super) const fn with_owner(self, owner: Owner) -> Self {
        Self(self.0 & !(31 << OWNER_SHIFT) | (owner as usize) << OWNER_SHIFT)
    }

    /// Tells whether the word is one that this module writes.
    pub(super) fn is_sound(self) -> bool {
        let reserved = self.0 >> RESERVED_SHIFT & 3;
        match (self.state(), self.owner()) {
            (Some(State::Active), Some(owner)) => {
                owner != Owner::Nobody && reserved == 0 && self.references() > 0
            }
            (Some(state @ (State::Free | State::Zeroed | State::Bad)), _) => self == Self::inactive(state),
            _ => false,
        }
    }
}

impl Entry {
    /// Returns the first word.
    pub(super) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    /// Writes the first word. Only whoever has the frame to himself may.
    pub(super) fn set_word(&self, word: Word) {
        self.word.store(word.0, Ordering::Relaxed);
    }

    /// Changes the first word of a frame that others hold too, as `change` says, until nobody came in between.
    ///
    /// # Errors
    /// That of `change`.
    pub(super) fn update<E>(&self, mut change: impl FnMut(Word) -> Result<Word, E>) -> Result<Word, E> {
        let mut known = self.word.load(Ordering::Relaxed);
        loop {
            let new = change(Word(known))?;
            // What a holder did to the frame happens before the last one gives it up.
            match self.word.compare_exchange_weak(known, new.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(new),
                Err(now) => known = now,
            }
        }
    }

    /// Returns the address of the page-table entry that maps the frame.
    pub(super) fn pte(&self) -> Option<VirtAddr> {
        let raw = self.pte.load(Ordering::Relaxed);
        (raw != 0).then_some(VirtAddr::new(raw as u64))
    }

    /// Writes the back-pointer in the form that [`pte_word`] returns.
    pub(super) fn set_pte_word(&self, word: usize) {
        self.pte.store(word, Ordering::Relaxed);
    }

    /// Returns the third word.
    pub(super) fn owner_word(&self) -> usize {
        self.link.load(Ordering::Relaxed)
    }

    /// Writes the third word.
    pub(super) fn set_owner_word(&self, word: usize) {
        self.link.store(word, Ordering::Relaxed);
    }

    /// Returns what the audit has counted.
    pub(super) fn scratch(&self) -> usize {
        self.scratch.load(Ordering::Relaxed)
    }

    /// Writes what the audit counts.
    pub(super) fn set_scratch(&self, word: usize) {
        self.scratch.store(word, Ordering::Relaxed);
    }
}

/// Returns the second word for a back-pointer, or `None` when it is no address of this processor, or zero.
pub(super) fn pte_word(pte: Option<VirtAddr>) -> Option<usize> {
    match pte {
        Some(address) => usize::try_from(address.get()).ok().filter(|word| *word != 0),
        None => Some(0),
    }
}

/// What an entry said at some moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Snapshot {
    frame: Frame,
    word: Word,
    pte: Option<VirtAddr>,
}

impl Snapshot {
    pub(super) fn new(frame: Frame, entry: &Entry) -> Self {
        Self { frame, word: entry.word(), pte: entry.pte() }
    }

    /// Returns the frame.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.frame
    }

    /// Returns the state, or `None` for an encoding that has no meaning.
    #[must_use]
    pub const fn state(&self) -> Option<State> {
        self.word.state()
    }

    /// Returns the owner, or `None` for an encoding that has no meaning.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        self.word.owner()
    }

    /// Returns the memory type of the frame's mappings.
    #[must_use]
    pub const fn cache(&self) -> Cache {
        self.word.cache()
    }

    /// Returns how many mappings and holders the frame has.
    #[must_use]
    pub const fn references(&self) -> usize {
        self.word.references()
    }

    /// Returns the address of the page-table entry that maps the frame.
    #[must_use]
    pub const fn pte(&self) -> Option<VirtAddr> {
        self.pte
    }

    /// Tells whether the database writes such entries at all.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.word.is_sound() && (self.pte.is_none() || self.state() == Some(State::Active))
    }
}

#[cfg(test)]
mod tests;
