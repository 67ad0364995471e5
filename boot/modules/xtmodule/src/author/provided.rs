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
        // SAFETY: null, or an entry that a loader keeps for the time of the call, which is `'a`.
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
///
/// # Safety
/// The context must be the one that [`Loader::provide_system`] has registered with it; `entry` as for [`Entry::read`], for
/// the time of the call.
pub(super) unsafe extern "efiapi" fn boot_with<S: System>(
    context: *mut c_void,
    entry: *const wire::Entry,
) -> Status {
    // SAFETY: `Loader::provide` has registered this function together with its own table.
    let loader = unsafe { Loader::from_context(context) };
    // SAFETY: what is read of the entry is gone when this returns.
    let entry = unsafe { Entry::read(entry) };
    match (loader, entry) {
        (Some(loader), Some(entry)) => status(S::boot(loader, &entry)),
        _ => Status::INVALID_PARAMETER,
    }
}

/// [`wire::Run`] of `C`.
///
/// # Safety
/// The context must be the one that [`Loader::provide_command`] has registered with it; `arguments` null or readable, with
/// its bytes, for the time of the call.
pub(super) unsafe extern "efiapi" fn run_with<C: Command>(
    context: *mut c_void,
    arguments: *const wire::Text,
) -> Status {
    // SAFETY: a command's function comes back with its loader's table, like a system's.
    let loader = unsafe { Loader::from_context(context) };
    // SAFETY: null, or a text that the loader keeps meanwhile.
    let arguments = unsafe { arguments.as_ref() };
    // SAFETY: the bytes that it names are kept as long as the text itself.
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
