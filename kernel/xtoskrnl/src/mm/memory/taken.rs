//! Frames that somebody has taken from the allocator: an owner's way to their bytes.
#![allow(unsafe_code, reason = "frames are reached that no Rust object describes")]

use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::OutOfFrames;
use xtmm::frames::{FrameCrime, Zone};
use xtmm::pfn::FrameEntry;

use super::Memory;

/// In which pieces frames are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// One by one.
    Single,
    /// As many as a level-2 page has.
    Block,
    /// 1 GiB.
    Giant,
}

/// Frames that belong to the holder of this value, and to nobody else.
#[must_use = "the frames have no other owner"]
#[derive(Debug)]
pub(crate) struct Taken {
    memory: &'static Memory,
    frames: FrameRange,
    piece: Piece,
}

impl Taken {
    /// Takes a piece of memory from a zone.
    ///
    /// # Errors
    /// [`OutOfFrames`].
    #[inline(never)]
    pub(crate) fn new(memory: &'static Memory, piece: Piece, zone: Zone) -> Result<Self, OutOfFrames> {
        let frames = match piece {
            Piece::Single => FrameRange::with_count(memory.frames().allocate(zone)?, FrameCount::ONE),
            Piece::Block => memory.frames().allocate_block(zone)?,
            Piece::Giant => memory.frames().allocate_giant(zone)?,
        };
        Ok(Self { memory, frames, piece })
    }

    /// Takes a single frame that contains zeros.
    ///
    /// # Errors
    /// [`OutOfFrames`].
    pub(crate) fn zeroed(memory: &'static Memory, zone: Zone) -> Result<Self, OutOfFrames> {
        let frame = memory.frames().allocate_zeroed(zone)?;
        Ok(Self { memory, frames: FrameRange::with_count(frame, FrameCount::ONE), piece: Piece::Single })
    }

    /// Gives the frames back.
    ///
    /// # Errors
    /// What the allocator says, possibly about another frame.
    #[inline(never)]
    pub(crate) fn give_back(self) -> Result<(), FrameCrime> {
        let frames = self.memory.frames();
        match self.piece {
            Piece::Single => frames.free(self.frames.start()),
            Piece::Block => frames.free_block(self.frames),
            Piece::Giant => frames.free_giant(self.frames),
        }
    }

    /// Returns the frames.
    pub(crate) const fn frames(&self) -> FrameRange {
        self.frames
    }

    /// Fills frames of the piece with a machine word; those outside of it are left alone.
    pub(crate) fn fill(&mut self, frames: FrameRange, word: usize) {
        let frames = frames.intersection(self.frames);
        // Only the first block of a giant is open, so the window may not show the others.
        match self.piece {
            // SAFETY: the frames are ours.
            Piece::Giant => unsafe { self.memory.reach().fill_apart(frames, word) },
            // SAFETY: the frames are ours, and the allocator opens a block before it gives out frames of it.
            Piece::Single | Piece::Block => unsafe { self.memory.reach().fill(frames, word) },
        }
    }

    /// Returns how many machine words of a frame of the piece differ from `word`.
    pub(crate) fn count_unlike(&self, frame: Frame, word: usize) -> usize {
        if !self.frames.contains(frame) {
            return 0;
        }
        match self.piece {
            // SAFETY: the frame is ours, and nobody writes to it while we are borrowed.
            Piece::Giant => unsafe { self.memory.reach().count_unlike_apart(frame, word) },
            // SAFETY: the frame is ours and nobody writes to it while we are borrowed; the allocator has opened its block.
            Piece::Single | Piece::Block => unsafe { self.memory.reach().count_unlike(frame, word) },
        }
    }
}

/// Pieces of one size, chained through the PFN entries of their first frames, which nobody uses while they are free: as
/// many as there are, without memory for a list.
#[derive(Debug)]
pub(crate) struct Chain {
    memory: &'static Memory,
    piece: Piece,
    head: Option<Frame>,
    /// Frames of a piece.
    count: FrameCount,
}

impl Chain {
    /// Makes an empty chain.
    pub(crate) const fn new(memory: &'static Memory, piece: Piece) -> Self {
        Self { memory, piece, head: None, count: FrameCount::ZERO }
    }

    /// Adds a piece of the chain's size; returns it when it has another one.
    #[inline(never)]
    pub(crate) fn push(&mut self, taken: Taken) -> Result<(), Taken> {
        if taken.piece != self.piece {
            return Err(taken);
        }
        let first = taken.frames.start();
        self.entry(first).set_link(self.head);
        self.head = Some(first);
        self.count = taken.frames.count();
        Ok(())
    }

    /// Takes out the piece that was added last.
    #[inline(never)]
    pub(crate) fn pop(&mut self) -> Option<Taken> {
        let first = self.head?;
        self.head = self.entry(first).link();
        self.entry(first).set_link(None);
        Some(self.piece_at(first))
    }

    /// Shows each piece.
    pub(crate) fn for_each(&mut self, mut each: impl FnMut(&mut Taken)) {
        let mut next = self.head;
        while let Some(first) = next {
            next = self.entry(first).link();
            each(&mut self.piece_at(first));
        }
    }

    fn piece_at(&self, first: Frame) -> Taken {
        let frames = FrameRange::with_count(first, self.count);
        Taken { memory: self.memory, frames, piece: self.piece }
    }

    fn entry(&self, first: Frame) -> FrameEntry<'static> {
        // SAFETY: the frame was given out by the allocator, so its block is open.
        unsafe { self.memory.database().entry(first) }
    }
}
