//! The boot menu: which system to start, and what else can be done before.
//!
//! ```text
//!                              XTLDR 0.1.0 (amd64)
//!
//!   ┌─ Boot ──────────────────────────────────────────┐
//!   │ > XTOS                                          │   the arrows move, Enter boots
//!   │   Another system (cannot boot)                  │   shown, and why is said below
//!   └─────────────────────────────────────────────────┘
//!   Boots XTOS in 5 s; any key stops the countdown.       what there is to know
//!   Enter boot   e edit   s shell   F1/h help             every key, those of serial terminals too
//! ```
//!
//! The menu draws a whole page after every key and leaves it to the console to send what has changed. It decides
//! nothing: what was chosen is returned, and whoever called does it and may show the menu again.

mod edit;
mod help;
mod key;
mod note;
mod page;

pub use edit::{EditOutcome, Field, FieldValue, edit};
pub use note::{Note, note};

use xtterm::draw::List;

use crate::console::{Console, Wait};
use key::Command;

/// Where the menu's entries come from.
pub trait Entries {
    /// Returns how many there are.
    fn len(&self) -> usize;

    /// Tells whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the short name of an entry, which the shell knows it by.
    fn name(&self, index: usize) -> &str;

    /// Returns what to call an entry.
    fn title(&self, index: usize) -> &str;

    /// Returns why an entry cannot be booted as it is, or `None` where nothing speaks against it.
    fn note(&self, index: usize) -> Option<Note>;
}

/// Whether the firmware has settings that it can be told to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FirmwareSettings {
    /// It has.
    Offered,
    /// It has none, or cannot be told.
    Missing,
}

/// What the menu shows.
pub struct View<'a> {
    /// The uppermost line.
    pub heading: &'a str,
    /// The entries.
    pub entries: &'a dyn Entries,
    /// The entry that is selected; kept up to date.
    pub selected: usize,
    /// Seconds until the selected entry boots by itself; `None` once a key has stopped it.
    pub countdown: Option<u32>,
    /// What went wrong before, for instance with the last boot.
    pub message: Option<&'a str>,
    /// Whether there is a way to the firmware's settings.
    pub firmware_settings: FirmwareSettings,
}

/// What was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Boot this entry.
    Boot(usize),
    /// Edit this entry, which may be one that cannot be booted as it is.
    Edit(usize),
    /// Start the shell.
    Shell,
    /// Restart into the firmware's settings.
    FirmwareSettings,
    /// Restart.
    Reboot,
    /// Power off.
    PowerOff,
}

/// Shows the menu until something is chosen. An entry with a note is never chosen for booting.
pub fn show(console: &dyn Console, view: &mut View<'_>) -> Outcome {
    let mut list = List::new(view.entries.len(), view.selected);
    loop {
        view.selected = list.selected();
        let bootable = view.selected < view.entries.len() && view.entries.note(view.selected).is_none();
        if !bootable {
            view.countdown = None;
        }
        console.page(&mut |surface| page::draw(surface, view, &mut list));
        let wait = match view.countdown {
            None => Wait::Forever,
            Some(0) => return Outcome::Boot(view.selected),
            Some(_) => Wait::Milliseconds(1000),
        };
        let Some(pressed) = console.key(wait) else {
            view.countdown = view.countdown.map(|seconds| seconds.saturating_sub(1));
            continue;
        };
        view.countdown = None;
        if list.press(pressed, page::list_rows(console.size())) {
            continue;
        }
        match key::command(pressed, view.firmware_settings) {
            Some(Command::Boot) if bootable => return Outcome::Boot(view.selected),
            Some(Command::Edit) if !view.entries.is_empty() => return Outcome::Edit(view.selected),
            Some(Command::Help) => help::show(console, view.firmware_settings),
            Some(Command::Shell) => return Outcome::Shell,
            Some(Command::FirmwareSettings) => return Outcome::FirmwareSettings,
            Some(Command::Reboot) => return Outcome::Reboot,
            Some(Command::PowerOff) => return Outcome::PowerOff,
            Some(Command::Boot | Command::Edit) | None => {}
        }
    }
}
