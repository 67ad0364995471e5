//! `pfn FRAME`: what the PFN database knows of a frame, and what the memory map says of it.

use core::fmt::Display;

use xtcore::Frame;
use xtkd::monitor::{Answer, Arguments, Done, Next, Trouble, Value};
use xtmm::frames::Place;

use super::super::context::Context;

pub(crate) fn run(context: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let memory = context.memory()?;
    let frame = Frame::new(arguments.number(0).unwrap_or(0) & (u64::MAX >> 12));
    answer.fact("frame", "PFN", Value::Hex(frame.number()))?;
    answer.fact("physical", "Physical address", Value::Hex(frame.address().get()))?;
    let kind = memory.block().run_of(frame).map(|run| run.kind.name());
    answer.fact("map", "In the memory map", option(&kind))?;
    let Some(entry) = memory.frame_entry(frame) else {
        answer.say("state", format_args!("no entry: nobody has touched the frame, or it is no memory"))?;
        return Ok(Next::Stay);
    };
    answer.fact("state", "State", option(&entry.state()))?;
    answer.fact("owner", "Owner", option(&entry.owner()))?;
    answer.fact("references", "Reference count", Value::Number(entry.references() as u64))?;
    answer.fact("pte", "PTE address", entry.pte().map_or(Value::Nothing, |pte| Value::Address(pte.get())))?;
    answer.fact("sound", "Entry is sound", Value::Flag(entry.is_sound()))?;
    let place = memory.frames().try_place_of(context.pin(), frame);
    let place = place.ok_or(&Trouble::Busy("the frame allocator"))?;
    answer.fact("allocator", "In the frame allocator", Value::Text(&place_name(place)))?;
    Ok(Next::Stay)
}

fn option<T: Display>(value: &Option<T>) -> Value<'_> {
    value.as_ref().map_or(Value::Nothing, |value| Value::Text(value))
}

const fn place_name(place: Place) -> &'static str {
    match place {
        Place::Fresh => "never touched",
        Place::Free => "free",
        Place::Cached => "kept by a processor or in the depot",
        Place::Taken => "taken",
        Place::Unknown => "none of its own",
    }
}
