//! The life of one frame.
//!
//! ```text
//!            activate                       share
//!   Free  ------------->  Active, 1 ref.  -------->  Active, n ref.
//!   Zeroed <------------                  <--------
//!            release, unshare               unshare
//!     |
//!     +--- mark_bad ---> Bad
//! ```
//!
//! A frame is activated, changed and released by whoever has it to himself; these are plain loads and stores. Only
//! [`FrameEntry::share`] and [`FrameEntry::unshare`] may run on several processors at one time.

use xtcore::{Frame, VirtAddr};
use xtpaging::Cache;

use super::crime::PfnCrime;
use super::entry::{Entry, REFERENCE, Snapshot, Word, pte_word};
use super::kind::{FrameContent, Owner, State};

/// The entry of a frame that has one.
#[derive(Clone, Copy, Debug)]
pub struct FrameEntry<'m> {
    pub(super) frame: Frame,
    pub(super) entry: &'m Entry,
}

/// What remains after a reference was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a frame without references goes back to the allocator"]
pub enum Unshared {
    /// Others hold the frame; so many.
    InUse(usize),
    /// It was the last one. The frame is free and the caller's, who gives it back to the allocator.
    Freed,
}

impl FrameEntry<'_> {
    /// Returns the frame.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.frame
    }

    /// Returns what the entry says.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.frame, self.entry)
    }

    /// Gives a free frame to an owner, with one reference: that of the mapping by the page-table entry at `pte`, or
    /// without one the owner's own hold on the frame. Cost: one cache line, three stores.
    ///
    /// # Errors
    /// [`PfnCrime::NotFree`], [`PfnCrime::NoOwner`] and [`PfnCrime::BadPte`].
    pub fn activate(&self, owner: Owner, pte: Option<VirtAddr>) -> Result<(), PfnCrime> {
        let pte = self.check_activation(owner, pte)?;
        self.set_active(owner, pte);
        Ok(())
    }

    /// Checks an activation without changing anything, and returns the word of its back-pointer.
    pub(super) fn check_activation(&self, owner: Owner, pte: Option<VirtAddr>) -> Result<usize, PfnCrime> {
        let frame = self.frame;
        if owner == Owner::Nobody {
            return Err(PfnCrime::NoOwner { frame });
        }
        let word = self.entry.word();
        if !(word == Word::inactive(State::Free) || word == Word::inactive(State::Zeroed)) {
            return Err(PfnCrime::NotFree { frame, state: word.state(), owner: word.owner() });
        }
        self.pte_word(pte)
    }

    /// Activates a frame that [`FrameEntry::check_activation`] let pass.
    pub(super) fn set_active(&self, owner: Owner, pte: usize) {
        self.entry.set_word(Word::active(owner));
        self.entry.set_pte_word(pte);
        // A chain of frames set aside may have left a link.
        self.entry.set_owner_word(0);
    }

    /// Takes a frame from its owner, who had the last reference. Only then it may go to the allocator, and not before
    /// the obligation of its unmapping is discharged. Cost: one cache line, three stores.
    ///
    /// # Errors
    /// [`PfnCrime::NotActive`], [`PfnCrime::Referenced`].
    pub fn release(&self, content: FrameContent) -> Result<(), PfnCrime> {
        self.check_release()?;
        self.set_released(content);
        Ok(())
    }

    /// Checks a release without changing anything.
    pub(super) fn check_release(&self) -> Result<(), PfnCrime> {
        match self.active()?.references() {
            0 | 1 => Ok(()),
            references => Err(PfnCrime::Referenced { frame: self.frame, references }),
        }
    }

    /// Releases a frame that [`FrameEntry::check_release`] let pass.
    pub(super) fn set_released(&self, content: FrameContent) {
        self.entry.set_pte_word(0);
        self.entry.set_owner_word(0);
        self.entry.set_word(Word::inactive(content.state()));
    }

    /// Adds a reference to an active frame: another mapping, another holder. Returns how many there are.
    ///
    /// # Errors
    /// [`PfnCrime::NotActive`], [`PfnCrime::TooManyReferences`].
    pub fn share(&self) -> Result<usize, PfnCrime> {
        let frame = self.frame;
        let word = self.entry.update(|word| {
            let references = check_active(frame, word)?.references();
            let more = word.0.checked_add(REFERENCE);
            more.map(Word).ok_or(PfnCrime::TooManyReferences { frame, references })
        })?;
        Ok(word.references())
    }

    /// Gives up a reference. The last one makes the frame free.
    ///
    /// The mapping that the back-pointer names goes last, or the back-pointer is moved before.
    ///
    /// # Errors
    /// [`PfnCrime::NotActive`].
    pub fn unshare(&self, content: FrameContent) -> Result<Unshared, PfnCrime> {
        let word = self.entry.update(|word| {
            let references = check_active(self.frame, word)?.references();
            let freed = Word::inactive(content.state());
            Ok(if references > 1 { Word(word.0 - REFERENCE) } else { freed })
        })?;
        if word.state() == Some(State::Active) {
            return Ok(Unshared::InUse(word.references()));
        }
        // Nobody else has the frame now: the allocator gets it from the caller.
        self.entry.set_pte_word(0);
        self.entry.set_owner_word(0);
        Ok(Unshared::Freed)
    }

    /// Gives an active frame to another owner, for instance the loader's to the kernel.
    ///
    /// # Errors
    /// [`PfnCrime::NotActive`], [`PfnCrime::NoOwner`].
    pub fn set_owner(&self, owner: Owner) -> Result<(), PfnCrime> {
        if owner == Owner::Nobody {
            return Err(PfnCrime::NoOwner { frame: self.frame });
        }
        self.entry.update(|word| check_active(self.frame, word).map(|word| word.with_owner(owner))).map(drop)
    }

    /// Records the memory type with which an active frame is mapped, everywhere.
    ///
    /// # Errors
    /// [`PfnCrime::NotActive`].
    pub fn set_cache(&self, cache: Cache) -> Result<(), PfnCrime> {
        self.entry.update(|word| check_active(self.frame, word).map(|word| word.with_cache(cache))).map(drop)
    }

    /// Moves the back-pointer of an active frame to another page-table entry that maps it. `None` leaves the
    /// reference that the mapping had to the owner.
    ///
    /// # Errors
    /// [`PfnCrime::NotActive`], [`PfnCrime::BadPte`].
    pub fn set_pte(&self, pte: Option<VirtAddr>) -> Result<(), PfnCrime> {
        self.active()?;
        self.entry.set_pte_word(self.pte_word(pte)?);
        Ok(())
    }

    /// Returns the next frame of a chain of free frames.
    #[must_use]
    pub fn link(&self) -> Option<Frame> {
        self.entry.owner_word().checked_sub(1).map(|number| Frame::new(number as u64))
    }

    /// Chains a free frame to another one of the database.
    pub fn set_link(&self, next: Option<Frame>) {
        let number = next.and_then(|frame| usize::try_from(frame.number()).ok());
        debug_assert_eq!(number.is_some(), next.is_some(), "entries are counted in a `usize`");
        self.entry.set_owner_word(number.map_or(0, |number| number.wrapping_add(1)));
    }

    /// Returns the word that belongs to the owner of an active frame.
    #[must_use]
    pub fn owner_word(&self) -> usize {
        self.entry.owner_word()
    }

    /// Writes the word that belongs to the owner of an active frame. It is zero after the activation.
    pub fn set_owner_word(&self, word: usize) {
        self.entry.set_owner_word(word);
    }

    /// Takes a free frame out of use for good. Called after all frames of a range were checked.
    pub(super) fn set_bad(&self) {
        self.entry.set_word(Word::inactive(State::Bad));
        self.entry.set_owner_word(0);
    }

    fn active(&self) -> Result<Word, PfnCrime> {
        check_active(self.frame, self.entry.word())
    }

    fn pte_word(&self, pte: Option<VirtAddr>) -> Result<usize, PfnCrime> {
        pte_word(pte).ok_or(PfnCrime::BadPte { frame: self.frame, pte: pte.unwrap_or_default() })
    }
}

fn check_active(frame: Frame, word: Word) -> Result<Word, PfnCrime> {
    match word.state() {
        Some(State::Active) => Ok(word),
        state => Err(PfnCrime::NotActive { frame, state }),
    }
}
