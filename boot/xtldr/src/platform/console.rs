//! The firmware's console and serial ports as one place to write to.
//!
//! Until somebody chooses, these are the console and COM1. Many firmwares show their console on that port too. Lines for
//! people are then written once, to the console; lines for machines always go to the ports directly, because a console
//! wraps lines and moves its cursor.

use core::cell::RefCell;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering};

use arrayvec::ArrayVec;
use uefi::proto::console::text::Output;
use uefi::runtime::VariableVendor;
use uefi::{CStr16, cstr16, runtime, system, table};
use xtldr::arch::SerialPort;
use xtldr::config::{DebugPort, DebugPorts, MAX_PORTS, ScreenLines};
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

/// The divisor of the first port's clock where the loader sets it up unasked: 115200 baud.
const USUAL_DIVISOR: u16 = 1;

/// Tells whether the variable `name` holds a device path of the first serial port. Room for a display, a keyboard, a
/// serial port and a USB terminal; a longer variable counts as one without.
pub(super) fn is_on_first_serial_port(name: &CStr16) -> bool {
    let mut paths = [0; 1024];
    let variable = runtime::get_variable(name, &VariableVendor::GLOBAL_VARIABLE, &mut paths);
    variable.is_ok_and(|(paths, _)| shows_on_first_serial_port(paths))
}

/// Calls `use_it` with the firmware's console, where there is one.
pub(super) fn output<R>(mut use_it: impl FnMut(&mut Output) -> R) -> Option<R> {
    let table = table::system_table_raw()?;
    // SAFETY: the firmware gave the table to the entry point, and it stays where it is.
    let console = unsafe { (*table.as_ptr()).stdout };
    if console.is_null() { None } else { Some(system::with_stdout(&mut use_it)) }
}

/// The places to write to.
pub(super) struct Console {
    /// Whether the firmware shows its console on the first serial port.
    mirrored: bool,
    places: RefCell<Places>,
}

/// Where lines go.
struct Places {
    serial: ArrayVec<SerialPort, MAX_PORTS>,
    screen: ScreenLines,
}

impl Places {
    fn usual() -> Self {
        Self { serial: ArrayVec::from_iter([SerialPort::first()]), screen: ScreenLines::Shown }
    }
}

impl Console {
    pub(super) fn find() -> Self {
        let places = Places::usual();
        let mirrored = is_on_first_serial_port(cstr16!("ConOut"));
        if !mirrored {
            places.serial.iter().for_each(|port| port.set_up(USUAL_DIVISOR));
        }
        Self { mirrored, places: RefCell::new(places) }
    }

    /// Finds the port without asking the firmware anything.
    pub(super) fn find_after_panic() -> Self {
        Self { mirrored: false, places: RefCell::new(Places::usual()) }
    }

    /// Writes to other places from now on, and names the ports at which nothing answers.
    pub(super) fn send_to(&self, ports: &DebugPorts, absent: &mut dyn FnMut(DebugPort)) {
        let places = match ports {
            DebugPorts::Usual => Places::usual(),
            DebugPorts::Chosen { serial, screen } => {
                let find = |chosen: &DebugPort| {
                    let port = SerialPort::find(chosen.base);
                    if let Some(divisor) = chosen.divisor {
                        port.set_up(divisor);
                    }
                    if port == SerialPort::Absent {
                        absent(*chosen);
                    }
                    port
                };
                Places { serial: serial.iter().map(find).collect(), screen: *screen }
            }
        };
        self.places.replace(places);
    }

    /// Writes a line for people.
    pub(super) fn line(&self, text: fmt::Arguments<'_>) {
        self.show(text, self.places.borrow().screen);
    }

    /// Writes a line for people that they must see, wherever the others go.
    pub(super) fn announce(&self, text: fmt::Arguments<'_>) {
        self.show(text, ScreenLines::Shown);
    }

    fn show(&self, text: fmt::Arguments<'_>, screen: ScreenLines) {
        let shown = screen == ScreenLines::Shown && !services_are_gone();
        if shown {
            // Without a console there is nobody to tell.
            let _ = output(|out| write!(out, "{text}\r\n"));
        }
        for mut port in self.places.borrow().serial.iter().copied() {
            if !(shown && self.mirrored && port.is_first()) {
                let _ = write!(port, "{text}\r\n");
            }
        }
    }

    /// Writes a line for machines, at column 0.
    pub(super) fn machine_line(&self, text: fmt::Arguments<'_>) {
        for mut port in self.places.borrow().serial.iter().copied() {
            // Whatever the console left of a line ends here.
            let _ = write!(port, "\r\n{text}\r\n");
        }
    }
}
