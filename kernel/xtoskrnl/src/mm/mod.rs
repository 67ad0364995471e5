//! Memory: from the tables that the loader left to frames, pools and stacks for everybody.
//!
//! ```text
//!   start/    the way: tables found, adopted, cleared of the loader's; the last early frame; the manager stands
//!   paging/   the tables in force: self-map, transient slots, TLB
//!   memory/   what stands: the window, the first use of blocks, frames with their owners, system PTEs
//!   pools/    the two pools, their blocks as owned values, and Rust's own allocator
//!   stacks    kernel stacks
//!   devices   registers of devices, uncached, with a guard behind each
//!   processor what a processor needs of memory before it runs
//!   threads   records and stacks for threads
//!   account/  the audit of frames, and every count for comparison
//!   resolve   page faults that can be resolved; chain: the entries of an address, for those that cannot
//!   look      tables and PFN database for the monitor, which takes no lock
//! ```
//!
//! The mechanisms are `xtmm`'s; here they get this kernel's addresses, processors and tables. Each step of the start
//! consumes the one before: [`ActiveTables`], [`Adopted`], and then [`Memory`], which stays.
//!
//! # Locks
//! As `xtmm` orders them: pool, arena, frame allocator, page tables.

mod account;
mod chain;
mod devices;
mod fault;
pub(crate) mod look;
mod mapped;
mod memory;
mod paging;
mod pools;
pub(crate) mod processor;
mod resolve;
mod stacks;
mod start;
mod threads;

pub(crate) use account::Standing;
pub(crate) use devices::DeviceError;
pub(crate) use fault::{Fault, Remedy};
pub(crate) use mapped::{first_words, set_first_words};
pub(crate) use memory::{Chain, Memory, Piece, Taken};
pub(crate) use paging::{ActiveTables, SelfMapTables, is_canvas};
pub(crate) use pools::Block;
pub(crate) use stacks::{call_with_stack, probe, run_on};
pub(crate) use start::{Adopted, start};
