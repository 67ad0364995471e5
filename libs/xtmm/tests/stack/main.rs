//! Stacks over a double that knows every page.

#![allow(unsafe_code, reason = "the double of the machine makes a promise")]

mod double;
mod growth;
mod life;
#[path = "../support/told.rs"]
mod told;

use xtmm::stack::{StackSize, Stacks};

use double::{Host, Pages};

pub(crate) type TestStacks<'m> = Stacks<'m, Host, Pages>;

/// Returns a size of so many pages, of which so many are committed at first.
pub(crate) fn size(reserved: u64, committed: u64) -> StackSize {
    let size = StackSize::new(reserved * 4096).expect("a size");
    size.with_committed(committed * 4096).expect("no more than reserved")
}
