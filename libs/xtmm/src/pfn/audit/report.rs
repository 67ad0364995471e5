//! What an audit finds.

use arrayvec::ArrayVec;
use xtcore::{Frame, VirtAddr};

use crate::pfn::kind::{Owner, State};

/// How many faults an audit describes; more are only counted.
pub const FAULTS_KEPT: usize = 16;

/// Where the frame allocator has a frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// Never touched.
    Fresh,
    /// Free, in a row.
    Free,
    /// Free, in a magazine or the depot.
    Cached,
    /// Given out.
    Taken,
    /// Not the allocator's.
    Unknown,
}

/// A contradiction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuditFault {
    /// The entry is none that the database writes.
    Unsound {
        /// The frame.
        frame: Frame,
        /// Its state, if its encoding means one.
        state: Option<State>,
    },
    /// The state and the allocator's place do not go together.
    Misplaced {
        /// The frame.
        frame: Frame,
        /// Its state.
        state: State,
        /// Where the allocator has it.
        place: Place,
    },
    /// The count of an active frame is not the number of its mappings and holders (regression 18).
    References {
        /// The frame.
        frame: Frame,
        /// Its owner.
        owner: Owner,
        /// What the entry counts.
        counted: usize,
        /// What was found.
        found: usize,
    },
    /// No page-table entry at the back-pointer maps the frame (regression 17).
    BackPointer {
        /// The frame.
        frame: Frame,
        /// The back-pointer.
        pte: VirtAddr,
    },
    /// A frame that is not active is mapped, or is a page table.
    InUse {
        /// The frame.
        frame: Frame,
        /// The page that shows it, or the first address that the table covers.
        at: VirtAddr,
        /// Its state, if its encoding means one.
        state: Option<State>,
    },
    /// A frame without an entry is mapped outside of the ranges for devices, or is a page table.
    NoEntry {
        /// The frame.
        frame: Frame,
        /// The page that shows it, or the first address that the table covers.
        at: VirtAddr,
    },
    /// A page table lies in a frame that belongs to somebody else.
    NotATable {
        /// The frame.
        frame: Frame,
        /// The first address that the table covers.
        at: VirtAddr,
        /// Its owner.
        owner: Owner,
    },
    /// A frame is in use and not in the ranges that the audit was given.
    Unlisted {
        /// The frame.
        frame: Frame,
    },
}

/// What an audit counted, and what it found wrong.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Frames with entries.
    pub entries: u64,
    /// Free frames among them, in any place.
    pub free: u64,
    /// Zeroed frames.
    pub zeroed: u64,
    /// Bad frames.
    pub bad: u64,
    /// Active frames by [`Owner`].
    pub active: [u64; Owner::ALL.len()],
    /// Mappings of frames that were counted, in pages of 4 KiB.
    pub mapped: u64,
    /// Page tables.
    pub tables: u64,
    /// All faults. Must be 0.
    pub faults: u64,
    /// The first of them.
    pub first: ArrayVec<AuditFault, FAULTS_KEPT>,
}

impl Audit {
    pub(super) fn new() -> Self {
        Self {
            entries: 0,
            free: 0,
            zeroed: 0,
            bad: 0,
            active: [0; Owner::ALL.len()],
            mapped: 0,
            tables: 0,
            faults: 0,
            first: ArrayVec::new(),
        }
    }

    /// Tells whether nothing is wrong.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.faults == 0
    }

    /// Returns the active frames of an owner.
    #[must_use]
    pub fn active_of(&self, owner: Owner) -> u64 {
        self.active.get(owner as usize).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, fault: AuditFault) {
        self.faults += 1;
        // More faults than are kept are counted only.
        let _full = self.first.try_push(fault);
    }

    pub(super) fn count(&mut self, state: State, owner: Owner) {
        self.entries += 1;
        match state {
            State::Free => self.free += 1,
            State::Zeroed => self.zeroed += 1,
            State::Bad => self.bad += 1,
            State::Active => {
                if let Some(count) = self.active.get_mut(owner as usize) {
                    *count += 1;
                }
            }
            State::Standby | State::Modified | State::Transition => {}
        }
    }
}
