//! The frame allocator on a machine made of threads, over records in host memory.

mod basics;
mod crimes;
#[path = "support/double.rs"]
mod double;
mod failures;
mod giants;
mod large;
mod model;
mod scale;
#[path = "support/speed.rs"]
mod speed;
mod threads;
#[path = "../support/told.rs"]
mod told;
