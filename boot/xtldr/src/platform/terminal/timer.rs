//! Waiting for a key without keeping the processor busy.

use core::time::Duration;

use uefi::Event;
use uefi::boot::{self, EventType, TimerTrigger, Tpl};

/// How long a wait is at most, after which serial ports are looked at again.
pub(super) const SLICE_MILLISECONDS: u32 = 10;

const SLICE: Duration = Duration::from_millis(SLICE_MILLISECONDS as u64);

/// An alarm of the firmware, if it has one to spare.
pub(super) struct Timer(Option<Event>);

impl Timer {
    pub(super) fn new() -> Self {
        // SAFETY: the event notifies nobody, so there is no function that could outlive its context.
        let event = unsafe { boot::create_event(EventType::TIMER, Tpl::APPLICATION, None, None) };
        Self(event.ok())
    }

    /// Waits for a slice of time, or until `key` is signalled.
    pub(super) fn sleep(&self, key: Option<Event>) {
        let Some(timer) = &self.0 else { return boot::stall(SLICE) };
        if boot::set_timer(timer, TimerTrigger::Relative(SLICE)).is_err() {
            return boot::stall(SLICE);
        }
        // SAFETY: the copy is gone before `self`, which closes the event.
        let timer = unsafe { timer.unsafe_clone() };
        let waited = match key {
            Some(key) => boot::wait_for_event(&[timer, key]).is_ok(),
            None => boot::wait_for_event(&[timer]).is_ok(),
        };
        if !waited {
            boot::stall(SLICE);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if super::super::console::services_are_gone() {
            return;
        }
        if let Some(timer) = self.0.take() {
            let _ = boot::close_event(timer);
        }
    }
}
