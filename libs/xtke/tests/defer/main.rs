//! Deferred work, on a machine whose processors are threads of the host.

mod apcs;
mod dpcs;
#[path = "../time/host.rs"]
mod host;
mod misuse;
mod rundown;
mod stress;
mod work;
