//! Waiting for a key without keeping the processor busy.

use core::time::Duration;

use uefi::Event;
use uefi::boot::{self, EventType, TimerTrigger, Tpl};

/// How long a wait is at most, after which serial ports are looked at again.
pub(super) const SLICE_MILLISECONDS: u32 = 10;

const SLICE: Duration = Duration::from_millis(SLICE_MILLISECONDS as u64);

/// Why a sleep has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// A slice of time has gone by since the last time that one had.
    BySlice,
    /// Something else is signalled. The slice goes on.
    ByKey,
}

/// An alarm of the firmware, if it has one to spare.
pub(super) struct Timer {
    alarm: Option<Event>,
    slice: Slice,
}

/// Whether a slice of time is running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Slice {
    Running,
    Over,
}

impl Timer {
    pub(super) fn new() -> Self {
        // SAFETY: the event notifies nobody, so there is no function that could outlive its context.
        let event = unsafe { boot::create_event(EventType::TIMER, Tpl::APPLICATION, None, None) };
        Self { alarm: event.ok(), slice: Slice::Over }
    }

    /// Waits until a slice of time is over, or until `key` is signalled. Keys, however many, make no slice longer or
    /// shorter, so slices can be counted as time.
    pub(super) fn sleep(&mut self, key: Option<Event>) -> Woken {
        let Some(woken) = self.wait(key) else {
            boot::stall(SLICE);
            return Woken::BySlice;
        };
        self.slice = if woken == Woken::BySlice { Slice::Over } else { Slice::Running };
        woken
    }

    /// Sleeps by the alarm, where there is one that works.
    fn wait(&self, key: Option<Event>) -> Option<Woken> {
        let alarm = self.alarm.as_ref()?;
        if self.slice == Slice::Over {
            boot::set_timer(alarm, TimerTrigger::Relative(SLICE)).ok()?;
        }
        // SAFETY: the copy is gone before `self`, which closes the event.
        let alarm = unsafe { alarm.unsafe_clone() };
        // The first one that is signalled counts, so keys that come without end cannot hide the alarm.
        let woken = match key {
            Some(key) => boot::wait_for_event(&[alarm, key]),
            None => boot::wait_for_event(&[alarm]),
        };
        Some(if woken.ok()? == 0 { Woken::BySlice } else { Woken::ByKey })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if super::super::console::services_are_gone() {
            return;
        }
        if let Some(alarm) = self.alarm.take() {
            let _ = boot::close_event(alarm);
        }
    }
}
