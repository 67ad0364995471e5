//! Threads that wait for a processor.

pub(crate) mod board;
mod list;
mod queue;

pub(crate) use list::{Anchor, Links, List};
pub(crate) use queue::{End, Queue, Standing, Waiting};
