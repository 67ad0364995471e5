//! Boot modules made to measure, a folder that holds them, and a machine that starts them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use xtcore::choice::Architecture;
use xtldr::firmware::Status;
use xtldr::modules::{Library, LoadFailure, Loaded, ModuleHost, Name, Provided, Reason, Request, RunFailure};
use xtldr::volume::FileFailure;

use super::pe::{self, at};

/// Where the subsystem is, in images of either width.
pub(crate) const SUBSYSTEM: usize = at::OPTIONAL + 68;

/// Builds a module's file with this section `.modinfo`.
pub(crate) fn with_section(architecture: Architecture, section: &[u8]) -> Vec<u8> {
    let mut image = pe::kernel(architecture);
    let info = image.parts.iter_mut().find(|part| part.name == b".xtboot").unwrap();
    info.name = b".modinfo";
    info.bytes = section.len() as u32;
    info.contents = section.to_vec();
    let mut file = image.build();
    file[SUBSYSTEM] = 11;
    file
}

/// Builds a module of this name that depends on others, separated by blanks.
pub(crate) fn module(architecture: Architecture, name: &str, depends: &str) -> Vec<u8> {
    let section = format!("name={name}\0version=1\0depends={depends}\0");
    with_section(architecture, section.as_bytes())
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A folder of modules, which is also the machine that starts them.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Those that don't start.
    pub(crate) broken: BTreeSet<String>,
    /// Those that are loaded, in their order.
    pub(crate) loaded: RefCell<Vec<String>>,
    /// Every file that was read.
    pub(crate) reads: RefCell<Vec<String>>,
}

impl Shelf {
    /// A shelf of modules for amd64: names and what they depend on.
    pub(crate) fn of(modules: &[(&str, &str)]) -> Self {
        let file =
            |(name, depends): &(&str, &str)| ((*name).to_owned(), module(Architecture::Amd64, name, depends));
        Self { files: modules.iter().map(file).collect(), ..Self::default() }
    }
}

impl Library for Shelf {
    type File = Vec<u8>;

    fn read(&self, name: &Name) -> Result<Vec<u8>, Reason> {
        self.reads.borrow_mut().push(name.to_string());
        self.files.get(name.as_str()).cloned().ok_or(Reason::File(FileFailure::Missing))
    }

    fn is_loaded(&self, name: &Name) -> bool {
        self.loaded.borrow().iter().any(|one| one == name.as_str())
    }
}

impl ModuleHost for Shelf {
    fn load(&self, name: &Name, image: &[u8]) -> Result<(), LoadFailure> {
        assert_eq!(self.files.get(name.as_str()).map(Vec::as_slice), Some(image));
        assert!(!self.is_loaded(name), "{name} is loaded once");
        if self.broken.contains(name.as_str()) {
            return Err(LoadFailure::Ended(Status(7)));
        }
        self.loaded.borrow_mut().push(name.to_string());
        Ok(())
    }

    fn list(&self, _visit: &mut dyn FnMut(&Loaded<'_>)) {}

    fn provided(&self, _visit: &mut dyn FnMut(&Provided<'_>)) {}

    fn boot(&self, _system_type: &str, _request: &Request<'_>) -> Result<(), RunFailure> {
        Err(RunFailure::Unknown)
    }

    fn run(&self, _command: &str, _arguments: &str) -> Result<(), RunFailure> {
        Err(RunFailure::Unknown)
    }
}
