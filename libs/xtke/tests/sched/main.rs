//! The scheduler on simulated machines.
#![allow(unsafe_code, reason = "the machines implement traits that are unsafe to promise")]

#[path = "../support/mod.rs"]
mod support;

mod changes;
mod life;
mod order;
mod placing;
mod properties;
mod stress;
mod waits;
