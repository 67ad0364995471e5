//! Bringing up interrupt controllers and clocks: what the machine's tables say, mapped and handed to the hardware layer.

mod check;
mod facts;

use core::fmt;

use arrayvec::ArrayVec;
use xtacpi::Register;
use xtboot::parameters::Parameters;
use xtcore::PhysAddr;
use xthal::apic::Wish;
use xthal::time::Interval;
use xtkd::json::Object;
use xtpaging::Cache;

pub(crate) use self::facts::Facts;
use self::facts::PmFacts;
use crate::hl::apic::{self, IoApic, LocalApic};
use crate::hl::registers::Registers;
use crate::hl::time::pm::PmTimer;
use crate::hl::time::rtc::Rtc;
use crate::hl::time::{self, Time};
use crate::kd::log;
use crate::mm::Memory;
use check::Checks;

/// What stands after [`start`], and whether it works.
#[derive(Debug)]
pub(crate) struct Devices {
    local: Option<&'static LocalApic>,
    io: &'static [IoApic],
    time: &'static Time,
    checks: Checks,
}

/// Starts the interrupt controllers and the clocks, and checks them. Interrupts are off and stay off.
///
/// Takes some tens of milliseconds, most of them for measuring one counter by another.
#[inline(never)]
pub(crate) fn start(memory: &'static Memory, facts: &Facts, parameters: &Parameters<'_>) -> Devices {
    apic::pic::silence();
    let wish = if parameters.has("NOX2APIC") { Wish::XApic } else { Wish::Best };
    let local = match apic::start(wish, |address| map(memory, address)) {
        Ok(local) => {
            local.enable(facts.nmi);
            Some(local)
        }
        Err(error) => {
            log!("xtoskrnl: warning: {error}");
            None
        }
    };
    let mut opened = ArrayVec::new();
    for &(address, first) in &facts.io_apics {
        if let Some(registers) = map(memory, address) {
            // As many are described as there is room for.
            let _ = opened.try_push(IoApic::open(registers, first));
        }
    }
    let io = apic::publish_io(opened);
    let hpet = facts.hpet.and_then(|address| map(memory, address));
    let pm = facts.pm.and_then(|pm| pm_timer(memory, pm));
    let rtc = Rtc::new(facts.century);
    let time = time::start(time::Facts { hpet, pm, pit_line: facts.pit, rtc }, parameters);
    let checks = check::run(local, io, time);
    let devices = Devices { local, io, time, checks };
    devices.tell();
    devices
}

/// Maps a device's registers, for good.
fn map<const BYTES: usize>(memory: &'static Memory, address: PhysAddr) -> Option<Registers<BYTES>> {
    match memory.map_device(address, Registers::<BYTES>::BYTES, Cache::Uncached) {
        Ok(mapping) => facts::window(&mapping),
        Err(error) => {
            log!("xtoskrnl: warning: registers at {:#x}: {error}", address.get());
            None
        }
    }
}

fn pm_timer(memory: &'static Memory, facts: PmFacts) -> Option<PmTimer> {
    match facts.register {
        Register::Port(port) => Some(facts::pm_port(port, facts.width)),
        Register::Memory(address) => {
            map(memory, address).map(|window| PmTimer::in_memory(window, facts.width))
        }
    }
}

impl Devices {
    /// Tells whether everything that was found works.
    pub(crate) const fn work(&self) -> bool {
        self.checks.are_clean()
    }

    fn entries(&self) -> u32 {
        self.io.iter().map(IoApic::entries).sum()
    }

    /// Tells a person what was found.
    fn tell(&self) {
        let Self { local, io, time, checks } = self;
        match local {
            Some(local) => log!(
                "xtoskrnl: interrupts: {} of processor {}, {} I/O APIC inputs",
                local.mode().name(),
                local.id(),
                self.entries()
            ),
            None => log!("xtoskrnl: interrupts: no local APIC"),
        }
        for io in *io {
            let (first, entries) = (io.first().get(), io.entries());
            log!("    I/O APIC, version {:#04x}: from interrupt {first} on, {entries} inputs", io.version());
        }
        for counter in time.counters() {
            let (name, bits) = (counter.kind().name(), counter.width().bits());
            log!("    {name:>4}  {}, {bits} bits", counter.frequency());
        }
        let counter = time.counter().map_or("no counter", |counter| counter.kind().name());
        match (time.clock(), checks.period) {
            (Some(clock), Some(period)) => {
                log!("xtoskrnl: time: {counter}; the clock is the {}, every {period}", clock.kind().name());
            }
            _ => log!("xtoskrnl: time: {counter}; nothing interrupts as a clock"),
        }
        match time.date() {
            Ok(moment) => log!("xtoskrnl: date: {moment}"),
            Err(error) => log!("xtoskrnl: warning: the battery-backed clock: {error}"),
        }
        checks.complain();
    }

    /// Writes what the report says about counters and clocks.
    pub(crate) fn fill_time(&self, out: &mut Object<'_>) -> fmt::Result {
        let Self { time, checks, .. } = self;
        let counter = time.counter();
        out.or_null("counter", counter.map(|counter| counter.kind().name()), Object::text)?;
        out.or_null("hz", counter.map(|counter| counter.frequency().hertz()), Object::number)?;
        out.or_null("bits", counter.map(|counter| counter.width().bits()), Object::number)?;
        out.array("counters", |list| {
            time.counters().iter().try_for_each(|counter| list.text(counter.kind().name()))
        })?;
        out.or_null("clock", time.clock().map(|clock| clock.kind().name()), Object::text)?;
        out.or_null("period", checks.period.map(Interval::units), Object::number)?;
        out.or_null("boot_time", time.started(), Object::number)?;
        out.number("disagreements", checks.disagreements)?;
        out.number("backwards", checks.backwards)?;
        out.flag("clock_ticks", checks.clock.is_right())
    }

    /// Writes what it says about interrupt controllers.
    pub(crate) fn fill_interrupts(&self, out: &mut Object<'_>) -> fmt::Result {
        let Self { local, io, checks, .. } = self;
        out.or_null("mode", local.map(|local| local.mode().name()), Object::text)?;
        out.number("io_apics", io.len() as u64)?;
        out.number("io_apic_entries", self.entries())?;
        out.flag("arrive", checks.command.is_right())?;
        out.number("errors", checks.errors.bits())
    }
}
