//! `log [LINES]`: the last lines of the log.

use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Value};

use super::super::context::Context;
use crate::kd;

/// Lines unless somebody wants more.
const USUAL: u64 = 20;

/// The most lines.
const MOST: u64 = 200;

/// The longest line that is shown whole.
const LINE: usize = 160;

pub(crate) fn run(_: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const COLUMNS: [Column; 1] = [Column::left("line", 1)];
    let count = arguments.number(0).unwrap_or(USUAL).min(MOST);
    answer.list("lines", &COLUMNS, &mut |list| {
        (0..count).rev().try_for_each(|back| {
            // The ring is let go before the line is shown: the screen is behind the same lock.
            match kd::line_of_log::<LINE>(back as usize) {
                Some(line) => list.row(&[Value::Text(&line)]),
                None => Ok(()),
            }
        })
    })?;
    Ok(Next::Stay)
}
