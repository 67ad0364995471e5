//! What a command works with.

use core::fmt::Write;
use core::sync::atomic::{AtomicU32, Ordering};

use xtkd::monitor::Trouble;
use xtkd::unwind::Registers;

use super::errand::Errand;
use super::rest;
use crate::ke::processor::{self, Pinned};
use crate::mm::{Memory, look};

/// What has become of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Situation {
    /// It stands, and goes on afterwards.
    Held,
    /// A bug check has stopped it.
    Stopped,
}

/// How often the monitor was opened.
static ENTRIES: AtomicU32 = AtomicU32::new(0);

/// What a command works with, and what it leaves to be done.
pub(super) struct Context {
    situation: Situation,
    /// How many other processors stand, and how many there are.
    others: (usize, usize),
    /// Where the monitor was opened.
    opened: Registers,
    errand: Option<Errand>,
    pin: Pinned,
}

impl Context {
    pub(super) fn new(situation: Situation, others: (usize, usize), opened: Registers) -> Self {
        Self { situation, others, opened, errand: None, pin: processor::pin() }
    }

    /// Tells whoever sees the prompt what there is.
    pub(super) fn introduce(&self, out: &mut dyn Write) {
        let entry = ENTRIES.fetch_add(1, Ordering::Relaxed) + 1;
        let (stand, others) = self.others;
        // The terminal takes everything.
        let _ = match self.situation {
            Situation::Held => write!(
                out,
                "\r\nXTOS monitor, entry {entry}: {stand} of {others} other processors are held; go lets all go on, help helps\r\n"
            ),
            Situation::Stopped => {
                write!(out, "\r\nXTOS monitor, entry {entry}: the system has stopped; help helps\r\n")
                    .and_then(|()| rest::warn(out))
            }
        };
    }

    /// Returns what has become of the machine.
    pub(super) const fn situation(&self) -> Situation {
        self.situation
    }

    /// Returns where the monitor was opened: what this processor does, its way into the monitor included.
    pub(super) const fn opened(&self) -> Registers {
        self.opened
    }

    /// Returns the promise to stay on this processor, for locks that are only tried.
    pub(super) const fn pin(&self) -> &Pinned {
        &self.pin
    }

    /// Returns memory.
    ///
    /// # Errors
    /// It does not stand yet.
    pub(super) fn memory(&self) -> Result<&'static Memory, &'static Trouble> {
        look::memory().ok_or(&Trouble::Absent("the memory manager does not stand yet"))
    }

    /// Leaves something to be done by a thread when the machine goes on.
    pub(super) fn leave(&mut self, errand: Errand) {
        self.errand = Some(errand);
    }

    /// Returns what is left to be done.
    pub(super) fn errand(self) -> Option<Errand> {
        self.errand
    }
}
