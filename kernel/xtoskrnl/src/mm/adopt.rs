//! The check of regression 1: every table that the processor can reach is one that the loader block lists.

use core::ops::ControlFlow;

use xtboot::block::{BlockError, VerifiedBlock};
use xtpaging::walk::{Node, SelfMapPolicy, visit};

use super::paging::ActiveTables;

/// Tables whose every frame the block lists as a table: no frame of theirs will be handed out.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub(super) active: ActiveTables,
    pub(super) block: VerifiedBlock<'static>,
}

impl Adopted {
    /// Walks the tables from the root and checks each frame. Cost: all entries of all tables.
    ///
    /// # Errors
    /// The first table frame that the block lists as something else.
    pub(crate) fn check(active: ActiveTables, block: VerifiedBlock<'static>) -> Result<Self, BlockError> {
        if let Some(frame) = active.space.pointer_table() {
            block.check_table_frame(frame)?;
        }
        let outcome = visit(&active.space, &active.tables, SelfMapPolicy::Skip, |node| match node {
            Node::Table(place) => match block.check_table_frame(place.frame) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            },
            Node::Leaf(_) => ControlFlow::Continue(()),
        });
        match outcome {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(Self { active, block }),
        }
    }
}
