//! Where the log goes.

use core::fmt::{self, Write};

use spin::{Mutex, Once};
use xtboot::parameters::Parameters;
use xthal::serial::{Line, parse_debug};

use super::ring::Ring;
use crate::hl::screen::Screen;
use crate::hl::serial::Serial;

/// The serial line, once it has been looked for. Outside the lock, so that a trap that interrupts the log can use it.
static SERIAL: Once<Option<Serial>> = Once::new();

/// The serial line that the user has chosen instead, if it is another one.
static CHOSEN: Once<Option<Serial>> = Once::new();

/// The sinks of the log that one writer at a time may use.
struct Console {
    screen: Option<Screen>,
    ring: Ring,
}

static CONSOLE: Mutex<Console> = Mutex::new(Console { screen: None, ring: Ring::new() });

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.ring.push(text);
        if let Some(mut serial) = serial() {
            serial.write_str(text)?;
        }
        if let Some(screen) = &mut self.screen {
            screen.write_str(text)?;
        }
        Ok(())
    }
}

/// Opens the first serial port, if the machine has one; the first call counts.
pub(crate) fn open_serial() {
    SERIAL.call_once(|| Serial::open(Line::COM1));
}

/// Sends the log where the parameter `DEBUG` says instead of to the first serial port; what it already contains is repeated there.
/// The first call counts.
pub(crate) fn choose_serial(parameters: &Parameters<'_>) {
    let Some(asked) = parameters.value("DEBUG") else { return };
    match parse_debug(asked) {
        Some(Some(Line::COM1)) => {}
        Some(None) => {
            CHOSEN.call_once(|| None);
        }
        Some(Some(line)) => match Serial::open(line) {
            Some(serial) => {
                let console = CONSOLE.lock();
                console.ring.bytes().for_each(|byte| serial.write(byte));
                CHOSEN.call_once(|| Some(serial));
            }
            None => print(format_args!("xtoskrnl: warning: DEBUG={asked}: no serial port answers there\r\n")),
        },
        None => {
            print(format_args!("xtoskrnl: warning: DEBUG={asked} is unknown; the log stays where it is\r\n"))
        }
    }
}

/// Returns the serial line, if one has been opened.
fn serial() -> Option<Serial> {
    CHOSEN.get().or_else(|| SERIAL.get()).copied().flatten()
}

/// Sends the log to a screen as well, beginning with what it already contains.
pub(crate) fn attach_screen(mut screen: Screen) {
    let mut console = CONSOLE.lock();
    for byte in console.ring.bytes() {
        screen.put(byte);
    }
    console.screen = Some(screen);
}

/// Prints formatted text.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    // The sinks themselves never fail, and a formatter that does has nobody to tell.
    let _ = match CONSOLE.try_lock() {
        Some(mut console) => console.write_fmt(text),
        None => serial().map_or(Ok(()), |mut serial| serial.write_fmt(text)),
    };
}

/// Prints a line for programs: to the serial line alone.
pub(crate) fn print_record(text: fmt::Arguments<'_>) {
    if let Some(mut serial) = serial() {
        // The serial line never fails, and a formatter that does has nobody to tell.
        let _ = serial.write_fmt(text);
    }
}

/// Waits for a byte from the serial line; `None` when there is no line.
pub(crate) fn read_byte() -> Option<u8> {
    serial().map(Serial::read)
}

/// Clears the screen to the colours of a bug check, if it is free.
pub(crate) fn stop_colours() {
    if let Some(mut console) = CONSOLE.try_lock()
        && let Some(screen) = &mut console.screen
    {
        screen.clear_for_stop();
    }
}
