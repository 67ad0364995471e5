//! `crash KIND [cpuN] [@LEVEL]`: commits a crime. While the machine is held it is left to a thread, and the monitor is left for
//! it; after a bug check it is committed here.

use xtcore::RunLevel;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Offer, Outcome, Value};

use super::super::context::{Context, Situation};
use super::super::errand::Errand;
use crate::ex::crime;

/// Offers the crimes.
pub(crate) fn kinds(offer: &mut Offer<'_>) {
    crime::all().for_each(|(name, _)| offer(name));
}

/// Offers the run levels.
pub(crate) fn levels(offer: &mut Offer<'_>) {
    for level in RunLevel::ALL {
        let mut word = arrayvec::ArrayString::<16>::from("@").unwrap_or_default();
        if word.try_push_str(level.name()).is_ok() {
            offer(&word);
        }
    }
}

pub(crate) fn run(context: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    if arguments.words().is_empty() {
        list(answer)?;
        return Ok(Next::Stay);
    }
    let words = arguments.words().iter().map(|word| word.strip_prefix('@').unwrap_or(word));
    let wish = match crime::Wish::parse(words) {
        Ok(wish) => wish,
        Err(error) => {
            answer.say("error", format_args!("{error}"))?;
            return Ok(Next::Stay);
        }
    };
    let memory = context.memory()?;
    match context.situation() {
        Situation::Held => {
            answer.say("deferred", format_args!("{wish}: by a thread, as the machine goes on"))?;
            context.leave(Errand::Crime(wish));
            Ok(Next::Leave)
        }
        Situation::Stopped => {
            answer.say("here", format_args!("{wish}: here and now, the system has stopped"))?;
            wish.commit_here(memory);
            Ok(Next::Stay)
        }
    }
}

fn list(answer: &mut Answer<'_, '_>) -> Outcome {
    const COLUMNS: [Column; 2] = [Column::left("kind", 20), Column::left("deed", 1)];
    answer.list("crimes", &COLUMNS, &mut |list| {
        crime::all().try_for_each(|(name, deed)| list.row(&[Value::Text(&name), Value::Text(&deed)]))
    })
}
