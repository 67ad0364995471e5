//! The engine on a simulated machine, judged by an independent walker, in all four paging modes.
//!
//! [`model`] lets seeded random actions loose on an address space; the other modules tell one story each. Everything
//! runs on `xtsim`: its walker shares no constant with the engine, its TLB forgets nothing by itself, its memory is
//! poisoned and stops at every store.
//!
//! Miri runs what needs no whole address space, the formats and the self-map's arithmetic: it takes minutes for one full
//! comparison with the model, and neither the engine nor the simulator contains unsafe code.
#![cfg_attr(miri, allow(dead_code, unused_imports, reason = "the modules that use the rest are left out"))]

mod codec;
#[cfg(not(miri))]
mod cursor;
#[cfg(not(miri))]
mod giant;
#[cfg(not(miri))]
mod invalidation;
#[cfg(not(miri))]
mod model;
#[cfg(not(miri))]
mod needs;
#[cfg(not(miri))]
mod oversight;
mod selfmap;
#[cfg(not(miri))]
mod stops;
mod support;
