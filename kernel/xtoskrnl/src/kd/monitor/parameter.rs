//! The parameter `MONITOR`: a prompt when the checks are done, or with `MONITOR=command,command` the answers to those commands.
//!
//! Blanks inside a command are written `+`: `MONITOR=vm,json+layout,pte+0xfffff80000000000`. An answer in text is
//! shown; one in JSON is a line of its own on the serial line, `XTOS-ANSWER {…}`.

use xtboot::parameters::Parameters;
use xtkd::monitor::{asks_for_json, execute};

use super::context::Context;
use super::terminal::Line;
use super::{Prompt, Work, open};
use crate::kd::{self, log};

/// The longest command.
const BYTES: usize = 120;

/// Does what the parameter asks for, if it is there.
pub(crate) fn answer(parameters: &Parameters<'_>) {
    match parameters.get("MONITOR").map(|parameter| parameter.value) {
        None => {}
        Some(None) => open(&Prompt),
        Some(Some(commands)) => commands.split(',').for_each(|command| open(&Command(command))),
    }
}

/// One command of the parameter.
struct Command<'a>(&'a str);

impl Work for Command<'_> {
    fn run(&self, context: &mut Context) {
        let mut line = arrayvec::ArrayString::<BYTES>::new();
        let blank = |character| if character == '+' { ' ' } else { character };
        if self.0.chars().map(blank).try_for_each(|character| line.try_push(character)).is_err() {
            log!("xtoskrnl: a command of MONITOR is longer than {BYTES} bytes");
            return;
        }
        let mut sink = if asks_for_json(&line) {
            kd::print_record(format_args!("XTOS-ANSWER "));
            Line::RECORDS
        } else {
            log!("xtoskrnl: monitor: {line}");
            Line::SHOWN
        };
        // Whether the monitor would be left makes no difference here.
        let _ = execute(&line, &mut sink, context);
    }
}
