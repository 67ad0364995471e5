//! The loader as modules see it: the protocol's table, and the functions behind it.
//!
//! The table lies at the start of a block that also holds the loader's books, so each function gets from its first
//! argument to them. The block is made before the protocol is installed and stays where it is until it is uninstalled.
//! A module that calls at the wrong time, out of an event in the middle of another call, gets `ACCESS_DENIED`, and what it
//! prints then goes where the loader's lines go.

use alloc::boxed::Box;
use core::cell::Cell;
use core::fmt::{self, Write};
use core::ptr::NonNull;
use core::slice;

use uefi::{Handle, Result, Status, boot};
use xtldr::config::{self, BootPath};
use xtldr::modules::{Kind, Unregistered};
use xtldr::volume::{FileFailure, Files, Place, Volume};
use xtmodule::wire::{GUID, Protocol, Provided, REVISION, Text, give};

use super::image::Image;
use super::{Books, Function};

/// The protocol, installed on the loader's image handle.
pub(super) struct Installed<'f> {
    block: NonNull<Block<'f>>,
    /// Whether a module may still call when the loader has gone.
    kept: Cell<bool>,
}

/// The table, and what is behind it.
#[repr(C)]
struct Block<'f> {
    table: Protocol,
    books: Books<'f>,
}

impl<'f> Installed<'f> {
    /// Installs the protocol.
    pub(super) fn new(books: Books<'f>) -> Result<Self> {
        let table = Protocol {
            revision: REVISION,
            size: size_of::<Protocol>() as u32,
            print,
            setting,
            read_file,
            provide,
        };
        let block = NonNull::from(Box::leak(Box::new(Block { table, books })));
        let installed = Self { block, kept: Cell::new(false) };
        // SAFETY: the interface is a table of the type that this name stands for, and stays until it is uninstalled.
        unsafe {
            boot::install_protocol_interface(Some(boot::image_handle()), &GUID, block.as_ptr().cast())
        }?;
        Ok(installed)
    }

    /// Returns the books.
    pub(super) fn books(&self) -> &Books<'f> {
        // SAFETY: the block was leaked by `new` and goes only with `self`; nobody borrows it mutably.
        unsafe { &self.block.as_ref().books }
    }

    /// Keeps the block for ever.
    pub(super) fn keep(&self) {
        self.kept.set(true);
    }
}

impl Drop for Installed<'_> {
    fn drop(&mut self) {
        // SAFETY: the name and the interface are those that were installed; the modules, who alone use it, were unloaded
        // before, or the block is kept.
        let removed = unsafe {
            boot::uninstall_protocol_interface(boot::image_handle(), &GUID, self.block.as_ptr().cast())
        };
        if removed.is_ok() && !self.kept.get() {
            // SAFETY: leaked from a box by `new`, not freed since, and nobody can find it any more.
            drop(unsafe { Box::from_raw(self.block.as_ptr()) });
        }
    }
}

/// Returns the books behind a table.
///
/// # Safety
/// `this` must be null, or the table that the loader installed, while it is installed.
unsafe fn books<'a>(this: *const Protocol) -> Option<&'a Books<'a>> {
    // SAFETY: the table is the first field of a block, which nobody borrows mutably.
    unsafe { this.cast::<Block<'a>>().as_ref() }.map(|block| &block.books)
}

unsafe extern "efiapi" fn print(this: *const Protocol, line: *const Text) -> Status {
    // SAFETY: the protocol's rules: the first argument is the table, the second a text for the time of the call.
    let Some((books, line)) = (unsafe { arguments(this, line) }) else { return Status::INVALID_PARAMETER };
    match books.around.print(format_args!("{}", Printable(line))) {
        Ok(()) => Status::SUCCESS,
        Err(fmt::Error) => Status::ABORTED,
    }
}

unsafe extern "efiapi" fn setting(
    this: *const Protocol,
    key: *const Text,
    into: *mut u8,
    bytes: *mut usize,
) -> Status {
    // SAFETY: the protocol's rules, as for `print`; the key is copied nowhere.
    let Some((books, key)) = (unsafe { arguments(this, key) }) else { return Status::INVALID_PARAMETER };
    match books.around.setting(key) {
        // SAFETY: the protocol's rules: room in `into` for as many bytes as `bytes` points at.
        Some(value) => unsafe { give(value.as_bytes(), into, bytes) },
        None => Status::NOT_FOUND,
    }
}

unsafe extern "efiapi" fn read_file(
    this: *const Protocol,
    path: *const Text,
    into: *mut u8,
    bytes: *mut usize,
) -> Status {
    // SAFETY: the protocol's rules, as for `print`; the path is copied before the firmware is asked.
    let Some((books, path)) = (unsafe { arguments(this, path) }) else { return Status::INVALID_PARAMETER };
    // SAFETY: the protocol's rules: null, or a number that may be read and written.
    let Some(bytes) = (unsafe { bytes.as_mut() }) else { return Status::INVALID_PARAMETER };
    let Some(path) = resolve(path) else { return Status::INVALID_PARAMETER };
    let at = Place { volume: Volume::Own, path: &path };
    let room = *bytes;
    let length = match books.firmware.bytes(&at).map(usize::try_from) {
        Ok(Ok(length)) => length,
        Ok(Err(_)) => return Status::UNSUPPORTED,
        Err(failure) => return failed(failure),
    };
    *bytes = length;
    if room < length {
        return Status::BUFFER_TOO_SMALL;
    }
    if length == 0 {
        return Status::SUCCESS;
    }
    if into.is_null() {
        return Status::INVALID_PARAMETER;
    }
    // SAFETY: the protocol's rules: `into` has room for what `bytes` pointed at, which is no less than this; it is the
    // module's own memory, so nothing else refers to it during the call.
    let into = unsafe { slice::from_raw_parts_mut(into, length) };
    match books.firmware.read(&at, into) {
        Ok(read) => {
            *bytes = read;
            Status::SUCCESS
        }
        Err(failure) => failed(failure),
    }
}

unsafe extern "efiapi" fn provide(
    this: *const Protocol,
    image: uefi_raw::Handle,
    provided: *const Provided,
) -> Status {
    // SAFETY: the protocol's rules: the first argument is the table, which is installed as long as there are modules.
    let books = unsafe { books(this) };
    // SAFETY: the protocol's rules: null, or readable during the call.
    let provided = unsafe { provided.as_ref() };
    // SAFETY: a handle is only compared with those that are known.
    let image = unsafe { Handle::from_ptr(image) };
    let (Some(books), Some(provided), Some(image)) = (books, provided, image) else {
        return Status::INVALID_PARAMETER;
    };
    let Some(kind) = Kind::of(provided.kind) else { return Status::UNSUPPORTED };
    // SAFETY: the protocol's rules: a text for the time of the call, which the registry copies.
    let name = unsafe { provided.name.get() };
    // SAFETY: the protocol's rules say the same of the help, and the registry copies it too.
    let help = unsafe { provided.help.get() };
    let (Some(name), Some(help)) = (name, help) else { return Status::INVALID_PARAMETER };
    // SAFETY: every value of the other fields is an address too, and no bits are bad for one.
    if unsafe { provided.call.address }.is_null() {
        return Status::INVALID_PARAMETER;
    }
    let image = Image::of(image);
    let (Ok(loaded), Ok(mut registry)) = (books.loaded.try_borrow(), books.registry.try_borrow_mut()) else {
        return Status::ACCESS_DENIED;
    };
    let module = |owner| loaded.iter().find(|record| record.image.owner() == owner).map(|record| record.name);
    let Some(new) = module(image.owner()) else { return Status::INVALID_PARAMETER };
    let function = Function { call: provided.call, context: provided.context };
    match registry.add(image.owner(), kind, name, help, function) {
        Ok(()) => Status::SUCCESS,
        Err(Unregistered::NoName) => Status::INVALID_PARAMETER,
        Err(Unregistered::Taken { by }) => {
            if let Some(old) = module(by) {
                // A module's own words would be "already started". Who does not want to read them has read enough.
                let _ = books
                    .around
                    .print(format_args!("boot module {new}: {old} provides the {kind} {name} already"));
            }
            Status::ALREADY_STARTED
        }
        Err(Unregistered::Full) => Status::OUT_OF_RESOURCES,
    }
}

/// Returns the first two arguments of most functions; `None` where one is null, or the text is no UTF-8.
///
/// # Safety
/// `this` as for [`books`]; `text` must be null or readable, and what it names must stay as it is for `'a`.
unsafe fn arguments<'a>(this: *const Protocol, text: *const Text) -> Option<(&'a Books<'a>, &'a str)> {
    // SAFETY: null or the installed table, as the callee wants it.
    let books = unsafe { books(this) }?;
    // SAFETY: null or a pointer and a length that can be read.
    let text = unsafe { text.as_ref() }?;
    // SAFETY: its bytes stay for `'a`, which no call of a module outlasts.
    Some((books, unsafe { text.get() }?))
}

/// Returns a path from the root; one that doesn't begin there begins in the configuration's folder.
fn resolve(path: &str) -> Option<BootPath> {
    let mut whole = BootPath::new();
    if !path.starts_with('\\') {
        let (folder, _) = config::PATH.rsplit_once('\\')?;
        write!(whole, "{folder}\\").ok()?;
    }
    whole.write_str(path).ok()?;
    Some(whole)
}

/// Returns a file's failure as the firmware's status.
fn failed(failure: FileFailure) -> Status {
    match failure {
        FileFailure::Missing | FileFailure::NoVolume => Status::NOT_FOUND,
        FileFailure::NotAFile | FileFailure::NotAFolder => Status::UNSUPPORTED,
        FileFailure::Refused(status) => {
            // The loader's form of a status lacks the bit that makes it an error, whose place depends on the word.
            let number = usize::try_from(status.0).unwrap_or_default();
            Status(number | 1 << (usize::BITS - 1))
        }
    }
}

/// Text of a module as one line.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|character| out.write_char(if character.is_control() { '?' } else { character }))
    }
}
