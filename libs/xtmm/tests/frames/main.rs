//! The frame allocator on a machine made of threads, over records in host memory.

mod basics;
mod crimes;
mod double;
mod failures;
mod large;
mod model;
mod scale;
mod speed;
mod threads;
