//! What there is, and which version of it.

use super::{COMMANDS, Context, Result, find};

pub(super) fn help(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let Some(name) = arguments.first() else {
        for command in COMMANDS {
            writeln!(out, "  {:9} {}", command.name, command.what)?;
        }
        let mut listed = Ok(());
        host.commands(&mut |name, what| {
            listed = listed.and_then(|()| writeln!(out, "  {name:9} {what} (a module's)"));
        });
        listed?;
        writeln!(out, "Tab completes, the arrows call up earlier lines. \"Quotes\" hold words together.")?;
        return Ok(None);
    };
    match find(name) {
        Some(command) => {
            writeln!(out, "{} {}", command.name, command.usage)?;
            writeln!(out, "  {}", command.what)?;
        }
        None => {
            let mut listed = None;
            host.commands(&mut |provided, what| {
                if provided.eq_ignore_ascii_case(name) {
                    listed = Some(writeln!(out, "{provided}\n  {what} (a module's)"));
                }
            });
            match listed {
                Some(result) => result?,
                None => writeln!(out, "There is no command {name}.")?,
            }
        }
    }
    Ok(None)
}

pub(super) fn ver(context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let maker = host.firmware().describe();
    let (major, minor) = maker.uefi;
    writeln!(out, "XTLDR {} ({})", env!("CARGO_PKG_VERSION"), host.processor().architecture.name())?;
    writeln!(out, "Firmware {}, revision {:#x}, UEFI {major}.{minor}", maker.vendor, maker.revision)?;
    Ok(None)
}
