//! Tables of machines that nobody here made up.

mod support;

use support::{judge, real};
use xtacpi::{CounterWidth, IsaIrq, LegacyPics, Lint, PmTimer, PmTimerWidth, Readiness, Register};
use xtcore::interrupt::{Gsi, Polarity, Trigger};

#[test]
fn a_q35_with_room_for_two_more_processors_is_found_as_it_was_started() {
    let (mut memory, rsdp) = real::machine("q35");
    let platform = judge::read(&mut memory, rsdp);
    assert_eq!(platform.notices.listed(), []);
    let bytes: u64 = memory.pieces.iter().map(|(_, piece)| piece.len() as u64).sum();
    assert!(memory.asked < 3 * bytes, "{} bytes were read of {bytes}", memory.asked);
    assert_eq!(platform.processors.enabled().count(), 4);
    let others =
        platform.processors.listed().iter().filter(|one| one.readiness == Readiness::OnlineCapable).count();
    assert_eq!(others + platform.processors.disabled as usize, 2);
    assert!(platform.processors.listed().iter().all(|one| one.nmi_on(Lint::One).is_some()));
    assert_eq!(platform.interrupts.io_apics().len(), 1);
    assert_eq!(platform.interrupts.legacy_pics, LegacyPics::Present);
    assert_eq!(platform.gsi_of(IsaIrq::TIMER).gsi, Gsi::new(2));
    let hpet = platform.hpet.expect("an event timer");
    assert_eq!((hpet.comparators, hpet.counter), (3, CounterWidth::Bits64));
    let timer = PmTimer { register: Register::Port(0x608), width: PmTimerWidth::Bits24 };
    assert_eq!(platform.fixed.pm_timer, Some(timer));
    assert_eq!(
        platform.fixed.reset.map(|reset| (reset.register, reset.value)),
        Some((Register::Port(0xCF9), 0xF))
    );
    let sci = platform.fixed.sci.expect("an SCI");
    assert_eq!(
        (sci.gsi, sci.signal.polarity, sci.signal.trigger),
        (Gsi::new(9), Polarity::ActiveHigh, Trigger::Level)
    );
    assert_eq!(platform.soft_off.map(|how| (how.control_a, how.type_a)), Some((0x604, 0)));
}

#[test]
fn a_pc_with_tables_of_acpi_1_is_found_as_it_was_started() {
    let (mut memory, rsdp) = real::machine("pc");
    let platform = judge::read(&mut memory, rsdp);
    assert_eq!(platform.notices.listed(), []);
    assert_eq!(platform.processors.enabled().count(), 2);
    assert_eq!(platform.to_string(), "2 processors, 1 I/O APIC, HPET, ACPI PM timer of 24 bits");
    assert_eq!(platform.fixed.reset, None, "ACPI 1.0 has no reset register");
    assert!(platform.soft_off.is_some());
}
