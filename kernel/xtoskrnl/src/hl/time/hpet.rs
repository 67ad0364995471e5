//! The high precision event timer: its counter, and a comparator that interrupts.

use xthal::time::hpet::{Capabilities, Comparator, ENABLE, LEGACY, Legacy, offset};
use xthal::time::{Frequency, Width};

use crate::hl::registers::Registers;

/// The registers of a block with up to 24 comparators: what the specification sets aside for one.
pub(crate) type Window = Registers<1024>;

/// A block of timers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hpet {
    registers: Window,
    capabilities: Capabilities,
}

/// How comparators reach an I/O APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wiring {
    /// Comparator 0 in the PIT's place, and 1 in that of the battery-backed clock.
    Legacy,
    /// Each by the input that it is told.
    Own,
}

/// Comparators that the window shows.
const SHOWN: u32 = 24;

impl Hpet {
    /// Takes the block over: all comparators silent, the counter running from where it is. `None` when there is none.
    pub(super) fn open(registers: Window) -> Option<Self> {
        let (low, period) = (registers.read(offset::CAPABILITIES), registers.read(offset::PERIOD));
        let capabilities = Capabilities::decode(low, period)?;
        let hpet = Self { registers, capabilities };
        for number in 0..hpet.comparators() {
            hpet.silence(number);
        }
        let configuration = registers.read(offset::CONFIGURATION);
        registers.write(offset::CONFIGURATION, configuration & !LEGACY | ENABLE);
        Some(hpet)
    }

    /// Returns how fast it counts.
    pub(super) const fn frequency(&self) -> Frequency {
        self.capabilities.frequency
    }

    /// Returns how much of the counter is read at once: 64 bits only where both counter and processor have them. Two
    /// halves that do not belong together are worse than a counter that wraps.
    pub(super) const fn width(&self) -> Width {
        if cfg!(target_arch = "x86_64") { self.capabilities.width } else { Width::BITS_32 }
    }

    /// Reads the counter.
    #[inline]
    pub(super) fn count(&self) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if self.capabilities.width == Width::BITS_64 {
            return self.registers.read_wide(offset::COUNTER);
        }
        self.registers.read(offset::COUNTER).into()
    }

    /// Returns whether comparator 0 can take the PIT's place.
    pub(super) const fn legacy(&self) -> Legacy {
        self.capabilities.legacy
    }

    fn comparators(&self) -> u32 {
        self.capabilities.comparators.min(SHOWN)
    }

    /// Returns the first comparator that can interrupt periodically.
    pub(super) fn periodic_comparator(&self) -> Option<u32> {
        (0..self.comparators()).find(|number| self.comparator(*number).can_be_periodic())
    }

    /// Returns the inputs of the I/O APIC that a comparator can raise, as bits.
    pub(super) fn routes(&self, number: u32) -> u32 {
        self.registers.read(offset::COMPARATOR_ROUTES + number * offset::STRIDE)
    }

    fn comparator(&self, number: u32) -> Comparator {
        Comparator::new(self.registers.read(offset::COMPARATOR_CONFIGURATION + number * offset::STRIDE))
    }

    /// Stops a comparator's interrupts.
    pub(super) fn silence(&self, number: u32) {
        let silent = self.comparator(number).silent();
        self.registers.write(offset::COMPARATOR_CONFIGURATION + number * offset::STRIDE, silent);
    }

    /// Lets comparator 0 take the PIT's place, or gives it back.
    pub(super) fn set_wiring(&self, wiring: Wiring) {
        let rest = self.registers.read(offset::CONFIGURATION) & !LEGACY;
        let bit = if wiring == Wiring::Legacy { LEGACY } else { 0 };
        self.registers.write(offset::CONFIGURATION, rest | bit);
    }

    /// Has a comparator interrupt every `ticks`, on an input of the I/O APIC. The first time is `ticks` from now.
    ///
    /// Two writes of the comparator follow the configuration: the first is the moment, and the second, because the
    /// configuration says so for one write more, what is added each time (section 2.3.9.2.2). Only then may it interrupt.
    pub(super) fn interrupt_every(&self, number: u32, ticks: u32, input: u32) {
        let place = number * offset::STRIDE;
        let [silent, interrupting] = self.comparator(number).periodic(input);
        self.registers.write(offset::COMPARATOR_CONFIGURATION + place, silent);
        let first = self.registers.read(offset::COUNTER).wrapping_add(ticks);
        self.registers.write(offset::COMPARATOR + place, first);
        self.registers.write(offset::COMPARATOR + place, ticks);
        self.registers.write(offset::COMPARATOR_CONFIGURATION + place, interrupting);
    }
}
