//! Parameters for the rest of the session.

use super::{Context, Result};

pub(super) fn set(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, memory, .. } = context;
    match arguments.first() {
        Some(parameter) => {
            if let Err(error) = memory.parameters.set(parameter) {
                writeln!(out, "{parameter} is not set: {error}")?;
            }
        }
        None if memory.parameters.text().is_empty() => writeln!(out, "Nothing is set.")?,
        None => {
            for parameter in memory.parameters.text().split(' ') {
                writeln!(out, "  {parameter}")?;
            }
        }
    }
    Ok(None)
}

pub(super) fn unset(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, memory, .. } = context;
    if let Some(key) = arguments.first()
        && !memory.parameters.unset(key)
    {
        writeln!(out, "{key} was not set.")?;
    }
    Ok(None)
}
