//! `pool ADDRESS`: the block that an address belongs to, and its neighbours, as WinDbg's `!pool`.

use xtcore::VirtAddr;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Value};
use xtmm::pool::{Described, Description, Holder, State, Unknown};

use super::super::context::Context;
use super::POOLS;
use crate::mm::look;

const COLUMNS: [Column; 7] = [
    Column::left("which", 6),
    Column::address("start"),
    Column::right("room", 8),
    Column::right("size", 8),
    Column::left("state", 5),
    Column::left("tag", 4),
    Column::left("behind", 1),
];

pub(crate) fn run(context: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let memory = context.memory()?;
    let address = VirtAddr::new(arguments.address(0).unwrap_or(0));
    let mut unknown = Unknown::Elsewhere;
    for (name, kind) in POOLS {
        match memory.pool(kind).raw().describe(address, &look::is_there) {
            Ok(found) => return tell(address, name, &found, answer),
            Err(Unknown::Elsewhere) => {}
            Err(why) => {
                answer.fact("pool", "Pool", Value::Text(&name))?;
                unknown = why;
            }
        }
    }
    answer.say("unknown", format_args!("{unknown}"))?;
    Ok(Next::Stay)
}

fn tell(address: VirtAddr, pool: &str, found: &Description, answer: &mut Answer<'_, '_>) -> Done {
    answer.fact("pool", "Pool", Value::Text(&pool))?;
    let inside = address.bytes_since(found.block.start).unwrap_or(0);
    answer.fact("offset", "Bytes into the block", Value::Number(inside))?;
    let (holder, pages) = match found.holder {
        Holder::Slab { pages, .. } => ("slab", pages),
        Holder::Whole(pages) => ("pages of its own", pages),
        Holder::Special(pages) => ("special pool", pages),
    };
    answer.fact("holder", "Part of", Value::Text(&holder))?;
    answer.fact("pages", "  from", Value::Address(pages.start().get()))?;
    answer.fact("pages_bytes", "  bytes", Value::Bytes(pages.bytes()))?;
    if let Holder::Slab { number, places, free, .. } = found.holder {
        answer.fact("place", "  place", Value::Number(number.into()))?;
        answer.fact("places", "  of", Value::Number(places.into()))?;
        answer.fact("free_places", "  free and kept by nobody", Value::Number(free.into()))?;
    }
    answer.list("blocks", &COLUMNS, &mut |list| {
        let blocks = [("before", found.before), ("here", Some(found.block)), ("after", found.after)];
        blocks.into_iter().try_for_each(|(which, block)| {
            let Some(Described { start, room, size, state, behind }) = block else { return Ok(()) };
            let (state, tag) = match &state {
                State::Used(tag) => ("used", Value::Text(tag)),
                State::Free => ("free", Value::Nothing),
            };
            list.row(&[
                Value::Text(&which),
                Value::Address(start.get()),
                Value::Number(room),
                size.map_or(Value::Nothing, Value::Number),
                Value::Text(&state),
                tag,
                Value::Text(&behind),
            ])
        })
    })?;
    Ok(Next::Stay)
}
