//! Where the monitor is typed at: the serial line, and the screen with its keyboard beside it.

use core::fmt::{self, Write};

use xtkd::monitor::{Heard, Paging, Terminal};
use xtke::platform::Platform;

use crate::ar::control::pause;
use crate::kd;
use crate::ke::threads::Kernel;

/// How long nothing must come before it counts as silence, in units of 100 ns: long enough for the rest of an arrow key.
const SILENCE: u64 = 50 * 10_000;

/// Looks for a byte before it counts as silence where no time goes on: about as long.
const LOOKS: u32 = 50_000;

/// Lines of a page at the serial line: a terminal has 24, and one is for the question.
const LINES: usize = 23;

/// A place where the monitor's answers go, and perhaps somebody types.
pub(super) struct Line {
    show: fn(&str),
    typist: Typist,
}

/// Whether somebody types, and where it was last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typist {
    Serial,
    Keyboard,
    Nobody,
}

impl Line {
    /// The serial line and the screen, with somebody who types at either.
    pub(super) const TYPED: Self = Self { show: kd::show, typist: Typist::Serial };

    /// The serial line and the screen.
    pub(super) const SHOWN: Self = Self { show: kd::show, typist: Typist::Nobody };

    /// The serial line alone, for what programs read.
    pub(super) const RECORDS: Self =
        Self { show: |text| kd::print_record(format_args!("{text}")), typist: Typist::Nobody };
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.show)(text);
        Ok(())
    }
}

impl Terminal for Line {
    fn hear(&mut self) -> Heard {
        if self.typist == Typist::Nobody {
            return Heard::Nobody;
        }
        kd::show_cursor();
        let began = Kernel::now().units();
        for _ in 0..LOOKS {
            let heard = kd::hear();
            self.typist = match heard {
                Heard::Silence => self.typist,
                Heard::Byte(_) => Typist::Serial,
                Heard::Key(_) => Typist::Keyboard,
                Heard::Nobody => Typist::Nobody,
            };
            if heard != Heard::Silence {
                return heard;
            }
            pause();
            // The look also keeps a narrow counter from wrapping unseen.
            if Kernel::now().units().saturating_sub(began) > SILENCE {
                break;
            }
        }
        Heard::Silence
    }

    /// Whoever sits at the screen turns pages of the screen.
    fn paging(&self) -> Paging {
        match self.typist {
            Typist::Serial => Paging::Lines(LINES),
            Typist::Keyboard => Paging::Lines(kd::page_of_screen().unwrap_or(LINES)),
            Typist::Nobody => Paging::Whole,
        }
    }
}
