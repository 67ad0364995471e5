//! A session of the whole loader with nobody there: whoever would have to press a key switches the machine off.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use xtldr::boot::{Pause, Ready, Refused, Remains};
use xtldr::config::{CommandLine, DebugLines, DebugPort, DebugPorts};
use xtldr::console::{Console, Wait};
use xtldr::firmware::Status;
use xtldr::menu::FirmwareSettings;
use xtldr::modules::{ModuleLoader, ModuleSystem, Surroundings};
use xtldr::session::{Gone, Leave, Machine, run};
use xtldr::volume::{Variable, Variables};
use xtpaging::processor::Processor;
use xtterm::draw::{Size, Style, Surface};
use xtterm::key::Key;

use super::firmware::Mock;
use super::modes::NoCpuid;

/// Nobody, in all places where somebody could be.
pub(crate) struct Nobody;

/// Who is there, and what there is beside the firmware.
pub(crate) struct Around<'a> {
    pub(crate) console: &'a dyn Console,
    pub(crate) variables: &'a dyn Variables,
    pub(crate) command_line: &'a dyn CommandLine,
    pub(crate) modules: &'a dyn ModuleSystem,
    pub(crate) firmware_settings: FirmwareSettings,
}

impl Default for Around<'_> {
    fn default() -> Self {
        Self {
            console: &Nobody,
            variables: &Nobody,
            command_line: &Nobody,
            modules: &Nobody,
            firmware_settings: FirmwareSettings::Missing,
        }
    }
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// In the kernel.
    Kernel(Ready),
    /// On a way back.
    Left(Leave),
    /// In a reset.
    Reset(Pause),
}

/// Boots what the configuration says.
pub(crate) fn alone(mock: &Mock, processor: &Processor) -> Result<Ready, Refused> {
    let refused = |pause, firmware| Err(Refused { pause, firmware });
    match session(mock, processor, &Around::default()) {
        Ended::Kernel(ready) => Ok(ready),
        Ended::Left(Leave::Firmware) => refused(Pause::No, Remains::BootServices),
        Ended::Left(_) => refused(Pause::UntilRead, Remains::BootServices),
        Ended::Reset(pause) => refused(pause, Remains::Nothing),
    }
}

/// Holds a session.
pub(crate) fn session(mock: &Mock, processor: &Processor, around: &Around<'_>) -> Ended {
    let machine = Machine {
        firmware: mock,
        variables: around.variables,
        command_line: around.command_line,
        firmware_settings: around.firmware_settings,
        lines: &Nobody,
        console: around.console,
        modules: around.modules,
        processor,
        cpuid: &NoCpuid,
        gone: &Nobody,
        start: 1,
    };
    match catch_unwind(AssertUnwindSafe(|| run(&machine))) {
        Ok(leave) => Ended::Left(leave),
        Err(gone) => match gone.downcast::<Ended>() {
            Ok(ended) => *ended,
            Err(panic) => resume_unwind(panic),
        },
    }
}

impl Gone for Nobody {
    fn enter(&self, ready: &Ready) -> ! {
        resume_unwind(Box::new(Ended::Kernel(*ready)))
    }

    fn reset(&self, pause: Pause) -> ! {
        resume_unwind(Box::new(Ended::Reset(pause)))
    }

    fn show_firmware_settings(&self) -> Status {
        Status::OUT_OF_RESOURCES
    }
}

impl Console for Nobody {
    fn size(&self) -> Size {
        Size { columns: 80, rows: 25 }
    }

    fn page(&self, _: &mut dyn FnMut(&mut dyn Surface)) {}

    fn roll(&self) {}

    fn style(&self, _: Style) {}

    fn print(&self, _: &str) {}

    fn print_over(&self, _: &str, _: usize) {}

    fn key(&self, wait: Wait) -> Option<Key> {
        (wait == Wait::Forever).then_some(Key::Char('p'))
    }
}

impl Variables for Nobody {
    fn get(&self, _: Variable, _: &mut [u8]) -> Option<usize> {
        None
    }

    fn set(&self, _: Variable, _: &[u8]) -> Result<(), Status> {
        Ok(())
    }
}

impl CommandLine for Nobody {
    fn load_options(&self, _: &mut [u8]) -> usize {
        0
    }
}

impl DebugLines for Nobody {
    fn send_to(&self, _: &DebugPorts, _: &mut dyn FnMut(DebugPort)) {}
}

impl ModuleSystem for Nobody {
    fn with(&self, _: &dyn Surroundings, hold: &mut dyn FnMut(Option<&dyn ModuleLoader>)) {
        hold(None);
    }
}
