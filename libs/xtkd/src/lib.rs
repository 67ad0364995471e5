//! What a kernel needs to tell what it is doing, in moments when it can rely on nothing: no heap, no locks, no files, maybe two
//! pages of stack.
//!
//! | what | where | in short |
//! |---|---|---|
//! | function names | [`symbols`] | a compact table, found in the image itself; read in place |
//! | backtraces | [`unwind`] | frame by frame, over words that somebody vouches for; trusts no link |
//! | JSON | [`json`] | written member by member into any [`core::fmt::Write`] |
//! | a monitor | [`monitor`] | commands, completion, paging, a session at a terminal; each answer a table or JSON |
//!
//! Nothing here allocates, panics, or waits, and all of it is the same on 32 and 64 bits, so that a 64-bit host can test what
//! a 32-bit kernel does.

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod json;
pub mod monitor;
pub mod symbols;
pub mod unwind;
