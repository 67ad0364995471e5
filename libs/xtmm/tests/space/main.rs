//! The kernel's address space on a simulated machine, judged by an independent walker, in all four paging modes.
//!
//! Tables are reached through the self-map and a TLB that forgets nothing by itself. Each frame that is freed must be
//! unknown to the TLB by then, no lock may be held while frames are taken or given back, and in the end nothing may be
//! missing. [`model`] lets seeded random actions loose, with failures on purpose; the others tell one story each.
//!
//! Miri is left out: no unsafe code of the address space touches memory, it only makes and takes promises, and each look at
//! all pages of a simulated machine takes the interpreter minutes.
#![cfg(not(miri))]

mod cache;
mod commit;
mod devices;
mod injection;
mod mapper;
mod model;
mod ptes;
mod rounds;
mod support;
#[path = "../support/told.rs"]
mod told;
