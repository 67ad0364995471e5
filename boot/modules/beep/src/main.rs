//! Plays a tune on the PC speaker: the setting `Tune` when the module starts, and any other by the command `play`.
//!
//! A tune is GRUB's: a tempo in beats per minute, then pairs of a pitch in hertz (0 is a rest) and a length in beats:
//!
//! ```text
//!   Tune=480 440 4 440 4 440 4 349 3 523 1 440 4 349 3 523 1 440 8
//! ```
//!
//! It is read as a whole before its first note sounds, and bounded: whatever the setting holds, starting takes no longer
//! than [`tune::MAX_LENGTH`]. A machine without a speaker is silent for as long.

#![cfg_attr(target_os = "uefi", no_std, no_main)]

mod port;
mod speaker;
mod tune;

use tune::Tune;
use xtmodule::uefi::{self, Status};
use xtmodule::{Command, Loader};

xtmodule::module! { start: start }

fn start(loader: Loader) -> uefi::Result {
    loader.provide_command::<Play>("play", "TEMPO PITCH LENGTH ...: plays a tune on the PC speaker")?;
    let mut room = [0; tune::MAX_BYTES];
    match loader.setting("Tune", &mut room) {
        Ok(None) => {}
        // A tune that cannot be played is no reason to be without the command.
        Ok(Some(text)) => {
            let _ = play(loader, text);
        }
        Err(error) => loader.print(format_args!(
            "beep: Tune cannot be read ({}); it may have {} bytes",
            error.status(),
            tune::MAX_BYTES
        )),
    }
    Ok(())
}

/// The command `play`.
struct Play;

impl Command for Play {
    fn run(loader: Loader, arguments: &str) -> uefi::Result {
        play(loader, arguments)
    }
}

fn play(loader: Loader, text: &str) -> uefi::Result {
    match Tune::parse(text) {
        Ok(tune) => {
            tune.notes().for_each(|note| speaker::sound(&note));
            Ok(())
        }
        Err(error) => {
            loader.print(format_args!("beep: this is no tune: {error}"));
            Err(Status::INVALID_PARAMETER.into())
        }
    }
}
