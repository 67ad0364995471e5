//! `layout`: the regions of the kernel's addresses, and how much of each has memory or shows a device.

use xtcore::VirtRange;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Value};

use super::super::context::Context;
use crate::ar::cpu::ARCHITECTURE;
use crate::ar::image;
use crate::mm::look;

/// Cost: a look at each page that is there, and at each table that is not.
pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const COLUMNS: [Column; 4] = [
        Column::address("start"),
        Column::address("end"),
        Column::right("used", 12),
        Column::left("name", 1),
    ];
    let memory = context.memory()?;
    let layout = memory.layout();
    let mode = layout.mode();
    answer.fact("arch", "Architecture", Value::Text(&ARCHITECTURE.name()))?;
    answer.fact("mode", "Paging mode", Value::Text(&mode.name()))?;
    answer.fact(
        "virtual_bits",
        "Bits of an address",
        Value::Number(mode.geometry().virtual_bits().into()),
    )?;
    answer.fact("slide", "The image was moved by", Value::Hex(image::slide()))?;
    answer.list("regions", &COLUMNS, &mut |list| {
        layout.regions().iter().try_for_each(|region| {
            let (range, name) = (region.range, region.kind.name());
            list.row(&[
                Value::Address(range.start().get()),
                Value::Address(range.end().get()),
                Value::Bytes(used(range)),
                Value::Text(&name),
            ])
        })
    })?;
    Ok(Next::Stay)
}

/// Returns how many bytes of a range are there.
fn used(range: VirtRange) -> u64 {
    look::pages(range).map(VirtRange::bytes).sum()
}
