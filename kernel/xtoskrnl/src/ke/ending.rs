//! How a run ends, as the user asked for it: by the emulator's exit device, by switching off, or by waiting.

use spin::Once;
use xtboot::parameters::Parameters;

use crate::ar::control;
use crate::hl::acpi;
use crate::hl::power::{self, Verdict};
use crate::kd::log;

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

/// Ends the run, and says why the machine is still on when it is.
pub(crate) fn end(verdict: Verdict) -> ! {
    if let Some(why) = leave(verdict) {
        log!("xtoskrnl: {why}; the processor stops");
    }
    control::stop()
}

/// Ends the run without a word, for those who cannot print.
pub(crate) fn end_silently(verdict: Verdict) -> ! {
    let _ = leave(verdict);
    control::stop()
}

/// Leaves the machine if the user asked for it. Returns when that did not work, with the reason, or when nobody asked.
fn leave(verdict: Verdict) -> Option<&'static str> {
    let ending = ENDING.get().filter(|ending| ending.exit)?;
    if let Some(port) = ending.port {
        power::tell_emulator(port, verdict);
    }
    match acpi::platform().map(|platform| &platform.soft_off) {
        Some(Some(how)) => power::switch_off(how),
        Some(None) => return Some("the ACPI tables do not tell how to switch off"),
        None => {
            return Some("the end came before the ACPI tables were read, so nothing tells how to switch off");
        }
    }
    Some("the machine did not switch off")
}
