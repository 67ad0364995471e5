//! The log: to the serial line at once, to the screen when there is one, and into a ring, from which a screen that is
//! attached later gets what was said before, and a serial line that the user has chosen instead of the first.
//!
//! May be called from everywhere, at any moment, also from a trap that interrupted the log itself: then the text goes
//! to the serial line alone.
//!
//! And where keys come from, for whoever looks inside ([`monitor`]).

mod console;
mod input;
pub(crate) mod monitor;
mod ring;

pub(crate) use console::{
    attach_screen, begin_stop, choose_serial, is_at_rest, line_of_log, open_serial, page_of_screen, pin_stop,
    print, print_record, seize, show, show_cursor, show_what_came_before,
};
pub(crate) use input::{expect_byte, has_typist, hear, open_keyboard, read_byte};

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
