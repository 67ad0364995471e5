//! What a module may ask of the loader.
#![allow(unsafe_code, reason = "calls the loader through its table")]

use core::ffi::c_void;
use core::fmt::{self, Write};
use core::ptr::NonNull;

use arrayvec::ArrayString;
use uefi::{Status, StatusExt, boot};

use super::provided::{Command, System, boot_with, run_with};
use crate::wire::{Call, Kind, Protocol, Provided, Text};

/// The most bytes of a line; a longer one is cut.
const MAX_LINE: usize = 512;

/// The loader that started this module.
#[derive(Clone, Copy)]
pub struct Loader(NonNull<Protocol>);

impl Loader {
    /// Names a loader.
    ///
    /// # Safety
    /// The protocol must be the one of the loader that started this image, of a revision that this crate knows, and stay
    /// as long as the image.
    #[must_use]
    pub const unsafe fn new(protocol: NonNull<Protocol>) -> Self {
        Self(protocol)
    }

    /// Returns the loader from the context that it was registered with.
    ///
    /// # Safety
    /// The context must come from [`Loader::context`].
    pub(super) unsafe fn from_context(context: *mut c_void) -> Option<Self> {
        NonNull::new(context.cast()).map(Self)
    }

    const fn context(self) -> *mut c_void {
        self.0.as_ptr().cast()
    }

    fn table(&self) -> &Protocol {
        // SAFETY: `new` was given the table of the loader that started this image, and it stays as long; the loader
        // writes to it only before it is installed.
        unsafe { self.0.as_ref() }
    }

    /// Prints one line: in the shell among the output of the command that runs, a page at a time, else on the screen and
    /// wherever the loader's own lines go. What does not fit into 512 bytes is cut.
    pub fn print(&self, line: fmt::Arguments<'_>) {
        let mut cut = Cut(ArrayString::new());
        // `Cut` never fails.
        let _ = cut.write_fmt(line);
        let text = Text::new(&cut.0);
        // A person who has seen enough sees no more of it, whatever else is printed.
        // SAFETY: the text outlives the call.
        let _ = unsafe { (self.table().print)(self.0.as_ptr(), &text) };
    }

    /// Returns the value of a key: of the loader's command line, else of `[XTLDR]` in the configuration; `None` when it
    /// has none.
    ///
    /// # Errors
    /// `BUFFER_TOO_SMALL` when it doesn't fit into `room`.
    pub fn setting<'b>(&self, key: &str, room: &'b mut [u8]) -> uefi::Result<Option<&'b str>> {
        let key = Text::new(key);
        let mut bytes = room.len();
        // SAFETY: `room` is writable for `bytes` bytes.
        let status = unsafe { (self.table().setting)(self.0.as_ptr(), &key, room.as_mut_ptr(), &mut bytes) };
        if status == Status::NOT_FOUND {
            return Ok(None);
        }
        status.to_result()?;
        let value = room.get(..bytes).and_then(|value| str::from_utf8(value).ok());
        value.map(Some).ok_or(Status::COMPROMISED_DATA.into())
    }

    /// Reads a whole file of the loader's volume: from the root where the path begins with `\`, else from the
    /// configuration's folder.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none; `BUFFER_TOO_SMALL` when it doesn't fit into `room`; else what the file system says.
    pub fn read_file<'b>(&self, path: &str, room: &'b mut [u8]) -> uefi::Result<&'b [u8]> {
        let (status, bytes) = self.file(path, room);
        status.to_result()?;
        room.get(..bytes).ok_or(Status::COMPROMISED_DATA.into())
    }

    /// Returns the length of a file in bytes, for a path as in [`Loader::read_file`].
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none; else what the file system says.
    pub fn file_bytes(&self, path: &str) -> uefi::Result<usize> {
        match self.file(path, &mut []) {
            (Status::SUCCESS | Status::BUFFER_TOO_SMALL, bytes) => Ok(bytes),
            (status, _) => Err(status.into()),
        }
    }

    fn file(&self, path: &str, room: &mut [u8]) -> (Status, usize) {
        let path = Text::new(path);
        let mut bytes = room.len();
        // SAFETY: `room` is writable for `bytes` bytes.
        let status =
            unsafe { (self.table().read_file)(self.0.as_ptr(), &path, room.as_mut_ptr(), &mut bytes) };
        (status, bytes)
    }

    /// Provides a way to start systems: entries with this `SystemType` are started by `S`.
    ///
    /// # Errors
    /// `ALREADY_STARTED` when somebody else provides it; `OUT_OF_RESOURCES`, `INVALID_PARAMETER` as the protocol says.
    pub fn provide_system<S: System>(&self, system_type: &str, help: &str) -> uefi::Result {
        self.provide(Kind::SYSTEM, system_type, help, Call { boot: boot_with::<S> })
    }

    /// Provides a command of the loader's shell. `help` is what stands behind its name, a colon, and what it does:
    /// `TEXT: prints the text`.
    ///
    /// # Errors
    /// As for [`Loader::provide_system`].
    pub fn provide_command<C: Command>(&self, name: &str, help: &str) -> uefi::Result {
        self.provide(Kind::COMMAND, name, help, Call { run: run_with::<C> })
    }

    fn provide(&self, kind: Kind, name: &str, help: &str, call: Call) -> uefi::Result {
        let provided = Provided {
            kind,
            reserved: 0,
            name: Text::new(name),
            help: Text::new(help),
            call,
            context: self.context(),
        };
        // SAFETY: the texts outlive the call; the function is of the kind's type, and its context is the table, which
        // stays as long as this image.
        unsafe { (self.table().provide)(self.0.as_ptr(), boot::image_handle().as_ptr(), &provided) }
            .to_result()
    }
}

/// Takes as much as fits.
struct Cut(ArrayString<MAX_LINE>);

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.0.try_push(character).is_err() {
                break;
            }
        }
        Ok(())
    }
}
