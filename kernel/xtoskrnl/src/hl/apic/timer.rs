//! The local APIC's timer: each processor has its own, and nobody else touches it.

use xthal::Vector;
use xthal::apic::{Divide, LocalVector, Register, Setting, TimerMode};

use super::local::LocalApic;

impl LocalApic {
    /// Interrupts this processor again and again.
    pub(crate) fn start_periodic(&self, vector: Vector, setting: &Setting) {
        self.count_down(LocalVector::timer(vector, TimerMode::Periodic), setting.divide, setting.count);
    }

    /// Counts down from the largest number, undivided and without an interrupt: to measure how fast it is.
    pub(crate) fn start_free(&self) {
        let silent = LocalVector::timer(Vector::CLOCK, TimerMode::OneShot).with_mask();
        self.count_down(silent, Divide::NONE, u32::MAX);
    }

    /// Returns where the timer is on its way down.
    #[inline]
    pub(crate) fn timer_count(&self) -> u32 {
        self.access.read(Register::TIMER_CURRENT)
    }

    /// Stops the timer. An interrupt that is already requested still comes.
    pub(crate) fn stop_timer(&self) {
        self.access.write(Register::LVT_TIMER, LocalVector::masked().bits());
        self.access.write(Register::TIMER_INITIAL, 0);
    }

    /// The mode is set before the count, because writing that starts the timer.
    fn count_down(&self, entry: LocalVector, divide: Divide, count: u32) {
        self.access.write(Register::TIMER_DIVIDE, divide.bits());
        self.access.write(Register::LVT_TIMER, entry.bits());
        self.access.write(Register::TIMER_INITIAL, count);
    }
}
