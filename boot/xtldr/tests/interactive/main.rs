//! The menu and the shell, with a script for whoever types.

mod menu;
mod shell;
#[path = "../support/mod.rs"]
mod support;
