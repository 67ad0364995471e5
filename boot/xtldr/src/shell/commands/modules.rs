//! Boot modules.

use super::{Context, Result};

pub(super) fn lsmod(context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let mut result = Ok(());
    let mut count = 0_usize;
    host.modules(&mut |module| {
        count += 1;
        if result.is_ok() {
            result = writeln!(out, "  {:12} {:8} {}", module.name, module.version, module.description);
        }
    });
    result?;
    if count == 0 {
        writeln!(out, "No module is loaded.")?;
    }
    Ok(None)
}

pub(super) fn insmod(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    for name in arguments {
        context.host.insert_module(name, context.out)?;
    }
    Ok(None)
}
