//! The shell: looks at the machine before anything is booted.
//!
//! ```text
//!   prompt   ->  a line, edited and completed        (xtterm)
//!   words    ->  its words, quotes undone
//!   commands ->  one table: name, usage, what it does; output a page at a time
//!   host     <-  what the commands need to know, a trait
//! ```
//!
//! Nothing that a command does can leave the shell broken: each works on what it was given, says what is wrong in words,
//! and leads back to the prompt.

mod commands;
mod complete;
mod host;
mod memory;
mod prompt;
mod words;

pub use host::{Host, Module, Volume};
pub use memory::{Memory, ParameterError, SessionParameters};
pub use words::{MAX_WORDS, WordError, Words};

use core::fmt::Write;

use arrayvec::ArrayString;

use crate::console::{Pager, Printer};

/// The most bytes of a line.
pub const LINE_BYTES: usize = 256;

/// Kernel parameters typed behind `boot`.
pub type ExtraParameters = ArrayString<LINE_BYTES>;

/// How the shell was left.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once for a visit to the shell, and there is no heap to box it in"
)]
pub enum Outcome {
    /// Back to the menu.
    Menu,
    /// Boot.
    Boot {
        /// The entry's number among the host's entries.
        entry: usize,
        /// What to append to its parameters, behind those of the session.
        parameters: ExtraParameters,
    },
    /// Restart.
    Reboot,
    /// Restart into the firmware's settings.
    FirmwareSettings,
    /// Power off.
    PowerOff,
}

/// Runs commands until one leads away. `pager` is open while one runs. What `memory` holds is there again the next time.
pub fn run(pager: &Pager<'_>, host: &dyn Host, memory: &mut Memory) -> Outcome {
    let console = pager.console();
    let _ = writeln!(Printer(console), "The shell of XTLDR. `help` lists the commands, `menu` goes back.");
    loop {
        let Some(line) = prompt::read(console, host, &mut memory.history) else { continue };
        let words = match Words::split(&line) {
            Ok(words) => words,
            Err(error) => {
                let _ = writeln!(Printer(console), "{error}");
                continue;
            }
        };
        pager.open();
        let result = commands::run(&words, &mut &*pager, host, memory);
        pager.close();
        // An error means that the person has seen enough of the output.
        if let Ok(Some(outcome)) = result {
            return outcome;
        }
    }
}
