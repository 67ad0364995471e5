//! The locks, on processors that are threads of the host.

mod host;

mod misuse;
mod order;
mod push;
mod readwrite;
mod spin;
mod stress;
