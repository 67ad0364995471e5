//! The ways out of the shell.

use super::{Context, Result, joined};
use crate::menu::{Entries, FirmwareSettings};
use crate::shell::Outcome;

pub(super) fn entries(context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let entries = host.entries();
    for index in 0..entries.len() {
        let mark = if index == host.default_entry() { '*' } else { ' ' };
        writeln!(out, "{mark}{:3}  {:16} {}", index + 1, entries.name(index), entries.title(index))?;
        if let Some(note) = entries.note(index) {
            writeln!(out, "      cannot boot: {note}")?;
        }
    }
    Ok(None)
}

pub(super) fn boot(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let entries = host.entries();
    let (entry, words) = match arguments.split_first() {
        None => (host.default_entry(), arguments),
        Some((first, rest)) => match find(entries, first) {
            Some(entry) => (entry, rest),
            None if first.contains('=') => (host.default_entry(), arguments),
            None => {
                writeln!(out, "There is no entry {first}. `entries` lists those that there are.")?;
                return Ok(None);
            }
        },
    };
    if entry >= entries.len() {
        writeln!(out, "There is no entry to boot.")?;
        return Ok(None);
    }
    if let Some(note) = entries.note(entry) {
        writeln!(out, "{} cannot boot: {note}", entries.name(entry))?;
        return Ok(None);
    }
    Ok(Some(Outcome::Boot { entry, parameters: joined(words) }))
}

/// Finds an entry by its name, else by its number as `entries` counts.
fn find(entries: &dyn Entries, name: &str) -> Option<usize> {
    let by_name = (0..entries.len()).find(|index| entries.name(*index).eq_ignore_ascii_case(name));
    by_name.or_else(|| name.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < entries.len()))
}

pub(super) fn menu(_context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    Ok(Some(Outcome::Menu))
}

pub(super) fn reboot(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    match arguments.first() {
        None => return Ok(Some(Outcome::Reboot)),
        Some(target) if !target.eq_ignore_ascii_case("firmware") => {
            writeln!(out, "`reboot` goes nowhere but to `firmware`.")?;
        }
        Some(_) if host.firmware_settings() == FirmwareSettings::Missing => {
            writeln!(out, "This firmware cannot be told to show its settings.")?;
        }
        Some(_) => return Ok(Some(Outcome::FirmwareSettings)),
    }
    Ok(None)
}

pub(super) fn poweroff(_context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    Ok(Some(Outcome::PowerOff))
}
