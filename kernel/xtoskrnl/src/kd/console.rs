//! Where the log goes, and what is shown beside it.
#![allow(unsafe_code, reason = "a bug check takes the console from whoever has it")]

use core::fmt::{self, Write};

use arrayvec::ArrayString;
use spin::{Mutex, Once};
use xtboot::parameters::Parameters;
use xthal::serial::{Line, parse_debug};

use super::input;
use super::ring::{Mark, Ring};
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
    /// Where in the ring a bug check's text begins.
    stop: Option<Mark>,
}

static CONSOLE: Mutex<Console> = Mutex::new(Console { screen: None, ring: Ring::new(), stop: None });

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

/// Sends the log where the parameter `DEBUG` says instead of to the first serial port; what it already contains is
/// repeated there. The first call counts.
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
pub(super) fn serial() -> Option<Serial> {
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

/// Tells whether there is a screen; of one that somebody is just writing to, that there is none.
pub(super) fn has_screen() -> bool {
    CONSOLE.try_lock().is_some_and(|console| console.screen.is_some())
}

/// Tells whether nobody is in the middle of writing to the screen or of looking at the keyboard.
pub(crate) fn is_at_rest() -> bool {
    !CONSOLE.is_locked() && input::is_at_rest()
}

/// Returns how many lines of an answer the screen shows at once below what is kept there; `None` without a screen, and
/// when somebody else has it.
pub(crate) fn page_of_screen() -> Option<usize> {
    CONSOLE.try_lock()?.screen.as_ref().map(Screen::page)
}

/// Shows on the screen where the next character goes, if nobody else writes there.
pub(crate) fn show_cursor() {
    if let Some(mut console) = CONSOLE.try_lock()
        && let Some(screen) = &mut console.screen
    {
        screen.show_cursor();
    }
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

/// Shows text that is no part of the log: on the serial line, and on the screen if nobody else writes there.
pub(crate) fn show(text: &str) {
    // The sinks never fail.
    if let Some(mut serial) = serial() {
        let _ = serial.write_str(text);
    }
    if let Some(mut console) = CONSOLE.try_lock()
        && let Some(screen) = &mut console.screen
    {
        let _ = screen.write_str(text);
    }
}

/// Returns the line of the log that came so many lines before its last one, as much of it as fits; `None` where the log begins,
/// and when somebody else has it.
pub(crate) fn line_of_log<const N: usize>(back: usize) -> Option<ArrayString<N>> {
    let console = CONSOLE.try_lock()?;
    // The text behind the last end of a line is none yet.
    let ends = console.ring.bytes().filter(|byte| *byte == b'\n').count();
    let wanted = ends.checked_sub(back.checked_add(1)?)?;
    let mut line = ArrayString::new();
    let mut number = 0;
    for byte in console.ring.bytes() {
        match byte {
            b'\n' => number += 1,
            b'\r' => {}
            byte if number == wanted => {
                // What does not fit is left out.
                let _ = line.try_push(char::from(byte));
            }
            _ => {}
        }
    }
    Some(line)
}

/// Takes the console from whoever is writing to it, and the keyboard, so that a stop is seen on the screen too and can
/// be looked into there, whatever it interrupted.
///
/// # Safety
/// Whoever has the console or the keyboard never goes on, on any processor.
pub(crate) unsafe fn seize() {
    if CONSOLE.is_locked() {
        // SAFETY: it was just seen locked, and whoever locked it never goes on: so it is locked still, its guard is never
        // dropped, and the reference that it lent is never used again. What that holder left half done is text: ring and
        // screen keep their places within bounds at every step.
        unsafe { CONSOLE.force_unlock() };
    }
    // SAFETY: what this function demands for the console it demands for the keyboard, too.
    unsafe { input::seize() };
}

/// Makes room for the text of a bug check: clears the screen to its colours, if it is free. The first bug check's
/// beginning counts; one that comes inside of another goes on below it.
pub(crate) fn begin_stop() {
    if let Some(mut console) = CONSOLE.try_lock()
        && console.stop.is_none()
    {
        console.stop = Some(console.ring.mark());
        if let Some(screen) = &mut console.screen {
            screen.clear_for_stop();
        }
    }
}

/// Keeps what the stop has told so far on the screen, however much follows.
pub(crate) fn pin_stop() {
    if let Some(mut console) = CONSOLE.try_lock()
        && let Some(screen) = &mut console.screen
    {
        screen.pin();
    }
}

/// Shows on the screen the last lines that the log had before the bug check, as many as there is room for: whoever has the serial
/// line has seen them already.
pub(crate) fn show_what_came_before() {
    /// Rows that stay free for what follows.
    const SPARE: usize = 3;
    let Some(mut console) = CONSOLE.try_lock() else { return };
    let Console { screen: Some(screen), ring, stop: Some(mark) } = &mut *console else { return };
    let rows = screen.rows_left().saturating_sub(SPARE);
    if rows > 1 {
        "*** the log before that:\r\n".bytes().for_each(|byte| screen.put(byte));
        let lines = ring.before(*mark, rows - 1, screen.columns());
        lines.for_each(|byte| screen.put(byte));
    }
}
