//! The order of loading: every module once, behind all that it depends on.

use core::marker::PhantomData;

use arrayvec::ArrayVec;
use xtcore::choice::Architecture;
use xtmodule::info::MAX_DEPENDENCIES;
use xtmodule::name::Name;

use super::error::{ModuleError, Reason};
use super::image::inspect;

/// The most modules of a plan, and of a chain of dependencies.
pub const MAX_MODULES: usize = 32;

/// Where modules come from.
pub trait Library {
    /// A file in memory.
    type File: AsRef<[u8]>;

    /// Reads a module's file.
    ///
    /// # Errors
    /// [`Reason`], of which a library has [`Reason::File`] and [`Reason::TooLarge`] to give.
    fn read(&self, name: &Name) -> Result<Self::File, Reason>;

    /// Tells whether a module is loaded, and so need not be again.
    fn is_loaded(&self, name: &Name) -> bool;
}

/// A module that is to be loaded.
#[derive(Clone, Debug)]
pub struct Module<File> {
    /// Its name.
    pub name: Name,
    /// The first module that was found to depend on it, if it is not wanted for itself.
    pub wanted_by: Option<Name>,
    /// Its file, which was found to be a module.
    pub file: File,
}

/// Modules in the order in which they are to be loaded. Each is there once, was inspected, and stands behind all that it
/// depends on and that is not loaded yet.
#[derive(Clone, Debug)]
pub struct Plan<File> {
    modules: ArrayVec<Module<File>, MAX_MODULES>,
}

impl<File> Plan<File> {
    /// Returns the modules, the first to be loaded first.
    #[must_use]
    pub fn modules(&self) -> &[Module<File>] {
        &self.modules
    }
}

/// Plans to load the wanted modules, in their order as far as dependencies allow. Reads each file once.
///
/// # Errors
/// [`ModuleError`] for the first module that cannot be had, or that depends on itself.
pub fn order<'a, L: Library>(
    wanted: impl IntoIterator<Item = &'a str>,
    library: &L,
    architecture: Architecture,
) -> Result<Plan<L::File>, ModuleError<'a>> {
    let plan = Plan { modules: ArrayVec::new() };
    let mut walk = Walk { library, architecture, plan, path: ArrayVec::new(), texts: PhantomData };
    for text in wanted {
        let name = Name::new(text).map_err(|_| ModuleError::NoName { text })?;
        walk.visit(name)?;
    }
    Ok(walk.plan)
}

/// A depth-first walk over dependencies.
struct Walk<'l, 'a, L: Library> {
    library: &'l L,
    architecture: Architecture,
    plan: Plan<L::File>,
    /// The modules being visited, each because the one before it depends on it.
    path: ArrayVec<Name, MAX_MODULES>,
    texts: PhantomData<&'a str>,
}

impl<'a, L: Library> Walk<'_, 'a, L> {
    /// Puts a module into the plan, behind its dependencies. As deep as the path, which is bounded.
    fn visit(&mut self, name: Name) -> Result<(), ModuleError<'a>> {
        if self.library.is_loaded(&name) || self.plan.modules.iter().any(|module| module.name == name) {
            return Ok(());
        }
        let wanted_by = self.path.last().copied();
        let failed = |reason| ModuleError::Module { module: name, wanted_by, reason };
        if let Some(start) = self.path.iter().position(|one| *one == name) {
            let names = self.path.iter().skip(start).copied().collect();
            return Err(failed(Reason::Cycle { names }));
        }
        self.path.try_push(name).map_err(|_| failed(Reason::TooMany))?;
        let file = self.library.read(&name).map_err(failed)?;
        let info = inspect(file.as_ref(), self.architecture).map_err(|error| failed(Reason::Image(error)))?;
        if info.name != name {
            return Err(failed(Reason::OtherName { found: info.name }));
        }
        // The section holds no more of them than fit.
        let depends: ArrayVec<Name, MAX_DEPENDENCIES> = info.depends().take(MAX_DEPENDENCIES).collect();
        for dependency in depends {
            self.visit(dependency)?;
        }
        self.path.pop();
        let module = Module { name, wanted_by, file };
        self.plan.modules.try_push(module).map_err(|_| failed(Reason::TooMany))
    }
}
