//! `bench`: measures what the kernel's operations cost; by a thread, because they need a machine that runs.

use xtkd::monitor::{Answer, Arguments, Done, Next, Trouble};

use super::super::context::{Context, Situation};
use super::super::errand::Errand;

pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    if context.situation() == Situation::Stopped {
        return Err(&Trouble::Absent("the system has stopped: nothing can be measured"));
    }
    context.leave(Errand::Bench);
    answer.say("deferred", format_args!("a thread measures and tells when the machine goes on"))?;
    Ok(Next::Stay)
}
