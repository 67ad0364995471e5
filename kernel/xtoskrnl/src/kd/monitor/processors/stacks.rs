//! `stacks`: the stacks, where each lies, and how much of it was ever used.
//!
//! A stack has zeros in it where nothing was pushed yet, so the lowest word that is none tells how deep it was. What an earlier
//! thread left on a stack that was used again counts, too.
#![allow(unsafe_code, reason = "stacks are read")]

use core::fmt::Display;

use xtcore::VirtRange;
use xtkd::monitor::{Answer, Arguments, Column, Done, List, Next, Outcome, Trouble, Value};

use super::super::context::Context;
use super::threads;
use crate::ke::stacks::{self, Name};
use crate::mm::look;

const COLUMNS: [Column; 5] = [
    Column::address("start"),
    Column::address("end"),
    Column::right("bytes", 8),
    Column::right("deepest", 8),
    Column::left("name", 1),
];

/// Bytes of a word.
const WORD: u64 = size_of::<usize>() as u64;

pub(crate) fn run(_: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    answer.list("stacks", &COLUMNS, &mut |list| {
        stacks::fixed().try_for_each(|stack| row(list, stack.pages, &stack.name))?;
        threads::each_with_stack(|thread, stack| row(list, stack, &Name::of_thread(thread.name())))
            .map_err(|_| &Trouble::Busy("the ledger of threads"))?
    })?;
    Ok(Next::Stay)
}

fn row(list: &mut List<'_, '_>, pages: VirtRange, name: &dyn Display) -> Outcome {
    list.row(&[
        Value::Address(pages.start().get()),
        Value::Address(pages.end().get()),
        Value::Bytes(pages.bytes()),
        deepest(pages).map_or(Value::Nothing, Value::Number),
        Value::Text(name),
    ])
}

/// Returns how many bytes of a stack were used at most, if it can be read.
fn deepest(pages: VirtRange) -> Option<u64> {
    if !look::is_there(pages) {
        return None;
    }
    let words = pages.bytes() / WORD;
    let untouched = (0..words).take_while(|word| {
        let address = pages.start().get() + word * WORD;
        // The cast keeps every bit that an address of this architecture has.
        let word = core::ptr::with_exposed_provenance::<usize>(address as usize);
        // SAFETY: the word lies in pages that are there. Volatile: it is the stack of code that the compiler knows.
        unsafe { word.read_volatile() == 0 }
    });
    Some(pages.bytes() - untouched.count() as u64 * WORD)
}
