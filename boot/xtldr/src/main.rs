//! The EFI application: puts UEFI behind the loader's [`Firmware`](xtldr::firmware::Firmware) trait, boots, jumps.
//!
//! On a host there is no firmware, and the program says so; everything worth testing there is in the library.

#![cfg_attr(target_os = "uefi", no_std, no_main)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(target_os = "uefi")]
extern crate alloc;

#[cfg(target_os = "uefi")]
mod platform;

#[cfg(not(target_os = "uefi"))]
fn main() {
    eprintln!("XTLDR is an EFI application: build it for x86_64-unknown-uefi or i686-unknown-uefi.");
}
