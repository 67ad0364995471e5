//! The protocol as the firmware's calling convention has it, for a module in any language.
//!
//! [`Protocol`] is installed on the loader's image handle, which is the parent of each module's image (UEFI 2.10, 9.1.1):
//! a module asks its own handle for `EFI_LOADED_IMAGE_PROTOCOL`, and that protocol's `ParentHandle` for [`GUID`]. So each
//! module finds the loader that loaded it, also where one loader was started by another.
//!
//! ```text
//!   offset  64 bits  32 bits
//!   revision      0        0   u32   1: the table below; a later one has more behind it
//!   size          4        4   u32   bytes of the table
//!   print         8        8
//!   setting      16       12
//!   read_file    24       16
//!   provide      32       20
//! ```
//!
//! # Rules
//!
//! * Call it from the entry point and from what was provided, at `TPL_APPLICATION`, on the boot processor, never after
//!   boot services have been left.
//! * Text is UTF-8, given by pointer and length, without a terminating zero. Nothing is kept: what a function is given
//!   may be forgotten when it returns, but for a provided function and its context, which must stay as long as the image.
//! * An entry point that returns an error takes back all that its module has provided, and the firmware unloads it. One
//!   that returns success stays, and may be asked to go by the `Unload` function in its loaded-image protocol.
//! * A table of a greater revision has all of these functions at the same places. A module checks `revision` to be at
//!   least the one it was written for.

#![allow(unsafe_code, reason = "pointers cross from one image to another here")]

#[cfg(test)]
mod tests;

use core::ffi::c_void;
use core::mem::offset_of;
use core::{ptr, slice};

use uefi_raw::{Guid, Handle, Status, guid};

/// The protocol's name.
pub const GUID: Guid = guid!("8f2a6c1e-5d04-4b93-9c7e-1b60f3a7d258");

/// The revision described here.
pub const REVISION: u32 = 1;

/// Text on its way across: UTF-8 with a length in bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Text {
    /// The first byte; may be anything where `bytes` is zero.
    pub start: *const u8,
    /// How many.
    pub bytes: usize,
}

impl Text {
    /// Names a text, which must outlive every use of the value.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { start: text.as_ptr(), bytes: text.len() }
    }

    /// Returns the text; `None` when it is no UTF-8, has no address, or would wrap around the address space.
    ///
    /// # Safety
    /// Where `start` is not null, `bytes` bytes from there on must be readable and stay as they are for `'a`.
    #[must_use]
    pub const unsafe fn get<'a>(self) -> Option<&'a str> {
        if self.bytes == 0 {
            return Some("");
        }
        if self.start.is_null() || self.bytes > isize::MAX as usize {
            return None;
        }
        // SAFETY: not null and not too long, as was just checked, so these are the bytes that stay readable for `'a`; bytes
        // have no alignment.
        let bytes = unsafe { slice::from_raw_parts(self.start, self.bytes) };
        match str::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(_) => None,
        }
    }
}

/// What a module provides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Kind(pub u32);

impl Kind {
    /// A way to start systems: the name is a `SystemType`, the function a [`Boot`].
    pub const SYSTEM: Self = Self(1);
    /// A command of the loader's shell: the function is a [`Run`].
    pub const COMMAND: Self = Self(2);
}

/// A system to start: the values of its entry in the configuration.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Entry {
    /// Bytes of this; a later revision has more behind it.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// The handle of the volume that `SystemPath` names, with the simple file system protocol on it.
    pub volume: Handle,
    /// What the menu calls the system.
    pub title: Text,
    /// The folder on that volume: begins with `\`, and ends without one unless it is the root.
    pub folder: Text,
    /// `KernelFile`: a file name in that folder.
    pub kernel: Text,
    /// `InitrdFile`; empty where there is none.
    pub initrd: Text,
    /// `Parameters`.
    pub parameters: Text,
}

/// Starts a system. Returns where it didn't start, or came back; its own messages are printed by then.
pub type Boot = unsafe extern "efiapi" fn(context: *mut c_void, entry: *const Entry) -> Status;

/// Runs a command with the rest of its line.
pub type Run = unsafe extern "efiapi" fn(context: *mut c_void, arguments: *const Text) -> Status;

/// What a module provides: a function of the kind's type.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Call {
    /// For [`Kind::SYSTEM`].
    pub boot: Boot,
    /// For [`Kind::COMMAND`].
    pub run: Run,
    /// Its address, whatever the kind; null is no function.
    pub address: *const c_void,
}

/// What a module provides, completely.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Provided {
    /// The kind.
    pub kind: Kind,
    /// Zero.
    pub reserved: u32,
    /// The `SystemType` or the command: a [module's name](crate::Name) in form.
    pub name: Text,
    /// One line for help texts: of a command what stands behind its name, a colon, and what it does.
    pub help: Text,
    /// The function.
    pub call: Call,
    /// What the function gets as its first argument.
    pub context: *mut c_void,
}

/// The loader as a module sees it. Each function gets the protocol itself first.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Protocol {
    /// [`REVISION`], or a later one.
    pub revision: u32,
    /// Bytes of the table.
    pub size: u32,
    /// Prints one line, without its end: in the shell among the output of the command that runs, a page at a time, else
    /// on the screen and wherever the loader's own lines go. Control characters are shown as `?`.
    ///
    /// `INVALID_PARAMETER` when it is no UTF-8; `ABORTED` when the person has seen enough of the command's output.
    pub print: unsafe extern "efiapi" fn(this: *const Self, line: *const Text) -> Status,
    /// Copies the value of a key: from the loader's command line, else from `[XTLDR]` in the configuration. `bytes` is
    /// the room in `into` before, and the value's length after.
    ///
    /// `NOT_FOUND` when there is none; `BUFFER_TOO_SMALL` when the room is, with the length in `bytes`.
    pub setting: unsafe extern "efiapi" fn(
        this: *const Self,
        key: *const Text,
        into: *mut u8,
        bytes: *mut usize,
    ) -> Status,
    /// Reads a whole file of the loader's own volume: a path from the root, or from the configuration's folder where it
    /// doesn't begin with `\`. `bytes` is the room in `into` before, and the file's length after.
    ///
    /// `NOT_FOUND` when there is none; `BUFFER_TOO_SMALL` when the room is, with the length in `bytes`; else what the
    /// file system says.
    pub read_file: unsafe extern "efiapi" fn(
        this: *const Self,
        path: *const Text,
        into: *mut u8,
        bytes: *mut usize,
    ) -> Status,
    /// Registers what the module `image` provides.
    ///
    /// `ALREADY_STARTED` when there is one of that kind and name; `OUT_OF_RESOURCES` when no more can be registered;
    /// `UNSUPPORTED` for a kind that the loader doesn't know; `INVALID_PARAMETER` for a name that is none, or an image
    /// that is no module of this loader.
    pub provide:
        unsafe extern "efiapi" fn(this: *const Self, image: Handle, provided: *const Provided) -> Status,
}

/// The table is where the documentation says, on either width.
const _: () = {
    const POINTER: usize = size_of::<usize>();
    assert!(offset_of!(Protocol, print) == 8);
    assert!(offset_of!(Protocol, setting) == 8 + POINTER);
    assert!(offset_of!(Protocol, read_file) == 8 + 2 * POINTER);
    assert!(offset_of!(Protocol, provide) == 8 + 3 * POINTER);
    assert!(size_of::<Protocol>() == 8 + 4 * POINTER);
    assert!(offset_of!(Entry, volume) == 8 && size_of::<Entry>() == 8 + 11 * POINTER);
    assert!(offset_of!(Provided, name) == 8 && size_of::<Provided>() == 8 + 6 * POINTER);
};

/// Copies `found` to a caller's buffer, as [`Protocol::setting`] and [`Protocol::read_file`] promise.
///
/// # Safety
/// `bytes` is null, or points at a number that may be read and written; `into` is null, or as many bytes from there on may
/// be written as that number says.
pub unsafe fn give(found: &[u8], into: *mut u8, bytes: *mut usize) -> Status {
    if bytes.is_null() {
        return Status::INVALID_PARAMETER;
    }
    // SAFETY: not null, so it points at the caller's number.
    let room = unsafe { bytes.replace(found.len()) };
    if room < found.len() {
        return Status::BUFFER_TOO_SMALL;
    }
    if found.is_empty() {
        return Status::SUCCESS;
    }
    if into.is_null() {
        return Status::INVALID_PARAMETER;
    }
    // SAFETY: `into` is not null and has `room` bytes, and no more of them are written; the caller's buffer is no part of
    // what the loader holds.
    unsafe { ptr::copy_nonoverlapping(found.as_ptr(), into, found.len()) };
    Status::SUCCESS
}
