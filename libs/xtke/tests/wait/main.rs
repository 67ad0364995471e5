//! Waiting, held against models, under a scheduler that plays with the order of things, and on threads of the host.

mod behaviour;
mod histories;
mod host;
mod misuse;
mod sequential;
mod sim;
mod stress;
mod time_outs;
