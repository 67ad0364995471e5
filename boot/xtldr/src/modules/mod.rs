//! Boot modules: what they declare, in which order they are loaded, and what they provide. Everything about them that
//! touches no hardware; [`xtmodule`] defines the protocol, `platform/modules` speaks it.
//!
//! ```text
//!   image     the file      -> for this machine, a boot service driver, with a readable section .modinfo
//!   order     wanted names  -> a plan: every module once, behind those that it depends on
//!   load      the plan      -> loaded and started, one by one
//!   registry  what modules have provided: ways to start systems, and commands
//! ```
//!
//! A module that cannot be had, or fails, costs itself and those that depend on it, and is told in one message with its
//! name; the others are loaded.
#![allow(
    clippy::result_large_err,
    clippy::large_enum_variant,
    reason = "an error carries the names it speaks of, there is no heap to put it on, and it is told at once"
)]

mod error;
mod host;
mod image;
mod order;
mod registry;

pub use error::{ModuleError, Reason};
pub use host::{
    LoadFailure, Loaded, ModuleHost, ModuleLoader, ModuleSystem, Provided, Request, RunFailure, Surroundings,
};
pub use image::{ImageError, inspect, section};
pub use order::{Library, MAX_MODULES, Module, Plan, order};
pub use registry::{Kind, MAX_HELP, MAX_PROVIDED, Owner, Registered, Registry, Unregistered};
pub use xtmodule::name::{Name, NoName};

use core::fmt::Write;

use xtcore::choice::Architecture;

use crate::config::{BootPath, folder_of};

/// Where modules lie on the loader's own volume, a folder for each architecture in it.
const FOLDER: &str = r"\EFI\BOOT\XTLDR\MODULES";

/// Returns where a module's file lies on the loader's own volume.
#[must_use]
pub fn path(architecture: Architecture, name: &Name) -> BootPath {
    let mut path = BootPath::new();
    let written = write!(path, r"{FOLDER}\{}\{name}.EFI", folder_of(architecture));
    debug_assert!(written.is_ok(), "a module's name is far shorter than a path may be");
    path
}

/// The most bytes that a module's file may have.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// Loads the wanted modules and those that they depend on, and calls `tell` for each that cannot be.
///
/// A module that is loaded already is left alone.
pub fn load<'a, L: Library>(
    wanted: impl IntoIterator<Item = &'a str>,
    library: &L,
    host: &dyn ModuleHost,
    architecture: Architecture,
    tell: &mut dyn FnMut(&ModuleError<'_>),
) {
    for text in wanted {
        // One plan for each, so that what is wrong with one is no reason to be without the others.
        let plan = match order([text], library, architecture) {
            Ok(plan) => plan,
            Err(error) => {
                tell(&error);
                continue;
            }
        };
        for module in plan.modules() {
            if let Err(failure) = host.load(&module.name, module.file.as_ref()) {
                let (module, wanted_by) = (module.name, module.wanted_by);
                tell(&ModuleError::Module { module, wanted_by, reason: Reason::Load(failure) });
                // Those behind it were to be loaded for the same one, which cannot be loaded any more.
                break;
            }
        }
    }
}
