//! The loader as a module in Rust sees it.

mod enter;
mod loader;
mod open;
mod provided;

pub use enter::{enter, panicked};
pub use loader::Loader;
pub use open::open;
pub use provided::{Command, Entry, System};
