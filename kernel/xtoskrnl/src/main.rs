//! XTOSKRNL, the kernel of XTOS: one PE image per architecture for all of its paging modes.
//!
//! ```text
//!   ar   the processor: descriptor tables, traps, interrupt stubs, contexts, start-up, control registers, ports
//!   hl   the machine: serial line, screen, ACPI tables, interrupt controllers, clocks, power
//!   ke   the kernel proper: run levels, interrupts, processors, traps, page faults, bug checks
//!   mm   memory: layout, page tables, frames, system PTEs, pools, stacks
//!   ex   what stands on all of it: the checks of a boot and their report
//!   kd   the log; may be called from everywhere
//! ```
//!
//! Imports go `ar, hl -> ke -> mm -> ex`: a folder uses only those before it, and kd. The way of a boot is
//! `start.rs`, from top to bottom.

#![cfg_attr(target_os = "uefi", no_std, no_main)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(target_os = "uefi")]
extern crate alloc;

#[cfg(target_os = "uefi")]
mod ar;
#[cfg(target_os = "uefi")]
mod ex;
#[cfg(target_os = "uefi")]
mod hl;
#[cfg(target_os = "uefi")]
mod kd;
#[cfg(target_os = "uefi")]
mod ke;
#[cfg(target_os = "uefi")]
mod mm;
#[cfg(target_os = "uefi")]
mod start;

/// On a host there is nothing to run: the image is for the UEFI targets.
#[cfg(not(target_os = "uefi"))]
fn main() {
    println!("xtoskrnl is a kernel image; `cargo xtask run` boots it");
}
