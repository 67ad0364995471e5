//! What the database refuses, with the facts that a bug check prints.

use xtcore::{Frame, VirtAddr};

use super::kind::{Owner, State};

/// A change that the frame's state does not allow. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PfnCrime {
    /// A free frame was expected.
    NotFree {
        /// The frame.
        frame: Frame,
        /// Its state, if its encoding means one.
        state: Option<State>,
        /// Its owner, if its encoding means one.
        owner: Option<Owner>,
    },
    /// An active frame was expected: one that was freed before is freed, shared or changed.
    NotActive {
        /// The frame.
        frame: Frame,
        /// Its state, if its encoding means one.
        state: Option<State>,
    },
    /// The last reference was expected, and there are others.
    Referenced {
        /// The frame.
        frame: Frame,
        /// How many there are.
        references: usize,
    },
    /// There are as many references as can be counted.
    TooManyReferences {
        /// The frame.
        frame: Frame,
        /// How many there are.
        references: usize,
    },
    /// An active frame must belong to somebody.
    NoOwner {
        /// The frame.
        frame: Frame,
    },
    /// A back-pointer is zero, or no address of this processor.
    BadPte {
        /// The frame.
        frame: Frame,
        /// The back-pointer.
        pte: VirtAddr,
    },
    /// The frame has no entry: it is a device's, or of a block that nobody has used.
    NoEntry {
        /// The frame.
        frame: Frame,
    },
}

impl PfnCrime {
    /// The bug check for all of them, PFN_LIST_CORRUPT.
    pub const BUG_CHECK: u32 = 0x4E;

    /// Returns the frame.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        match self {
            Self::NotFree { frame, .. }
            | Self::NotActive { frame, .. }
            | Self::Referenced { frame, .. }
            | Self::TooManyReferences { frame, .. }
            | Self::NoOwner { frame }
            | Self::BadPte { frame, .. }
            | Self::NoEntry { frame } => *frame,
        }
    }

    /// Returns what was expected, in words.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        match self {
            Self::NotFree { .. } => "a free frame",
            Self::NotActive { .. } => "an active frame",
            Self::Referenced { .. } => "the last reference",
            Self::TooManyReferences { .. } => "fewer references",
            Self::NoOwner { .. } => "an owner",
            Self::BadPte { .. } => "the address of a page-table entry",
            Self::NoEntry { .. } => "a frame with an entry",
        }
    }

    /// Returns the four parameters of the bug check.
    ///
    /// The first is NT's: 0x99 "a PTE or PFN is corrupt" with the frame and its state, 0x9A "a frame that is still in
    /// use is freed" with the frame, its state and its references, 0x07 with the frame and its references where the
    /// count itself is wrong. A state of 7 or an owner of 255 is one that has no meaning or is not known. The fourth
    /// parameter of 0x99, zero in NT, is the owner in use or the bad address. Source: the documentation of bug check
    /// 0x4E.
    #[must_use]
    pub fn parameters(&self) -> [u64; 4] {
        let frame = self.frame().number();
        let bits = |state: Option<State>| state.map_or(7, |state| state as u64);
        match *self {
            Self::NotFree { state, owner, .. } => {
                [0x99, frame, bits(state), owner.map_or(255, |owner| owner as u64)]
            }
            Self::NotActive { state, .. } => [0x99, frame, bits(state), 0],
            Self::Referenced { references, .. } => [0x9A, frame, State::Active as u64, references as u64],
            Self::TooManyReferences { references, .. } => [0x07, frame, references as u64, 0],
            Self::NoOwner { .. } | Self::NoEntry { .. } => [0x99, frame, 7, 0],
            Self::BadPte { pte, .. } => [0x99, frame, 7, pte.get()],
        }
    }
}
