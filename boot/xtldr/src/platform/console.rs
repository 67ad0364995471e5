//! The firmware's console and the first serial port as one place to write to.
//!
//! Many firmwares show their console on the serial port too. Lines for people are then written once, to the console;
//! lines for machines always go to the port directly, because a console wraps lines and moves its cursor.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering};

use uefi::runtime::VariableVendor;
use uefi::{boot, cstr16, runtime, system};
use xtldr::arch::SerialPort;
use xtldr::firmware::shows_on_first_serial_port;

/// Whether boot services, and with them the firmware's console, are gone.
///
/// The only global: the panic handler has to know.
static SERVICES_LEFT: AtomicBool = AtomicBool::new(false);

/// Marks boot services as gone.
pub(super) fn forget_services() {
    SERVICES_LEFT.store(true, Ordering::Relaxed);
}

/// Tells whether boot services are gone, or may be half gone.
pub(super) fn services_are_gone() -> bool {
    SERVICES_LEFT.load(Ordering::Relaxed)
}

/// The places to write to.
pub(super) struct Console {
    port: SerialPort,
    mirrored: bool,
}

impl Console {
    pub(super) fn find() -> Self {
        let port = SerialPort::find();
        // Room for a display, a serial port and a USB terminal; a longer variable counts as not mirrored.
        let mut paths = [0; 1024];
        let variable = runtime::get_variable(cstr16!("ConOut"), &VariableVendor::GLOBAL_VARIABLE, &mut paths);
        let mirrored = variable.is_ok_and(|(paths, _)| shows_on_first_serial_port(paths));
        if !mirrored {
            port.set_up();
        }
        Self { port, mirrored }
    }

    /// Finds the port without asking the firmware anything.
    pub(super) fn find_after_panic() -> Self {
        Self { port: SerialPort::find(), mirrored: false }
    }

    /// Writes a line for people.
    pub(super) fn line(&self, text: fmt::Arguments<'_>) {
        let services = !services_are_gone();
        if services {
            system::with_stdout(|out| {
                let _ = write!(out, "{text}\r\n");
            });
        }
        if !services || !self.mirrored {
            let _ = write!(self.port(), "{text}\r\n");
        }
    }

    /// Writes a line for machines, at column 0.
    pub(super) fn machine_line(&self, text: fmt::Arguments<'_>) {
        // Whatever the console left of a line ends here.
        let _ = write!(self.port(), "\r\n{text}\r\n");
    }

    const fn port(&self) -> SerialPort {
        self.port
    }
}

/// Waits until somebody presses a key.
pub(super) fn wait_for_key() {
    system::with_stdout(|out| {
        let _ = out.write_str("Press a key to go back to the firmware.\r\n");
    });
    system::with_stdin(|input| {
        let _ = input.reset(false);
        if let Ok(event) = input.wait_for_key_event() {
            let _ = boot::wait_for_event(&[event]);
            let _ = input.read_key();
        }
    });
}
