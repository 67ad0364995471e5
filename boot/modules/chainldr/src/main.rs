//! Starts another EFI program: entries with `SystemType=CHAINLOADER`.
//!
//! ```text
//!   [OTHER]
//!   SystemName=Another loader
//!   SystemType=CHAINLOADER
//!   SystemPath=multi(0)esp(0)/EFI/OTHER
//!   KernelFile=LOADER.EFI             the program
//!   Parameters=quiet                  its load options
//! ```
//!
//! The firmware loads the program from its own volume, so it finds its files there, and checks its signature under Secure
//! Boot. When it comes back its status is shown, and the loader goes on.

#![cfg_attr(target_os = "uefi", no_std, no_main)]

mod program;

use program::Program;
use xtmodule::{Entry, Loader, System, uefi};

xtmodule::module! { start: start }

fn start(loader: Loader) -> uefi::Result {
    loader.provide_system::<Chainloader>("CHAINLOADER", "starts another EFI program")
}

/// The way to start a program.
struct Chainloader;

impl System for Chainloader {
    fn boot(loader: Loader, entry: &Entry<'_>) -> uefi::Result {
        let folder = entry.folder.trim_end_matches('\\');
        match Program::load(entry).and_then(Program::run) {
            Ok(()) => {
                loader.print(format_args!("chainldr: {folder}\\{} has ended", entry.kernel));
                Ok(())
            }
            Err(failure) => {
                loader.print(format_args!("chainldr: {folder}\\{}: {failure}", entry.kernel));
                Err(failure.status().into())
            }
        }
    }
}
