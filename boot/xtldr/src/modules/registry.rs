//! What modules have provided: ways to start systems, and commands, each with the function to call.

use core::fmt;

use arrayvec::{ArrayString, ArrayVec};
use xtmodule::name::Name;

/// The most things that modules may provide together.
pub const MAX_PROVIDED: usize = 64;

/// The most bytes of a line of help; what is longer is cut.
pub const MAX_HELP: usize = 100;

/// What kind of thing it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A way to start systems of a type.
    System,
    /// A command.
    Command,
}

impl Kind {
    /// Returns the kind of a number of the protocol, if it is known.
    #[must_use]
    pub const fn of(wire: xtmodule::wire::Kind) -> Option<Self> {
        match wire {
            xtmodule::wire::Kind::SYSTEM => Some(Self::System),
            xtmodule::wire::Kind::COMMAND => Some(Self::Command),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::System => "system",
            Self::Command => "command",
        })
    }
}

/// The image that a thing belongs to, as a number that nobody but the platform looks into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner(pub usize);

/// A thing that is provided.
#[derive(Clone, Copy, Debug)]
pub struct Registered<Call> {
    /// Whose it is.
    pub owner: Owner,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its name. Of one kind there is one with that name.
    pub name: Name,
    /// A line about it, without control characters.
    pub help: ArrayString<MAX_HELP>,
    /// What to call.
    pub call: Call,
}

/// Why a thing cannot be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unregistered {
    /// Its name is none.
    NoName,
    /// There is one of that kind and name.
    Taken {
        /// Whose that is.
        by: Owner,
    },
    /// There are [`MAX_PROVIDED`] already.
    Full,
}

/// Everything that is provided.
#[derive(Clone, Debug)]
pub struct Registry<Call> {
    things: ArrayVec<Registered<Call>, MAX_PROVIDED>,
}

impl<Call> Default for Registry<Call> {
    fn default() -> Self {
        Self { things: ArrayVec::new() }
    }
}

impl<Call: Copy> Registry<Call> {
    /// Registers a thing.
    ///
    /// # Errors
    /// [`Unregistered`]; nothing has changed then.
    pub fn add(
        &mut self,
        owner: Owner,
        kind: Kind,
        name: &str,
        help: &str,
        call: Call,
    ) -> Result<(), Unregistered> {
        let name = Name::new(name).map_err(|_| Unregistered::NoName)?;
        if let Some(other) = self.things.iter().find(|one| one.kind == kind && one.name == name) {
            return Err(Unregistered::Taken { by: other.owner });
        }
        let mut line = ArrayString::new();
        for character in help.chars() {
            let shown = if character.is_control() { '?' } else { character };
            if line.try_push(shown).is_err() {
                break;
            }
        }
        let thing = Registered { owner, kind, name, help: line, call };
        self.things.try_push(thing).map_err(|_| Unregistered::Full)
    }

    /// Returns what to call, by a name in any case.
    #[must_use]
    pub fn find(&self, kind: Kind, name: &str) -> Option<Call> {
        let name = Name::new(name).ok()?;
        self.things.iter().find(|one| one.kind == kind && one.name == name).map(|one| one.call)
    }

    /// Returns everything, in the order in which it was registered.
    pub fn iter(&self) -> impl Iterator<Item = &Registered<Call>> {
        self.things.iter()
    }

    /// Forgets everything of an owner.
    pub fn forget(&mut self, owner: Owner) {
        self.things.retain(|one| one.owner != owner);
    }
}
