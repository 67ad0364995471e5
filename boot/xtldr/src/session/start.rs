//! An entry, its modules, its system.

use arrayvec::ArrayString;
use xtboot::parameters::MAX_BYTES;

use super::{Machine, Session};
use crate::boot::{Pause, Remains, pause_of, prepare};
use crate::config::{Edits, Entry, EntryKey, KeepLastBoot, Names, SystemType, remember};
use crate::menu::{Field, Note, note};
use crate::modules::{ModuleError, ModuleLoader, Request, RunFailure};
use crate::report;

/// How long a kernel may take from its file to its first instruction: a minute for a slow stick, and as much again.
const PATIENCE_SECONDS: u16 = 120;

/// What somebody wants to boot.
#[derive(Clone, Copy)]
pub(super) struct Order<'o> {
    /// The entry's number.
    pub(super) entry: usize,
    /// Its fields, as edited.
    pub(super) fields: &'o [Field],
    /// Parameters for this boot, behind all others.
    pub(super) further: &'o str,
}

impl Order<'_> {
    /// The entry as it is.
    pub(super) const fn plain(entry: usize) -> Self {
        Self { entry, fields: &[], further: "" }
    }
}

/// Where a boot that came to nothing leads.
pub(super) enum Back {
    /// To the menu, which says this.
    ToMenu(Note),
    /// To the firmware: the parameter EXIT says that nobody is there.
    ToFirmware,
}

/// Loads modules, and tells of each that cannot be.
pub(super) fn load(
    machine: &Machine<'_>,
    modules: Option<&dyn ModuleLoader>,
    names: Names<'_>,
    failed: &mut dyn FnMut(&ModuleError<'_>),
) {
    let Some(modules) = modules else { return };
    modules.load_all(names, &mut |error| {
        report::warn(machine.firmware, error);
        failed(error);
    });
}

/// Starts a system. A kernel never comes back.
pub(super) fn start(session: &Session<'_>, order: &Order<'_>) -> Back {
    let firmware = session.machine.firmware;
    let refuse = |why: &dyn core::fmt::Display| {
        report::refuse(firmware, why);
        Back::ToMenu(note(why))
    };
    let Some(section) = session.entries.section(order.entry) else {
        return refuse(&"there is no such entry");
    };
    let mut edits = Edits::default();
    for field in order.fields {
        // The fields are those of the entry, so each has its key.
        if let Some(key) =
            EntryKey::named(field.name).filter(|key| section.text(*key) != field.value.as_str())
        {
            edits.set(key, &field.value);
        }
    }
    let edited = order.fields.iter().find(|field| field.name == EntryKey::Parameters.name());
    let own = edited.map_or(section.text(EntryKey::Parameters), |field| &field.value);
    let further = [session.memory.parameters.text(), order.further];
    let mut parameters = ArrayString::<MAX_BYTES>::new();
    if further.iter().any(|text| !text.is_empty()) {
        for text in [own].into_iter().chain(further) {
            let separator = if parameters.is_empty() || text.is_empty() { "" } else { " " };
            if parameters.try_push_str(separator).and_then(|()| parameters.try_push_str(text)).is_err() {
                return refuse(&format_args!("the parameters have more than {MAX_BYTES} bytes together"));
            }
        }
        edits.set(EntryKey::Parameters, &parameters);
    }
    let entry = if edits == Edits::default() { section.entry() } else { section.edited(&edits) };
    match entry {
        Ok(entry) => start_entry(session, &entry),
        Err(error) => refuse(&error),
    }
}

fn start_entry(session: &Session<'_>, entry: &Entry<'_>) -> Back {
    let Session { machine, modules, .. } = session;
    let firmware = machine.firmware;
    if session.settings.keep_last_boot == KeepLastBoot::Yes
        && let Err(status) = remember(machine.variables, entry.name)
    {
        report::warn(firmware, &format_args!("the firmware does not keep what was booted last: {status}"));
    }
    if modules.is_none() && !entry.boot_modules.is_empty() {
        return back(
            session,
            entry,
            &"the firmware lets the loader have no boot modules, and BootModules names some",
        );
    }
    let mut missing = None;
    load(machine, *modules, entry.boot_modules, &mut |error| missing = Some(note(error)));
    if let Some(why) = missing {
        return back(session, entry, &why);
    }
    let name = match entry.system {
        SystemType::Xtos => return start_kernel(session, entry),
        SystemType::Chainloader => "CHAINLOADER",
        SystemType::Other(name) => name,
    };
    let mut folder = entry.folder_path();
    if folder.is_empty() {
        let _ = folder.try_push('\\');
    }
    let request = Request {
        volume: entry.path.volume(),
        title: entry.title,
        folder: &folder,
        kernel: entry.kernel,
        initrd: entry.initrd.unwrap_or_default(),
        parameters: entry.parameters.text(),
    };
    let came_back = modules.map_or(Err(RunFailure::Unknown), |modules| modules.boot(name, &request));
    // Who comes back may have set it for itself.
    firmware.set_watchdog(0);
    match came_back {
        Ok(()) => Back::ToMenu(note(&format_args!("{} has come back.", entry.title))),
        Err(failure) => back(session, entry, &format_args!("SystemType {name}: {failure}")),
    }
}

/// Prepares the kernel, leaves boot services and enters it.
fn start_kernel(session: &Session<'_>, entry: &Entry<'_>) -> Back {
    let Session { machine, .. } = session;
    if entry.initrd.is_some() {
        report::warn(machine.firmware, &"InitrdFile is left out: XTOS kernels of this version take none");
    }
    // From here to the hand-over nobody is asked anything, so a machine that stops on the way may start again. Leaving boot
    // services disarms the watchdog.
    machine.firmware.set_watchdog(PATIENCE_SECONDS);
    let prepared = match prepare(machine.firmware, machine.processor, entry, machine.start) {
        Ok(prepared) => prepared,
        Err(error) => {
            machine.firmware.set_watchdog(0);
            return back(session, entry, &error);
        }
    };
    let left = prepared.leave();
    if left.is_err_and(|refused| refused.firmware == Remains::BootServices) {
        machine.firmware.set_watchdog(0);
    }
    match left {
        Ok(ready) => machine.gone.enter(&ready),
        Err(refused) => match (refused.firmware, refused.pause) {
            (Remains::Nothing, pause) => machine.gone.reset(pause),
            (Remains::BootServices, Pause::No) => Back::ToFirmware,
            (Remains::BootServices, Pause::UntilRead) => {
                Back::ToMenu(note(&"The firmware gave no memory map; the loader's lines say more."))
            }
        },
    }
}

/// Tells why an entry was not started.
fn back(session: &Session<'_>, entry: &Entry<'_>, why: &dyn core::fmt::Display) -> Back {
    report::refuse(session.machine.firmware, why);
    match pause_of(entry) {
        Pause::No => Back::ToFirmware,
        Pause::UntilRead => Back::ToMenu(note(why)),
    }
}
