//! XTLDR, the boot loader: everything of it that touches no hardware.
//!
//! ```text
//!   config    \EFI\BOOT\XTLDR\XTLDR.INI  -> settings, systems, what is wrong with them
//!   volume    ARC paths -> volumes and files; what the firmware remembers
//!   console   what a person sees and types
//!   menu      which system to boot; an entry's fields edited
//!   shell     commands that look at the machine
//!   image     PE file                    -> validated, placed, relocated
//!   session   configuration, modules, menu and shell; a system is started, or the menu says why not
//!   firmware  the door to the firmware: a trait, and the pages it lends
//!   boot      the way from the first file read to a sealed loader block
//!   modules   boot modules: what they declare, their order, what they provide
//!   trust     digests, Secure Boot, measurements, places that cannot be guessed
//!   report    what people and machines read on the serial line
//!   arch      (UEFI targets only) the instructions behind it all
//! ```
//!
//! The binary puts UEFI behind [`firmware::Firmware`] and jumps; host tests put a mock there and drive the same code
//! through every failure. Nothing is allocated except through that trait, whose [`firmware::Pages`] go back on every
//! error, so a failed boot leaves the firmware as it was.
//!
//! After boot services have been left nothing may be allocated, freed or read from disk; [`boot::prepare`] and
//! [`boot::Prepared::leave`] are two steps of different types so that this cannot be forgotten.

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(test)]
extern crate std;

#[cfg(target_os = "uefi")]
pub mod arch;
pub mod boot;
pub mod config;
pub mod console;
pub mod firmware;
pub mod image;
pub mod menu;
pub mod modules;
pub mod report;
pub mod session;
pub mod shell;
pub mod trust;
pub mod volume;
