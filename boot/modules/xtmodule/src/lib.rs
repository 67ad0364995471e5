//! The protocol between XTLDR and its boot modules.
//!
//! A boot module is an EFI boot service driver, `\EFI\BOOT\XTLDR\MODULES\<architecture>\<NAME>.EFI`, that the loader
//! loads and starts through the firmware and that stays in memory until the loader ends. It says who it is in a section
//! of its file, [`info`], and finds the loader as an EFI protocol, [`wire::Protocol`], on the handle of its parent image.
//!
//! ```text
//!   name    what modules are called
//!   info    the section .modinfo: name, version, …, the modules that must be there first
//!   wire    the protocol as the firmware's calling convention has it; for any language
//!   author  (feature `author`) the same for authors in Rust, without a line of unsafe code
//! ```
//!
//! The loader implements [`wire`] and reads [`info`] with this crate too, so there is one definition. A module in Rust is
//! a function and one macro:
//!
//! ```ignore
//! xtmodule::module! { start: start }
//!
//! fn start(loader: Loader) -> uefi::Result {
//!     loader.print(format_args!("hello"));
//!     Ok(())
//! }
//! ```
//!
//! `docs/modules.md` is the guide; the module `dummy` is the example to copy.
//!
//! # What is guaranteed
//!
//! [`info::Info::parse`] returns for any bytes, and what it returns holds no control characters. Everything that crosses
//! the protocol has a pointer and a length, and text is UTF-8; both sides check what they are given as far as it can be
//! checked, and a module that hands over a wild pointer is as trusted as the loader itself, because it runs beside it.

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "author")]
pub mod author;
pub mod info;
mod module;
pub mod name;
pub mod wire;

#[cfg(feature = "author")]
pub use author::{Command, Entry, Loader, System, open};
pub use name::Name;
#[cfg(feature = "author")]
pub use uefi;
