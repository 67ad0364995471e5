//! From tables that somebody left to tables that the kernel stands on.
//!
//! Three things are found out, none of them believed: that the self-map really shows the tables at CR3, that every table
//! frame is listed as one (regression 1: the root was listed as free, and zeroed much later), and that nothing is mapped
//! but what the protocol says.

use core::fmt;
use core::ops::ControlFlow;

use xtboot::block::{BlockError, Placed, VerifiedBlock, flags};
use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtAddr};
use xtpaging::walk::{Leaf, Node, SelfMapPolicy, visit};

use crate::mm::paging::ActiveTables;

/// Tables whose every frame the block lists as a table, so that no frame of theirs will be handed out, and which map what
/// the protocol says and nothing else.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub(in crate::mm) active: ActiveTables,
    pub(in crate::mm) block: VerifiedBlock<'static>,
}

/// Why tables are not adopted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AdoptError {
    /// A table lies in a frame that the block lists as something else.
    Table(BlockError),
    /// The self-map shows other tables than CR3.
    SelfMap {
        /// The frame in CR3.
        root: Frame,
    },
    /// A page is mapped that the protocol does not know, or to another frame than it says.
    Stranger {
        /// The page.
        at: VirtAddr,
        /// The frame.
        frame: Frame,
    },
    /// The page below the boot stack is mapped.
    NoGuard {
        /// The page.
        at: VirtAddr,
    },
}

impl AdoptError {
    /// Returns the parameters of the bug check: the number of the fault and its facts. Numbers from 0x1000 on are the
    /// kernel's own, below are those of [`BlockError`].
    pub(crate) fn parameters(&self) -> [u64; 4] {
        match self {
            Self::Table(error) => {
                let [one, two, three] = error.facts();
                [error.code().into(), one, two, three]
            }
            Self::SelfMap { root } => [0x1001, root.number(), 0, 0],
            Self::Stranger { at, frame } => [0x1002, at.get(), frame.number(), 0],
            Self::NoGuard { at } => [0x1003, at.get(), 0, 0],
        }
    }
}

impl fmt::Display for AdoptError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => error.fmt(out),
            Self::SelfMap { root } => {
                write!(out, "the self-map shows other tables than the root in frame {root:#x}")
            }
            Self::Stranger { at, frame } => {
                write!(
                    out,
                    "the page at {at:#x} is mapped to frame {frame:#x}, which the protocol does not say"
                )
            }
            Self::NoGuard { at } => write!(out, "the page below the boot stack, at {at:#x}, is mapped"),
        }
    }
}

impl Adopted {
    /// Checks the tables against the block. Cost: all entries of all tables.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn check(mut active: ActiveTables, block: VerifiedBlock<'static>) -> Result<Self, AdoptError> {
        // Before the visit, for which a page of 1 GiB is then no page.
        if !block.features().has(flags::GIGABYTE_PAGES) {
            active.space = active.space.without_gigabyte_pages();
        }
        if !active.shows_the_root() {
            return Err(AdoptError::SelfMap { root: active.space.root().frame() });
        }
        let guard = VirtAddr::new(block.stack().base.get().wrapping_sub(PAGE_BYTES));
        if active.find(guard).is_ok() {
            return Err(AdoptError::NoGuard { at: guard });
        }
        if let Some(frame) = active.space.pointer_table() {
            block.check_table_frame(frame).map_err(AdoptError::Table)?;
        }
        let outcome = visit(&active.space, &active.tables, SelfMapPolicy::Skip, |node| {
            let found = match node {
                Node::Table(place) => block.check_table_frame(place.frame).map_err(AdoptError::Table),
                Node::Leaf(leaf) if is_expected(&block, &leaf) => Ok(()),
                Node::Leaf(leaf) => Err(AdoptError::Stranger { at: leaf.address, frame: leaf.frame }),
            };
            match found {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        });
        match outcome {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(Self { active, block }),
        }
    }
}

/// Tells whether a page is part of the image, the block, the stack, the framebuffer or the hand-over pages, and shows
/// the frame that belongs there. Rights are the audit's business.
fn is_expected(block: &VerifiedBlock<'_>, leaf: &Leaf) -> bool {
    let identity = block.identity();
    let by_itself = Placed { frames: identity, base: VirtAddr::new(identity.start().address().get()) };
    let screen = block.screen().map(|screen| Placed {
        frames: FrameRange::covering(screen.address, screen.bytes()),
        base: screen.base.align_down(PAGE_BYTES),
    });
    let parts = [block.image().placed, block.block(), block.stack(), by_itself];
    parts.into_iter().chain(screen).any(|part| {
        let Some(offset) = leaf.address.bytes_since(part.base) else { return false };
        let frame = part.frames.start().saturating_add(FrameCount::new(offset / PAGE_BYTES));
        part.frames.contains(leaf.frame) && leaf.frame == frame
    })
}
