//! The commands, and what may stand behind their names.

use core::fmt;

use arrayvec::ArrayVec;

use super::answer::{Answer, Column, Outcome, Trouble};
use super::session::Next;
use super::value::Value;
use super::words::{parse_address, parse_number};

/// Arguments that a command can have.
pub(super) const MOST: usize = 4;

/// Takes what a word may be.
pub type Offer<'a> = dyn FnMut(&str) + 'a;

/// What an argument is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A virtual address, see [`parse_address`].
    Address,
    /// A number, see [`parse_number`].
    Number,
    /// Any word; the function offers those that are known.
    Word(fn(&mut Offer<'_>)),
    /// The name of a command.
    Command,
}

/// Whether an argument must be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It must.
    Required,
    /// It may be left out, and all behind it.
    Optional,
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// What it is called where the usage is shown.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// Its arguments, those that may be left out last.
    pub arguments: &'static [Argument],
    /// What it shows or does, in one line.
    pub summary: &'static str,
}

/// What becomes of a command.
pub type Done = Result<Next, &'static Trouble>;

/// Who has commands.
pub trait Monitor {
    /// Returns the command with a number, counted from 0; always the same.
    fn command(&self, number: usize) -> Option<&'static Command>;

    /// Does a command. Its arguments are what it says that they must be.
    ///
    /// # Errors
    /// [`Trouble`].
    fn run(&mut self, number: usize, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done;
}

/// What was wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UsageError<'a> {
    /// There is no such command.
    Unknown(&'a str),
    /// This argument is missing.
    Missing(&'static str),
    /// This word is one too many.
    TooMany(&'a str),
    /// This word is no number.
    NotANumber(&'a str),
    /// This word is no address.
    NotAnAddress(&'a str),
}

impl fmt::Display for UsageError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => write!(out, "there is no command '{word}'; help lists them"),
            Self::Missing(name) => write!(out, "{name} is missing"),
            Self::TooMany(word) => write!(out, "'{word}' is one word too many"),
            Self::NotANumber(word) => write!(out, "'{word}' is no number (decimal, or 0x and hexadecimal)"),
            Self::NotAnAddress(word) => write!(out, "'{word}' is no address (hexadecimal)"),
        }
    }
}

/// The words behind a command's name; they are what the command says that they must be.
#[derive(Clone, Debug, Default)]
pub struct Arguments<'a>(ArrayVec<&'a str, MOST>);

impl<'a> Arguments<'a> {
    /// Checks words against what a command wants.
    pub(super) fn parse(
        wanted: &'static [Argument],
        words: impl Iterator<Item = &'a str>,
    ) -> Result<Self, UsageError<'a>> {
        let mut found = Self::default();
        for word in words {
            let argument = wanted.get(found.0.len()).ok_or(UsageError::TooMany(word))?;
            match argument.kind {
                Kind::Address if parse_address(word).is_none() => return Err(UsageError::NotAnAddress(word)),
                Kind::Number if parse_number(word).is_none() => return Err(UsageError::NotANumber(word)),
                _ => {}
            }
            found.0.try_push(word).map_err(|_| UsageError::TooMany(word))?;
        }
        match wanted.get(found.0.len()) {
            Some(next) if next.need == Need::Required => Err(UsageError::Missing(next.name)),
            _ => Ok(found),
        }
    }

    /// Returns a word.
    #[must_use]
    pub fn word(&self, index: usize) -> Option<&'a str> {
        self.0.get(index).copied()
    }

    /// Returns all words.
    #[must_use]
    pub fn words(&self) -> &[&'a str] {
        &self.0
    }

    /// Returns a word that is a number.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<u64> {
        parse_number(self.word(index)?)
    }

    /// Returns a word that is an address.
    #[must_use]
    pub fn address(&self, index: usize) -> Option<u64> {
        parse_address(self.word(index)?)
    }
}

/// The name of what explains the others.
pub(super) const HELP: &str = "help";

/// What stands before a command that is to answer as JSON.
pub(super) const JSON: &str = "json";

const OF_COMMANDS: Argument = Argument { name: "COMMAND", kind: Kind::Command, need: Need::Optional };

/// What every monitor has without listing it.
static BUILT_IN: [Command; 2] = [
    Command { name: HELP, arguments: &[OF_COMMANDS], summary: "lists the commands, or tells about one" },
    Command {
        name: JSON,
        arguments: &[Argument { need: Need::Required, ..OF_COMMANDS }],
        summary: "has a command answer as one line of JSON, for programs",
    },
];

/// All commands of a monitor.
#[derive(Clone, Copy)]
pub(super) struct Table<'m>(pub(super) &'m dyn Monitor);

impl Table<'_> {
    /// Returns the number of the monitor's command of that name.
    pub(super) fn number(self, name: &str) -> Option<usize> {
        (0..)
            .map_while(|number| self.0.command(number))
            .position(|command| command.name.eq_ignore_ascii_case(name))
    }

    /// Returns the arguments of the command of that name.
    pub(super) fn arguments(self, name: &str) -> Option<&'static [Argument]> {
        self.all().find(|known| known.name.eq_ignore_ascii_case(name)).map(|known| known.arguments)
    }

    /// Returns the names of all commands.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        self.all().map(|command| command.name)
    }

    fn all(self) -> impl Iterator<Item = &'static Command> {
        BUILT_IN.iter().chain((0..).map_while(move |number| self.0.command(number)))
    }

    /// Explains one command, or lists all.
    pub(super) fn help(self, about: Option<&str>, answer: &mut Answer<'_, '_>) -> Outcome {
        const COLUMNS: [Column; 2] = [Column::left("usage", 28), Column::left("summary", 1)];
        let is_wanted = |name: &str| about.is_none_or(|about| about.eq_ignore_ascii_case(name));
        if !self.names().any(is_wanted) {
            return Err(&Trouble::Absent("there is no such command; help lists them"));
        }
        answer.list("commands", &COLUMNS, &mut |list| {
            self.all().filter(|command| is_wanted(command.name)).try_for_each(|command| {
                list.row(&[Value::Text(&Usage(command)), Value::Text(&command.summary)])
            })
        })
    }
}

/// How a command is used: `pte ADDRESS`, `poolused [WORD]`.
struct Usage(&'static Command);

impl fmt::Display for Usage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.name)?;
        self.0.arguments.iter().try_for_each(|Argument { name, need, .. }| match need {
            Need::Required => write!(out, " {name}"),
            Need::Optional => write!(out, " [{name}]"),
        })
    }
}
