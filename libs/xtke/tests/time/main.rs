//! Timers and the clock, on a machine whose processors are threads of the host.

mod clock;
mod host;
mod misuse;
mod model;
mod stress;
mod timers;
