//! `audit`: the page tables, the PFN database and the frame allocator, compared as at the end of a boot.
//!
//! The machine stands in the middle of what it did. A frame that is on its way from the allocator to its owner, or back, counts
//! as a fault here; on an idle machine there is none.

use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Trouble, Value};

use super::super::context::Context;
use crate::mm::look;

pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let (memory, pin) = (context.memory()?, context.pin());
    let tables = memory.space().try_inspect(pin, look::audit).ok_or(&Trouble::Busy("the page tables"))?;
    for (name, label, count) in [
        ("tables", "Page tables", tables.tables),
        ("leaves", "Entries of pages", tables.leaves),
        ("pages", "Pages of 4 KiB", tables.pages),
        ("writable_executable", "Writable and executable", tables.writable_executable),
        ("frames_writable_and_executable", "  by two addresses", tables.frames_writable_and_executable),
        ("reserved_bits", "Reserved bits set", tables.reserved_bits),
        ("miscounted", "Tables miscounted", tables.miscounted),
    ] {
        answer.fact(name, label, Value::Number(count))?;
    }
    let frames =
        memory.try_audit_frames(pin).ok_or(&Trouble::Busy("the page tables or the frame allocator"))?;
    for (name, label, count) in [
        ("entries", "Entries of frames", frames.entries),
        ("mapped", "Mappings of frames", frames.mapped),
        ("table_frames", "Frames of tables", frames.tables),
        ("faults", "Faults", frames.faults),
    ] {
        answer.fact(name, label, Value::Number(count))?;
    }
    if frames.faults > 0 {
        answer.list("first", &[Column::left("fault", 1)], &mut |list| {
            frames.first.iter().try_for_each(|fault| list.row(&[Value::Text(&format_args!("{fault:?}"))]))
        })?;
    }
    Ok(Next::Stay)
}
