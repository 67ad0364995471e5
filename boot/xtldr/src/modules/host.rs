//! The machine's side of modules: what loads and starts them, and what they provide, as the rest of the loader sees it.

use core::fmt;

use xtmodule::info::Info;
use xtmodule::name::Name;

use super::error::ModuleError;
use super::registry::Kind;
use crate::config::Names;
use crate::firmware::Status;
use crate::volume::Volume;

/// What loads modules, knows them, and calls what they provide.
pub trait ModuleHost {
    /// Loads and starts a module. `image` is its file, which [`inspect`](super::inspect) has accepted.
    ///
    /// # Errors
    /// [`LoadFailure`]; nothing of the module is left then.
    fn load(&self, name: &Name, image: &[u8]) -> Result<(), LoadFailure>;

    /// Calls `visit` for each loaded module, in the order in which they were loaded.
    fn list(&self, visit: &mut dyn FnMut(&Loaded<'_>));

    /// Calls `visit` for everything that modules provide.
    fn provided(&self, visit: &mut dyn FnMut(&Provided<'_>));

    /// Starts a system by the module that provides its type. A success means that it came back without an error.
    ///
    /// # Errors
    /// [`RunFailure`]; the module has said more.
    fn boot(&self, system_type: &str, request: &Request<'_>) -> Result<(), RunFailure>;

    /// Runs a command by the module that provides it, with the rest of its line.
    ///
    /// # Errors
    /// [`RunFailure`]; the module has said more.
    fn run(&self, command: &str, arguments: &str) -> Result<(), RunFailure>;
}

/// What loads modules by their names.
pub trait ModuleLoader: ModuleHost {
    /// Loads the wanted modules from their folder, with those that they depend on, and calls `tell` for each that cannot be
    /// loaded. One that is loaded already is left alone.
    fn load_all(&self, wanted: Names<'_>, tell: &mut dyn FnMut(&ModuleError<'_>));
}

/// A machine that can have modules.
pub trait ModuleSystem {
    /// Makes the loader one that has modules, and calls `hold` with it; `None` where the firmware does not take part.
    /// Unloads what is left of them when `hold` comes back.
    fn with(&self, around: &dyn Surroundings, hold: &mut dyn FnMut(Option<&dyn ModuleLoader>));
}

/// What modules find around them: the session that loads them.
pub trait Surroundings {
    /// Returns the value of a key: from the loader's command line, else from the section `[XTLDR]`.
    fn setting(&self, key: &str) -> Option<&str>;

    /// Shows a module's line to whoever is there: in the shell among the output of the command that runs, else on the
    /// screen and wherever the loader's own lines go.
    ///
    /// # Errors
    /// The person has seen enough of that output.
    fn print(&self, line: fmt::Arguments<'_>) -> fmt::Result;
}

/// A module that is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Loaded<'a> {
    /// What it says of itself.
    pub info: Info<'a>,
    /// The address of its image.
    pub base: u64,
    /// Bytes of its image in memory.
    pub bytes: u64,
}

/// Something that a module provides.
#[derive(Clone, Copy, Debug)]
pub struct Provided<'a> {
    /// The module.
    pub module: &'a Name,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its name.
    pub name: &'a Name,
    /// A line about it.
    pub help: &'a str,
}

/// A system to start: an entry's values, with its path resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// The volume that the path names.
    pub volume: Volume,
    /// What the menu calls it.
    pub title: &'a str,
    /// The folder on the volume; begins with `\`.
    pub folder: &'a str,
    /// The kernel's file name.
    pub kernel: &'a str,
    /// The name of the initial RAM disk's file; empty where there is none.
    pub initrd: &'a str,
    /// Its parameters.
    pub parameters: &'a str,
}

/// Why a module could not be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadFailure {
    /// The firmware doesn't load or start it.
    Refused(Status),
    /// It started, and ended with an error.
    Ended(Status),
}

/// Why something that a module should provide didn't work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunFailure {
    /// No module provides it.
    Unknown,
    /// The volume is not there.
    NoVolume,
    /// The module says so.
    Ended(Status),
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(out, "the firmware doesn't load it: {status}"),
            Self::Ended(status) => write!(out, "it doesn't start: {status}"),
        }
    }
}

impl fmt::Display for RunFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(out, "no boot module provides it"),
            Self::NoVolume => write!(out, "there is no such volume"),
            Self::Ended(status) => write!(out, "the boot module ended with an error: {status}"),
        }
    }
}

impl core::error::Error for LoadFailure {}
impl core::error::Error for RunFailure {}
