//! The way through the loader: from the firmware's call to a system that runs, and back to the menu when it doesn't.
//!
//! ```text
//!   entries    the configuration as menu and shell show it
//!   host       what the shell's commands look at
//!   around     what modules ask for, and where their lines go
//!   start      an entry, its modules, its system
//! ```
//!
//! Whatever goes wrong is told where it happens, on every place that the loader's lines go to, and stands in the menu
//! when that comes up. Three things end a session: a system that was started, a person who wants to leave, and the
//! parameter EXIT of an entry that could not be started.
#![allow(
    clippy::result_large_err,
    clippy::large_enum_variant,
    reason = "what the menu says next is carried to it, and there is no heap to put it on"
)]

mod around;
mod entries;
mod host;
mod start;

use xtpaging::processor::{Cpuid, Processor};

use crate::boot::{self, BootError, Pause, Ready};
use crate::config::{
    self, CommandLine, Configuration, DebugLines, MAX_OPTIONS_BYTES, MAX_REMEMBERED_BYTES, Options,
    Preselection, Settings, Timeout, last_boot,
};
use crate::console::{Console, Pager, Wait};
use crate::firmware::{Firmware, Status};
use crate::menu::{self, EditOutcome, Entries as _, FirmwareSettings, Note, View, note};
use crate::modules::{ModuleLoader, ModuleSystem};
use crate::volume::Variables;
use crate::{report, shell, trust};
use around::Around;
use entries::Listed;
use host::Host;
use start::{Back, Order};

/// Everything that a session is held with.
#[derive(Clone, Copy)]
pub struct Machine<'m> {
    /// The firmware.
    pub firmware: &'m dyn Firmware,
    /// Its memory from one boot to the next.
    pub variables: &'m dyn Variables,
    /// What it was told to tell the loader.
    pub command_line: &'m dyn CommandLine,
    /// Whether it can be told to show its settings.
    pub firmware_settings: FirmwareSettings,
    /// Where the loader's lines go.
    pub lines: &'m dyn DebugLines,
    /// Screen and keyboard.
    pub console: &'m dyn Console,
    /// Boot modules.
    pub modules: &'m dyn ModuleSystem,
    /// What the processor can do.
    pub processor: &'m Processor,
    /// The processor's own words.
    pub cpuid: &'m dyn Cpuid,
    /// The ways that lead nowhere back.
    pub gone: &'m dyn Gone,
    /// The processor's clock at the loader's entry.
    pub start: u64,
}

/// The ways on which nothing of the loader is left.
pub trait Gone {
    /// Enters the kernel. Boot services are gone, so nobody may return, free, or print to the firmware's console.
    fn enter(&self, ready: &Ready) -> !;

    /// Resets the machine, once the last message could be read. Boot services are gone here too.
    fn reset(&self, pause: Pause) -> !;

    /// Restarts into the firmware's settings. Returns the firmware's status where it does not take the order; nothing has
    /// changed then.
    fn show_firmware_settings(&self) -> Status;
}

/// How a session ends that did not start a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "somebody must go there"]
pub enum Leave {
    /// Back to the firmware, which may try another system.
    Firmware,
    /// Restart.
    Reboot,
    /// Power off.
    PowerOff,
}

/// Holds a session.
pub fn run(machine: &Machine<'_>) -> Leave {
    // The firmware resets a machine that stays in an application for five minutes; a waiting user is no reason to.
    machine.firmware.set_watchdog(0);
    report::greet(machine.firmware, machine.processor);
    let (mut raw, mut text) = ([0; MAX_OPTIONS_BYTES], [0; MAX_OPTIONS_BYTES]);
    let given = machine.command_line.load_options(&mut raw);
    let options = Options::decode(raw.get(..given).unwrap_or_default(), &mut text);
    let refused = |error: &BootError<'_>| {
        report::refuse(machine.firmware, error);
        hold(machine, None, &options, Some(note(error)))
    };
    let (path, file) = match boot::configuration(machine.firmware, machine.processor.architecture) {
        Ok(found) => found,
        Err(error) => return refused(&error),
    };
    if let Err(error) = trust::measure_configuration(machine.firmware, file.bytes()) {
        return refused(&BootError::Trust(error));
    }
    let mut room = match boot::room(machine.firmware, config::room(file.bytes())) {
        Ok(room) => room,
        Err(error) => return refused(&error),
    };
    let into = room.as_mut().map_or(&mut [][..], |pages| pages.bytes_mut());
    match Configuration::read(path, file.bytes(), into) {
        Ok(configuration) => hold(machine, Some(configuration), &options, None),
        Err(error) => refused(&BootError::Configuration(error)),
    }
}

/// Reads the settings, tells what is wrong with them, makes the loader one that has modules, and goes on from there.
fn hold(
    machine: &Machine<'_>,
    configuration: Option<Configuration<'_>>,
    options: &Options<'_>,
    message: Option<Note>,
) -> Leave {
    let firmware = machine.firmware;
    let mut problems = Problems::default();
    let settings = match configuration {
        Some(read) => read.settings(options),
        None => Settings::without_configuration(options, &mut |problem| problems.tell(firmware, problem)),
    };
    machine.lines.send_to(&settings.debug, &mut |port| {
        report::warn(firmware, &format_args!("nothing answers at {port}"))
    });
    if let Some(read) = configuration {
        report::configuration(firmware, read.path());
        read.problems(&mut |problem| problems.tell(firmware, problem));
        read.option_problems(options, &mut |problem| problems.tell(firmware, problem));
    }
    let message = message.or_else(|| problems.message());
    let mut outcome = Leave::Firmware;
    let pager = Pager::new(machine.console);
    let around = Around { configuration, options, firmware, pager: &pager };
    machine.modules.with(&around, &mut |modules| {
        let mut session = Session {
            machine,
            modules,
            pager: &pager,
            entries: Listed::new(configuration),
            settings: &settings,
            memory: shell::Memory::default(),
            selected: 0,
        };
        outcome = session.hold(message);
    });
    outcome
}

/// What is wrong with configuration and command line: the first thing stays readable when the menu has come up.
#[derive(Default)]
struct Problems {
    first: Option<Note>,
    others: usize,
}

impl Problems {
    fn tell(&mut self, firmware: &dyn Firmware, problem: &config::Problem<'_>) {
        report::warn(firmware, problem);
        match &self.first {
            None => self.first = Some(note(problem)),
            Some(_) => self.others += 1,
        }
    }

    fn message(&self) -> Option<Note> {
        let first = self.first.as_ref()?;
        Some(match self.others {
            0 => *first,
            others => note(&format_args!("{first} (and {others} more, in the loader's lines)")),
        })
    }
}

/// A session under way.
struct Session<'s> {
    machine: &'s Machine<'s>,
    modules: Option<&'s dyn ModuleLoader>,
    /// What the shell prints with.
    pager: &'s Pager<'s>,
    entries: Listed<'s>,
    settings: &'s Settings<'s>,
    memory: shell::Memory,
    /// The entry that is selected.
    selected: usize,
}

/// What to do first.
enum Opening {
    /// Boot the selected entry at once.
    Boot,
    /// Show the menu, with so many seconds to go.
    Menu(Option<u32>),
}

/// What became of a choice: the session's end, or what the menu says next.
type Chosen = Result<Leave, Option<Note>>;

impl Session<'_> {
    fn hold(&mut self, mut message: Option<Note>) -> Leave {
        start::load(self.machine, self.modules, self.settings.modules, &mut |error| {
            message = Some(note(error))
        });
        let mut countdown = match self.opening(&mut message) {
            Opening::Menu(countdown) => countdown,
            Opening::Boot => match self.attempt(&Order::plain(self.selected)) {
                Ok(leave) => return leave,
                Err(said) => {
                    message = said;
                    None
                }
            },
        };
        loop {
            match self.choose(countdown.take(), message.take()) {
                Ok(leave) => return leave,
                Err(said) => message = said,
            }
        }
    }

    /// Selects the entry to begin with, and decides whether anybody is to be asked. An entry that was meant and cannot be
    /// booted is told as a boot that is refused, because nobody may be there.
    fn opening(&mut self, message: &mut Option<Note>) -> Opening {
        let Some(configuration) = self.entries.configuration() else { return Opening::Menu(None) };
        let mut room = [0; MAX_REMEMBERED_BYTES];
        let last = last_boot(self.machine.variables, &mut room);
        let first = configuration.preselect(self.settings, last);
        self.selected = first.map_or(0, |first| first.index);
        let meant = first.filter(|first| first.reason != Preselection::Instead);
        let trouble = match meant.and_then(|first| self.entries.section(first.index)) {
            Some(section) => section.entry().err(),
            None => configuration.default_entry().err(),
        };
        if let Some(error) = trouble {
            report::refuse(self.machine.firmware, &error);
            *message = Some(note(&error));
            return Opening::Menu(None);
        }
        match self.settings.timeout {
            Timeout::Never => Opening::Menu(None),
            // A key that is held brings the menu.
            Timeout::Seconds(0) if self.machine.console.key(Wait::Milliseconds(0)).is_some() => {
                Opening::Menu(None)
            }
            Timeout::Seconds(0) => Opening::Boot,
            Timeout::Seconds(seconds) => Opening::Menu(Some(seconds)),
        }
    }

    /// Shows the menu once and does what is chosen.
    fn choose(&mut self, countdown: Option<u32>, message: Option<Note>) -> Chosen {
        let machine = self.machine;
        let heading = report::heading(machine.processor);
        let mut view = View {
            heading: &heading,
            entries: &self.entries,
            selected: self.selected,
            countdown,
            message: message.as_deref(),
            firmware_settings: machine.firmware_settings,
        };
        let outcome = menu::show(machine.console, &mut view);
        self.selected = view.selected;
        match outcome {
            menu::Outcome::Boot(entry) => self.attempt(&Order::plain(entry)),
            menu::Outcome::Edit(entry) => self.edit(entry),
            menu::Outcome::Shell => self.visit_shell(),
            menu::Outcome::FirmwareSettings => Err(Some(self.show_firmware_settings())),
            menu::Outcome::Reboot => Ok(Leave::Reboot),
            menu::Outcome::PowerOff => Ok(Leave::PowerOff),
        }
    }

    /// Restarts into the firmware's settings, or returns why the firmware does not.
    fn show_firmware_settings(&self) -> Note {
        let status = self.machine.gone.show_firmware_settings();
        let why = format_args!("the firmware does not show its settings: {status}");
        report::warn(self.machine.firmware, &why);
        note(&why)
    }

    fn edit(&mut self, entry: usize) -> Chosen {
        let mut fields = self.entries.fields(entry);
        match menu::edit(self.machine.console, self.entries.title(entry), &mut fields) {
            EditOutcome::Cancel => Err(None),
            EditOutcome::Boot => self.attempt(&Order { fields: &fields, ..Order::plain(entry) }),
        }
    }

    fn visit_shell(&mut self) -> Chosen {
        let host = Host {
            machine: self.machine,
            modules: self.modules,
            entries: &self.entries,
            selected: self.selected,
        };
        match shell::run(self.pager, &host, &mut self.memory) {
            shell::Outcome::Menu => Err(None),
            shell::Outcome::Boot { entry, parameters } => {
                self.attempt(&Order { further: &parameters, ..Order::plain(entry) })
            }
            shell::Outcome::Reboot => Ok(Leave::Reboot),
            shell::Outcome::FirmwareSettings => Err(Some(self.show_firmware_settings())),
            shell::Outcome::PowerOff => Ok(Leave::PowerOff),
        }
    }

    /// Starts a system, which comes back only if it is none of ours, or cannot be started.
    fn attempt(&self, order: &Order<'_>) -> Chosen {
        // What is printed from here on is no part of a page.
        self.machine.console.roll();
        match start::start(self, order) {
            Back::ToMenu(note) => Err(Some(note)),
            Back::ToFirmware => Ok(Leave::Firmware),
        }
    }
}
