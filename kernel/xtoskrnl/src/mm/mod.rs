//! Memory: from the tables that the loader left to the kernel's own layout.
//!
//! ```text
//!   ActiveTables    adopted from the registers: the address space, reached through the self-map
//!   Adopted         every table frame is one that the loader block lists as a table
//!   MemoryManager   own layout; loader's identity map gone; guarded fault stacks; the window stands
//! ```
//!
//! Each step consumes the one before.

mod adopt;
mod frames;
mod manager;
mod paging;
mod window;

pub(crate) use adopt::Adopted;
pub(crate) use manager::{Fault, MemoryManager};
pub(crate) use paging::ActiveTables;
