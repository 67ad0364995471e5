//! A local APIC's timer is calibrated by the ACPI PM timer, and set to tick every 10 ms: arithmetic that a kernel does
//! with two counters in its hands. The counters here are simulated, so the answer is known.

use xtcore::ApicId;
use xtcore::interrupt::Signal;
use xthal::Vector;
use xthal::apic::{LocalVector, Setting, TimerMode};
use xthal::ioapic::{Entry, Mask, Route};
use xthal::time::{Extender, Frequency, Interval, Measured, Reading, Width, measure};

/// What the simulated bus runs at. Nobody below is told.
const BUS_HERTZ: u64 = 99_770_000;

/// The PM timer: 3.579545 MHz, and here 24 bits, so that it wraps every 4.7 seconds.
const PM_HERTZ: u64 = 3_579_545;

/// Both counters at a moment in nanoseconds. The PM timer is read before and after the other, so that the moment is
/// known to lie between.
fn read(extender: &Extender, nanoseconds: u64) -> Reading {
    let ticks = |hertz: u64, at: u64| (u128::from(at) * u128::from(hertz) / 1_000_000_000) as u64;
    let before = extender.read(|| ticks(PM_HERTZ, nanoseconds) & Width::BITS_24.mask());
    let value = ticks(BUS_HERTZ, nanoseconds + 400) & Width::BITS_32.mask();
    let after = extender.read(|| ticks(PM_HERTZ, nanoseconds + 800) & Width::BITS_24.mask());
    Reading { before, value, after }
}

fn main() {
    let known = Frequency::new(PM_HERTZ).expect("it is not zero");
    let extender = Extender::new(Width::BITS_24, 0);

    // Three tries of 10 ms each, a second apart. The best one counts, if it is good enough to be believed.
    let tries = [1_000_000_000_u64, 2_000_000_000, 3_000_000_000].map(|begin| {
        Measured::new(known, Width::BITS_32, read(&extender, begin), read(&extender, begin + 10_000_000))
    });
    let measured = measure(tries, 1_000_000..=10_000_000_000).expect("both counters move");
    println!(
        "the bus runs at {} to {} Hz, which is sure to {} millionths",
        measured.least,
        measured.most,
        measured.uncertainty()
    );
    assert!((measured.least..=measured.most).contains(&BUS_HERTZ));

    // What is written to the timer: a divider and a count; and what period that really is.
    let setting = Setting::for_period(measured.frequency, Interval::from_millis(10)).expect("the timer can");
    let vector = Vector::CLOCK;
    println!(
        "divide by {}, count from {}, local vector {:#x}: every {} units of 100 ns",
        setting.divide.get(),
        setting.count,
        LocalVector::timer(vector, TimerMode::Periodic).bits(),
        setting.period.units()
    );

    // An interrupt line of the ISA bus to processor 3, as the I/O APIC's register wants it.
    let route = Route { vector: Vector::new(0x51), destination: ApicId::new(3), signal: Signal::ISA };
    let entry = Entry::of(route, Mask::Masked).expect("eight bits are enough for processor 3");
    println!("redirection entry {:08x} {:08x}", entry.high(), entry.low());
    assert_eq!(Entry::new(entry.low(), entry.high()).route(), route);
}
