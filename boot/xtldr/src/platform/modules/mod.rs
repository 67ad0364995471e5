//! Boot modules on UEFI: loads and starts their images, and is the loader that they see.
//!
//! [`Modules`] installs the protocol of [`xtmodule::wire`] on the loader's image handle, which is the parent of every
//! image that it loads. When it is dropped, on the way back to the firmware, the modules are unloaded, the last one first,
//! and the protocol goes; a boot that succeeds never comes to that, and the kernel takes their memory with that of all
//! boot services.
//!
//! ```text
//!   modules   who is loaded, and the calls into them       (this file)
//!   image     LoadImage, StartImage, UnloadImage
//!   protocol  the functions that modules call
//!   library   the files
//! ```
//!
//! Modules call back while they are called. So no borrow of the books is held across a call into a module.

mod image;
mod library;
mod protocol;

use alloc::vec::Vec;
use core::cell::RefCell;

use xtldr::arch;
use xtldr::config::Names;
use xtldr::firmware::{Firmware, Status};
use xtldr::modules::{
    self, Kind, LoadFailure, Loaded, ModuleError, ModuleHost, ModuleLoader, ModuleSystem, Name, Provided,
    Registry, Request, RunFailure, Surroundings, section,
};
use xtmodule::info::Info;
use xtmodule::wire::{self, Text};

use super::firmware::{UefiFirmware, status};
use super::storage;
use image::Image;
use library::Folder;
use protocol::Installed;

/// The modules of this loader.
pub(super) struct Modules<'f> {
    installed: Installed<'f>,
}

/// What is known of modules.
struct Books<'f> {
    firmware: &'f UefiFirmware,
    around: &'f dyn Surroundings,
    loaded: RefCell<Vec<Record>>,
    registry: RefCell<Registry<Function>>,
}

/// A function that a module provides.
#[derive(Clone, Copy)]
struct Function {
    call: wire::Call,
    context: *mut core::ffi::c_void,
}

/// A module that is loaded, or being started.
struct Record {
    name: Name,
    image: Image,
    /// What its file says of it.
    section: Vec<u8>,
}

impl<'f> Modules<'f> {
    /// Makes the loader one that has modules.
    ///
    /// # Errors
    /// The firmware's status, when it refuses the protocol.
    pub(super) fn new(firmware: &'f UefiFirmware, around: &'f dyn Surroundings) -> Result<Self, Status> {
        let books = Books { firmware, around, loaded: RefCell::default(), registry: RefCell::default() };
        Ok(Self { installed: Installed::new(books).map_err(|error| status(error.status()))? })
    }

    fn books(&self) -> &Books<'f> {
        self.installed.books()
    }

    /// Tells whether a module is loaded.
    fn is_loaded(&self, name: &Name) -> bool {
        self.books().loaded.borrow().iter().any(|record| record.name == *name)
    }

    fn function(&self, kind: Kind, name: &str) -> Result<Function, RunFailure> {
        self.books().registry.borrow().find(kind, name).ok_or(RunFailure::Unknown)
    }
}

impl ModuleSystem for UefiFirmware {
    fn with(&self, around: &dyn Surroundings, hold: &mut dyn FnMut(Option<&dyn ModuleLoader>)) {
        match Modules::new(self, around) {
            Ok(modules) => hold(Some(&modules)),
            Err(status) => {
                self.print(format_args!(
                    "XTLDR: the firmware lets the loader have no boot modules: {status}"
                ));
                hold(None);
            }
        }
    }
}

impl ModuleLoader for Modules<'_> {
    fn load_all(&self, wanted: Names<'_>, tell: &mut dyn FnMut(&ModuleError<'_>)) {
        modules::load(wanted.iter(), &Folder::new(self), self, arch::ARCHITECTURE, tell);
    }
}

impl Books<'_> {
    /// Forgets a module that did not start.
    fn forget(&self, image: &Image) {
        self.registry.borrow_mut().forget(image.owner());
        self.loaded.borrow_mut().retain(|record| record.image != *image);
    }
}

impl ModuleHost for Modules<'_> {
    fn load(&self, name: &Name, file: &[u8]) -> Result<(), LoadFailure> {
        let refused = |error: uefi::Error| LoadFailure::Refused(status(error.status()));
        let books = self.books();
        // A file that was inspected has the section; the firmware finds out about any other.
        let section = section(file, arch::ARCHITECTURE).unwrap_or_default();
        let section = copy(section).ok_or(LoadFailure::Refused(Status::OUT_OF_RESOURCES))?;
        let image = Image::load(file).map_err(refused)?;
        // A module registers things while it starts, so it must be known by then.
        books.loaded.borrow_mut().push(Record { name: *name, image, section });
        match image.start() {
            Ok(()) => Ok(()),
            Err(error) => {
                books.forget(&image);
                Err(LoadFailure::Ended(status(error.status())))
            }
        }
    }

    fn list(&self, visit: &mut dyn FnMut(&Loaded<'_>)) {
        for record in self.books().loaded.borrow().iter() {
            if let Ok(info) = Info::parse(&record.section) {
                let (base, bytes) = record.image.place();
                visit(&Loaded { info, base, bytes });
            }
        }
    }

    fn provided(&self, visit: &mut dyn FnMut(&Provided<'_>)) {
        let (loaded, registry) = (self.books().loaded.borrow(), self.books().registry.borrow());
        for thing in registry.iter() {
            let record = loaded.iter().find(|record| record.image.owner() == thing.owner);
            if let Some(Record { name: module, .. }) = record {
                visit(&Provided { module, kind: thing.kind, name: &thing.name, help: &thing.help });
            }
        }
    }

    fn boot(&self, system_type: &str, request: &Request<'_>) -> Result<(), RunFailure> {
        let function = self.function(Kind::System, system_type)?;
        let volume = storage::handle(request.volume).ok_or(RunFailure::NoVolume)?;
        let entry = wire::Entry {
            size: size_of::<wire::Entry>() as u32,
            reserved: 0,
            volume: volume.as_ptr(),
            title: Text::new(request.title),
            folder: Text::new(request.folder),
            kernel: Text::new(request.kernel),
            initrd: Text::new(request.initrd),
            parameters: Text::new(request.parameters),
        };
        // SAFETY: what is registered as a system is a function of that type.
        let boot = unsafe { function.call.boot };
        // SAFETY: the module that registered it is loaded and has started; the entry and its texts outlive the call.
        ended(unsafe { boot(function.context, &entry) })
    }

    fn run(&self, command: &str, arguments: &str) -> Result<(), RunFailure> {
        let function = self.function(Kind::Command, command)?;
        // SAFETY: what is registered as a command is a function of that type.
        let run = unsafe { function.call.run };
        let arguments = Text::new(arguments);
        // SAFETY: whoever registered it is still loaded, or it would have been forgotten; the arguments outlive the call.
        ended(unsafe { run(function.context, &arguments) })
    }
}

impl Drop for Modules<'_> {
    fn drop(&mut self) {
        let books = self.books();
        // One at a time, because a module may still print while it is unloaded.
        loop {
            let Some(record) = books.loaded.borrow_mut().pop() else { break };
            books.registry.borrow_mut().forget(record.image.owner());
            if let Err(error) = record.image.unload() {
                let (name, status) = (record.name, status(error.status()));
                books.firmware.print(format_args!("boot module {name} cannot be unloaded: {status}"));
                // It may still call the loader, so what it calls stays, as far as that is in the loader's hands.
                self.installed.keep();
            }
        }
    }
}

/// Turns a module's answer into a result; its warnings are successes.
fn ended(found: uefi::Status) -> Result<(), RunFailure> {
    if found.is_error() { Err(RunFailure::Ended(status(found))) } else { Ok(()) }
}

/// Returns a copy of some bytes; `None` without memory for it.
fn copy(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).ok()?;
    copy.extend_from_slice(bytes);
    Some(copy)
}
