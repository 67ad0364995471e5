//! How a run ends, as the user asked for it: by the emulator's exit device, by switching off, or by waiting for somebody who
//! looks: after a bug check in the monitor, else at the key that opens it.
#![allow(unsafe_code, reason = "whoever ends never goes on")]

use spin::Once;
use xtboot::parameters::Parameters;
use xtke::RunLevel;
use xtke::platform::Parking;

use crate::ar::control;
use crate::hl::acpi;
use crate::hl::power::{self, Verdict};
use crate::kd::{self, log, monitor};
use crate::ke::threads::{self, Kernel};
use crate::ke::{bugcheck, processor, processors};

/// What the user asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    /// `EXIT`: end after the checks, and after a bug check.
    exit: bool,
    /// `DEBUGEXIT=port`.
    port: Option<u16>,
}

static ENDING: Once<Ending> = Once::new();

/// Records the user's wish; the first call counts. Until then, the end is to stop.
pub(crate) fn arrange(parameters: &Parameters<'_>) {
    ENDING.call_once(|| Ending {
        exit: parameters.has("EXIT"),
        port: parameters.number("DEBUGEXIT").and_then(|port| u16::try_from(port).ok()),
    });
}

/// Ends the run, and says why the machine is still on when it is. Where the user did not ask for an end, a bug check leads to the
/// monitor, and a thread of a machine that runs rests for good.
pub(crate) fn end(verdict: Verdict) -> ! {
    match leave(verdict) {
        Err(NotAsked) if processors::is_stopping() => {
            bugcheck::settle();
            // SAFETY: this function does not return, and no thread is switched to and no interrupt taken on a processor that stops.
            unsafe { monitor::open_stopped() };
        }
        Err(NotAsked) => rest(),
        Ok(why) => log!("xtoskrnl: {why}; the processor stops"),
    }
    control::stop()
}

/// Lets everybody else go on for good. Returns where there are no threads.
fn rest() {
    if kd::has_typist() {
        log!("xtoskrnl: nothing more to do yet; the machine waits, {} opens the monitor", monitor::KEY_NAME);
    } else {
        log!("xtoskrnl: nothing more to do yet; the machine waits");
    }
    while threads::running().is_some() && processor::run_level() == RunLevel::Passive {
        Kernel::park();
    }
}

/// The user did not ask for an end.
struct NotAsked;

/// Ends the run without a word, for those who cannot print.
pub(crate) fn end_silently(verdict: Verdict) -> ! {
    let _ = leave(verdict);
    control::stop()
}

/// Leaves the machine if the user asked for it. Returns when that did not work, with the reason.
fn leave(verdict: Verdict) -> Result<&'static str, NotAsked> {
    let ending = ENDING.get().filter(|ending| ending.exit).ok_or(NotAsked)?;
    if let Some(port) = ending.port {
        power::tell_emulator(port, verdict);
    }
    match acpi::platform().map(|platform| &platform.soft_off) {
        Some(Some(how)) => power::switch_off(how),
        Some(None) => return Ok("the ACPI tables do not tell how to switch off"),
        None => {
            return Ok("the end came before the ACPI tables were read, so nothing tells how to switch off");
        }
    }
    Ok("the machine did not switch off")
}
