//! The pools, on a machine whose processors are threads and whose memory keeps account of itself.
#![allow(unsafe_code, reason = "uses, and misuses, the memory that the pool gives out")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop"
)]

mod basics;
mod crimes;
mod describe;
#[path = "support/double.rs"]
mod double;
mod failure;
mod model;
mod paged;
mod special;
mod tables;
mod threads;
#[path = "../support/told.rs"]
mod told;
