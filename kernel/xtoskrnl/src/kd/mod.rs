//! The log: to the serial line at once, to the screen when there is one, and into a ring, from which a screen that is
//! attached later gets what was said before, and a serial line that the user has chosen instead of the first.
//!
//! May be called from everywhere, at any moment, also from a trap that interrupted the log itself: then the text goes
//! to the serial line alone.

mod console;
pub(crate) mod monitor;
mod ring;

pub(crate) use console::{
    attach_screen, begin_stop, choose_serial, expect_byte, has_serial, line_of_log, open_serial, pin_stop,
    poll_byte, print, print_record, read_byte, seize, show, show_what_came_before,
};

/// Prints a line to the log.
macro_rules! log {
    ($($argument:tt)*) => {
        $crate::kd::print(format_args!("{}\r\n", format_args!($($argument)*)))
    };
}

/// Prints a line that programs read, not people: it goes to the serial line alone.
macro_rules! record {
    ($($argument:tt)*) => {
        $crate::kd::print_record(format_args!("{}\r\n", format_args!($($argument)*)))
    };
}

pub(crate) use {log, record};
