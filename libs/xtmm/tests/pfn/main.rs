//! The PFN database over reserved memory, beside real page tables on a simulated machine.

#![allow(unsafe_code, reason = "entries lie in reserved memory")]

// The interpreter takes minutes for one audit of a simulated machine; what the database does with raw addresses is in `life`.
#[cfg(not(miri))]
mod audit;
#[cfg(not(miri))]
mod corruption;
mod life;
#[path = "../arena/reserved.rs"]
mod reserved;
#[cfg(not(miri))]
mod world;
