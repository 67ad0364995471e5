//! A stand-in for firmware that runs its applications in 5-level paging: switches the firmware itself to it, then
//! starts the real loader.
//!
//! ```text
//!   \EFI\BOOT\BOOTX64.EFI            this
//!   \EFI\BOOT\XTLDR64.EFI            the loader, or
//!   \EFI\BOOT\XTLDR\XTLDR.EFI        the loader
//! ```
//!
//! The firmware's own tables stay as they are; a new root table refers to them twice, once for the lower and once for
//! the upper canonical half:
//!
//! ```text
//!   PML5[0]   -> the firmware's PML4    0000_0000_0000_0000 .. 0000_7FFF_FFFF_FFFF
//!   PML5[511] -> the firmware's PML4    FFFF_8000_0000_0000 .. FFFF_FFFF_FFFF_FFFF
//! ```
//!
//! The way there is the loader's own switch, which this also proves to work from 4 levels to 5 with somebody alive on
//! the other side. On a processor without LA57 the application says so and ends with an error.

#![cfg_attr(target_os = "uefi", no_std, no_main)]

#[cfg(all(target_os = "uefi", target_arch = "x86_64"))]
mod arch;
#[cfg(all(target_os = "uefi", target_arch = "x86_64"))]
mod shim;

#[cfg(all(target_os = "uefi", not(target_arch = "x86_64")))]
compile_error!("5-level paging exists in long mode only: build la57shim for x86_64-unknown-uefi");

#[cfg(not(target_os = "uefi"))]
fn main() {
    eprintln!("la57shim is an EFI application: build it for x86_64-unknown-uefi.");
}
