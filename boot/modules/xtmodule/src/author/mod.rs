//! The loader as a module in Rust sees it.

mod enter;
mod loader;
mod provided;

pub use enter::{enter, panicked};
pub use loader::Loader;
pub use provided::{Command, Entry, System};
