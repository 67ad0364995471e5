//! Memory: from the tables that the loader left to the kernel's own layout.
//!
//! ```text
//!   ActiveTables    found from the registers: the address space, reached through the self-map
//!   Adopted         the self-map is the root's; every table frame is listed as a table; nothing else is mapped
//!   MemoryManager   own layout; loader's identity map gone; guarded fault stacks; the window stands
//! ```
//!
//! Each step consumes the one before.

mod adopt;
mod fault;
mod frames;
mod manager;
mod paging;
mod window;

pub(crate) use adopt::Adopted;
pub(crate) use fault::{Fault, Remedy};
pub(crate) use manager::{MemoryManager, Reached};
pub(crate) use paging::ActiveTables;
