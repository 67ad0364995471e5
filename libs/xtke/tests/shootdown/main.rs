//! Shootdown on simulated processors with a TLB that forgets nothing by itself, changed by the real mapper.

mod behaviour;
mod machine;
mod mapper;
mod rounds;
mod tables;
