//! `go`, `reboot` and `poweroff`: how the monitor is left.

use xtkd::monitor::{Answer, Arguments, Done, Next, Trouble};

use super::super::context::{Context, Situation};
use crate::hl::{acpi, power};

pub(crate) fn go(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    if context.situation() == Situation::Stopped {
        return Err(&Trouble::Absent("the system has stopped: there is nothing to go on with"));
    }
    answer.say("going", format_args!("the machine goes on"))?;
    Ok(Next::Leave)
}

pub(crate) fn reboot(_: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    answer.say("restarting", format_args!("the machine restarts"))?;
    power::restart(acpi::platform().and_then(|platform| platform.fixed.reset));
    Err(&Trouble::Absent("the machine did not restart"))
}

pub(crate) fn power_off(_: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let Some(how) = acpi::platform().and_then(|platform| platform.soft_off.as_ref()) else {
        return Err(&Trouble::Absent("the ACPI tables do not tell how to switch off"));
    };
    answer.say("off", format_args!("the machine is switched off"))?;
    power::switch_off(how);
    Err(&Trouble::Absent("the machine did not switch off"))
}
