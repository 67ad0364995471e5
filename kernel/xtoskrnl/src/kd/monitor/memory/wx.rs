//! `wx`: pages that are writable and executable. There must be none.

use core::ops::ControlFlow;

use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Trouble, Value};
use xtpaging::walk::SelfMapPolicy;

use super::super::context::Context;
use crate::mm::look::each_page;

pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const COLUMNS: [Column; 3] =
        [Column::address("address"), Column::right("pfn", 9), Column::right("bytes", 8)];
    let memory = context.memory()?;
    let mut count = 0_u64;
    answer.list("pages", &COLUMNS, &mut |list| {
        let mut outcome = Ok(());
        let looked = memory.space().try_inspect(context.pin(), |space, tables| {
            each_page(space, tables, SelfMapPolicy::Skip, &mut |leaf| {
                if leaf.rights.write && leaf.rights.execute {
                    count += 1;
                    outcome = list.row(&[
                        Value::Address(leaf.address.get()),
                        Value::Hex(leaf.frame.number()),
                        Value::Bytes(space.geometry().page_bytes(leaf.level)),
                    ]);
                }
                if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        });
        looked.ok_or(&Trouble::Busy("the page tables"))?;
        outcome
    })?;
    answer.fact("count", "Writable and executable", Value::Number(count))?;
    Ok(Next::Stay)
}
