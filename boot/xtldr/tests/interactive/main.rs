//! The menu, the shell, and the whole session, with a script for whoever types.

mod menu;
mod modules;
mod pager;
mod session;
mod shell;
#[path = "../support/mod.rs"]
mod support;
