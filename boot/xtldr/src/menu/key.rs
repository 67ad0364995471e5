//! What the keys of the menu do: one table for pressing, footer and help.

use xtterm::key::Key;

use super::FirmwareSettings;

/// What a key asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command {
    Boot,
    Edit,
    Shell,
    Help,
    FirmwareSettings,
    Reboot,
    PowerOff,
}

/// A command's keys and words. Every command has a letter or a key that the poorest terminal has.
pub(super) struct Binding {
    pub(super) command: Command,
    keys: &'static [Key],
    /// The keys as the footer names them.
    pub(super) name: &'static str,
    /// One word or two.
    pub(super) label: &'static str,
    /// A sentence.
    pub(super) help: &'static str,
}

pub(super) const BINDINGS: [Binding; 7] = [
    Binding {
        command: Command::Boot,
        keys: &[Key::Enter, Key::Right],
        name: "Enter",
        label: "boot",
        help: "Boots the selected entry; so does the arrow to the right.",
    },
    Binding {
        command: Command::Edit,
        keys: &[Key::Char('e')],
        name: "e",
        label: "edit",
        help: "Edits the selected entry for one boot.",
    },
    Binding {
        command: Command::Shell,
        keys: &[Key::Char('s')],
        name: "s",
        label: "shell",
        help: "Starts the shell: files, memory map, processor, modules.",
    },
    Binding {
        command: Command::Help,
        keys: &[Key::F(1), Key::Char('h'), Key::Char('?')],
        name: "F1/h",
        label: "help",
        help: "Shows this page.",
    },
    Binding {
        command: Command::FirmwareSettings,
        keys: &[Key::F(10), Key::Char('f')],
        name: "F10/f",
        label: "firmware settings",
        help: "Restarts into the settings of the firmware.",
    },
    Binding {
        command: Command::Reboot,
        keys: &[Key::F(11), Key::Char('r')],
        name: "F11/r",
        label: "reboot",
        help: "Restarts the machine.",
    },
    Binding {
        command: Command::PowerOff,
        keys: &[Key::F(12), Key::Char('p')],
        name: "F12/p",
        label: "power off",
        help: "Switches the machine off.",
    },
];

/// Returns the bindings that there are on this machine.
pub(super) fn bindings(settings: FirmwareSettings) -> impl Iterator<Item = &'static Binding> {
    let offered = move |binding: &&Binding| {
        binding.command != Command::FirmwareSettings || settings == FirmwareSettings::Offered
    };
    BINDINGS.iter().filter(offered)
}

/// Returns what a key asks for. Capitals are letters too.
pub(super) fn command(key: Key, settings: FirmwareSettings) -> Option<Command> {
    let key = match key {
        Key::Char(letter) => Key::Char(letter.to_ascii_lowercase()),
        other => other,
    };
    bindings(settings).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}
