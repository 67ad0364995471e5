//! The commands: a table, and what runs them.

mod boot;
mod files;
mod help;
mod memmap;
mod modules;
mod processor;
mod set;

use core::fmt::{self, Write};

use arrayvec::{ArrayString, ArrayVec};

use super::{Host, LINE_BYTES, MAX_WORDS, Memory, Outcome, Words};

/// What a command works with.
struct Context<'s> {
    out: &'s mut dyn Write,
    host: &'s dyn Host,
    memory: &'s mut Memory,
}

/// `None` leads back to the prompt. An error is one of the output: the person has seen enough.
type Result = core::result::Result<Option<Outcome>, fmt::Error>;

/// What may stand behind a command's name, for completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Argument {
    None,
    Command,
    Entry,
    Path,
    Word(&'static str),
}

/// A command.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) argument: Argument,
    /// What stands behind the name, in the notation of manuals.
    usage: &'static str,
    what: &'static str,
    run: fn(&mut Context<'_>, &[&str]) -> Result,
}

macro_rules! commands {
    ($($name:literal $argument:expr, $usage:literal, $run:path, $what:literal;)*) => {
        /// All commands, in the order of `help`.
        pub(super) const COMMANDS: &[Command] =
            &[$(Command { name: $name, argument: $argument, usage: $usage, what: $what, run: $run },)*];
    };
}

commands! {
    "help" Argument::Command, "[COMMAND]", help::help, "lists the commands, or explains one";
    "ver" Argument::None, "", help::ver, "tells the versions of loader and firmware";
    "volumes" Argument::None, "", files::volumes, "lists the volumes";
    "ls" Argument::Path, "[PATH]", files::ls, "lists a folder";
    "cat" Argument::Path, "PATH", files::cat, "shows a file as text";
    "memmap" Argument::None, "", memmap::memmap, "shows the firmware's memory map, and what the kernel will get of it";
    "cpu" Argument::None, "", processor::cpu, "shows the processor, and which paging modes are possible";
    "set" Argument::None, "[KEY[=VALUE]]", set::set, "lists the parameters added to every boot, or adds one";
    "unset" Argument::None, "KEY", set::unset, "takes such a parameter away";
    "lsmod" Argument::None, "", modules::lsmod, "lists the modules";
    "insmod" Argument::None, "NAME", modules::insmod, "loads a module";
    "entries" Argument::None, "", boot::entries, "lists the entries of the menu";
    "boot" Argument::Entry, "[ENTRY] [PARAMETER...]", boot::boot, "boots an entry, by name or number";
    "menu" Argument::None, "", boot::menu, "goes back to the menu";
    "exit" Argument::None, "", boot::menu, "goes back to the menu";
    "reboot" Argument::Word("firmware"), "[firmware]", boot::reboot, "restarts, into the firmware's settings if asked to";
    "poweroff" Argument::None, "", boot::poweroff, "switches the machine off";
}

/// Returns the command of that name.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
}

/// Returns words of a line with a space between each two.
fn joined(words: &[&str]) -> ArrayString<LINE_BYTES> {
    let mut line = ArrayString::new();
    for word in words {
        // They come from a line of that length, and had a space or a quote beside them.
        let _ = line.try_push_str(if line.is_empty() { "" } else { " " });
        let _ = line.try_push_str(word);
    }
    line
}

/// Runs a command that a module provides.
fn by_module(name: &str, arguments: &[&str], out: &mut dyn Write, host: &dyn Host) -> Result {
    match host.run(name, &joined(arguments), out) {
        Some(result) => result?,
        None => writeln!(out, "There is no command {name}. `help` lists those that there are.")?,
    }
    Ok(None)
}

/// Runs a line.
///
/// # Errors
/// Those of `out`.
pub(super) fn run(words: &Words, out: &mut dyn Write, host: &dyn Host, memory: &mut Memory) -> Result {
    let words: ArrayVec<&str, MAX_WORDS> = words.iter().collect();
    let Some((name, arguments)) = words.split_first() else { return Ok(None) };
    let Some(command) = find(name) else {
        return by_module(name, arguments, out, host);
    };
    // The usage says how many: one for each name in it, any number behind dots.
    let limit =
        if command.usage.contains("...") { usize::MAX } else { command.usage.split_whitespace().count() };
    let least = command.usage.split_whitespace().filter(|word| !word.starts_with('[')).count();
    if arguments.len() > limit || arguments.len() < least {
        writeln!(out, "Usage: {} {}", command.name, command.usage)?;
        return Ok(None);
    }
    (command.run)(&mut Context { out, host, memory }, arguments)
}
