//! What a module can provide, and the way from the protocol's functions to it.
#![allow(unsafe_code, reason = "called by the loader with pointers")]

use core::ffi::c_void;

use uefi::{Handle, Status};

use super::Loader;
use crate::wire;

/// A way to start systems.
pub trait System {
    /// Starts the system of an entry. Returning means that it didn't start, or came back.
    ///
    /// # Errors
    /// The status that the loader shows; what there is to say in words has been printed.
    fn boot(loader: Loader, entry: &Entry<'_>) -> uefi::Result;
}

/// A command of the loader's shell.
pub trait Command {
    /// Runs the command; `arguments` is the rest of its line.
    ///
    /// # Errors
    /// The status that the loader shows; what there is to say in words has been printed.
    fn run(loader: Loader, arguments: &str) -> uefi::Result;
}

/// A system to start: its entry in the configuration, which the loader has checked.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The volume that the path is on.
    pub volume: Handle,
    /// What the menu calls it.
    pub title: &'a str,
    /// The folder on the volume; begins with `\`, and ends without one unless it is the root.
    pub folder: &'a str,
    /// The kernel's file name.
    pub kernel: &'a str,
    /// The name of the initial RAM disk's file; empty where there is none.
    pub initrd: &'a str,
    /// Its parameters.
    pub parameters: &'a str,
}

impl<'a> Entry<'a> {
    /// Reads an entry.
    ///
    /// # Safety
    /// `entry` must be null, or what a loader passes to a [`wire::Boot`]: readable, and constant for `'a`.
    unsafe fn read(entry: *const wire::Entry) -> Option<Self> {
        // SAFETY: null or readable by the caller's promise.
        let entry = unsafe { entry.as_ref()? };
        if (entry.size as usize) < size_of::<wire::Entry>() {
            return None;
        }
        // SAFETY: a handle of the firmware, or null.
        let volume = unsafe { Handle::from_ptr(entry.volume)? };
        let text = |text: wire::Text| {
            // SAFETY: a text of the entry, which the loader keeps for `'a`.
            unsafe { text.get::<'a>() }
        };
        Some(Self {
            volume,
            title: text(entry.title)?,
            folder: text(entry.folder)?,
            kernel: text(entry.kernel)?,
            initrd: text(entry.initrd)?,
            parameters: text(entry.parameters)?,
        })
    }
}

/// [`wire::Boot`] of `S`.
pub(super) unsafe extern "efiapi" fn boot_with<S: System>(
    context: *mut c_void,
    entry: *const wire::Entry,
) -> Status {
    // SAFETY: the context that `Loader::provide` registered with this function.
    let loader = unsafe { Loader::from_context(context) };
    // SAFETY: the loader calls this with an entry that it keeps meanwhile.
    let entry = unsafe { Entry::read(entry) };
    match (loader, entry) {
        (Some(loader), Some(entry)) => status(S::boot(loader, &entry)),
        _ => Status::INVALID_PARAMETER,
    }
}

/// [`wire::Run`] of `C`.
pub(super) unsafe extern "efiapi" fn run_with<C: Command>(
    context: *mut c_void,
    arguments: *const wire::Text,
) -> Status {
    // SAFETY: the context that `Loader::provide` registered with this function.
    let loader = unsafe { Loader::from_context(context) };
    // SAFETY: null, or a text that the loader keeps meanwhile.
    let arguments = unsafe { arguments.as_ref() };
    // SAFETY: as for the text itself.
    let arguments = arguments.and_then(|text| unsafe { text.get() });
    match (loader, arguments) {
        (Some(loader), Some(arguments)) => status(C::run(loader, arguments)),
        _ => Status::INVALID_PARAMETER,
    }
}

fn status(result: uefi::Result) -> Status {
    match result {
        Ok(()) => Status::SUCCESS,
        Err(error) => error.status(),
    }
}
