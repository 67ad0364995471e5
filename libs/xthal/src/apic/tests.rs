use proptest::prelude::*;
use xtcore::interrupt::Polarity;
use xtcore::{ApicId, Frame, PhysAddr};

use super::{
    Base, Command, CommandError, Divide, LocalVector, Lock, Message, Mode, Register, Setting, StartPage,
    Target, TimerMode, Wish, X2Apic, choose,
};
use crate::Vector;
use crate::time::{Frequency, Interval};

#[test]
fn registers_lie_where_the_manual_has_them() {
    for (register, offset, msr) in [
        (Register::ID, 0x020, 0x802),
        (Register::VERSION, 0x030, 0x803),
        (Register::TASK_PRIORITY, 0x080, 0x808),
        (Register::END_OF_INTERRUPT, 0x0B0, 0x80B),
        (Register::SPURIOUS_VECTOR, 0x0F0, 0x80F),
        (Register::ERROR_STATUS, 0x280, 0x828),
        (Register::LVT_CORRECTED_ERRORS, 0x2F0, 0x82F),
        (Register::COMMAND, 0x300, 0x830),
        (Register::LVT_TIMER, 0x320, 0x832),
        (Register::LVT_THERMAL, 0x330, 0x833),
        (Register::LVT_PERFORMANCE, 0x340, 0x834),
        (Register::LVT_LINT0, 0x350, 0x835),
        (Register::LVT_LINT1, 0x360, 0x836),
        (Register::LVT_ERROR, 0x370, 0x837),
        (Register::TIMER_INITIAL, 0x380, 0x838),
        (Register::TIMER_CURRENT, 0x390, 0x839),
        (Register::TIMER_DIVIDE, 0x3E0, 0x83E),
        (Register::SELF_IPI, 0x3F0, 0x83F),
    ] {
        assert_eq!((register.offset(), register.msr()), (offset, msr));
    }
}

#[test]
fn each_vector_has_a_bit_of_its_own_in_both_banks() {
    let (first, first_bit) = Register::requested(Vector::new(0));
    assert_eq!((first.offset(), first_bit), (0x200, 1));
    let (last, last_bit) = Register::requested(Vector::new(255));
    assert_eq!((last.offset(), last_bit), (0x270, 1 << 31));
    assert_eq!(Register::in_service(Vector::new(0xD0)).0.offset(), 0x160);
    assert_eq!(Register::in_service(Vector::new(0xD0)).1, 1 << 16);
}

#[test]
fn an_identifier_is_read_as_each_language_writes_it() {
    assert_eq!(Mode::XApic.id_in(0x0500_0000), ApicId::new(5));
    assert_eq!(Mode::X2Apic.id_in(0x0500_0000), ApicId::new(0x0500_0000));
}

#[test]
fn commands_have_the_manuals_bits() {
    let encode = |message, target, mode| Command::new(message, target, mode).unwrap().bits();
    let page = StartPage::new(Frame::new(8)).unwrap();
    let one = Target::One(ApicId::new(3));
    assert_eq!(encode(Message::Init, one, Mode::XApic), 0x0300_0000_0000_4500);
    assert_eq!(encode(Message::StartUp(page), one, Mode::XApic), 0x0300_0000_0000_4608);
    assert_eq!(encode(Message::Init, one, Mode::X2Apic), 0x0000_0003_0000_4500);
    assert_eq!(encode(Message::NonMaskable, Target::Others, Mode::X2Apic), 0x000C_4400);
    assert_eq!(encode(Message::Fixed(Vector::INBOX), Target::Own, Mode::XApic), 0x0004_40E0);
}

#[test]
fn identifiers_that_mean_everybody_or_do_not_fit_are_refused() {
    let send = |id, mode| Command::new(Message::Init, Target::One(ApicId::new(id)), mode);
    for id in [0xFF, 0x100, u32::MAX] {
        let refused = CommandError::NoSuchId { id: ApicId::new(id), mode: Mode::XApic };
        assert_eq!(send(id, Mode::XApic), Err(refused));
    }
    assert!(send(0xFE, Mode::XApic).is_ok());
    assert!(send(0xFF, Mode::X2Apic).is_ok());
    assert!(send(u32::MAX - 1, Mode::X2Apic).is_ok());
    assert!(send(u32::MAX, Mode::X2Apic).is_err());
}

#[test]
fn a_processor_interrupts_itself_and_nothing_else() {
    for message in [Message::Init, Message::NonMaskable] {
        let refused = Err(CommandError::NotToOneself(message));
        assert_eq!(Command::new(message, Target::Own, Mode::X2Apic), refused);
    }
}

#[test]
fn vectors_of_exceptions_are_not_sent() {
    for number in 0..=u8::MAX {
        let vector = Vector::new(number);
        let sent = Command::new(Message::Fixed(vector), Target::Others, Mode::XApic);
        assert_eq!(sent.is_ok(), number >= 0x20, "{vector}");
    }
}

#[test]
fn processors_start_below_the_video_memory_and_not_on_page_zero() {
    for number in [0, 0xA0, 0xBF, 0xFF, 0x100, 1 << 40] {
        assert_eq!(StartPage::new(Frame::new(number)), None, "{number:#x}");
    }
    for number in [1, 0x9F] {
        assert_eq!(u64::from(StartPage::new(Frame::new(number)).unwrap().number()), number);
    }
}

#[test]
fn local_vectors_have_the_manuals_bits() {
    assert_eq!(LocalVector::masked().bits(), 0x1_00FF);
    assert_eq!(LocalVector::non_maskable(Polarity::ActiveHigh).bits(), 0x400);
    assert_eq!(LocalVector::non_maskable(Polarity::ActiveLow).bits(), 0x2400);
    assert_eq!(LocalVector::timer(Vector::CLOCK, TimerMode::OneShot).bits(), 0x0_00D0);
    assert_eq!(LocalVector::timer(Vector::CLOCK, TimerMode::Periodic).bits(), 0x2_00D0);
    assert_eq!(LocalVector::timer(Vector::CLOCK, TimerMode::TscDeadline).bits(), 0x4_00D0);
    assert_eq!(LocalVector::fixed(Vector::APIC_ERROR).with_mask().bits(), 0x1_00FE);
}

#[test]
fn the_divider_is_written_as_the_manual_says() {
    let written = [(1, 0b1011), (2, 0), (4, 1), (8, 2), (16, 3), (32, 8), (64, 9), (128, 10)];
    let ours: std::vec::Vec<_> = Divide::all().map(|divide| (divide.get(), divide.bits())).collect();
    assert_eq!(ours, written);
}

const BASE: u64 = 0xFEE0_0000;

#[test]
fn the_base_register_tells_place_and_language() {
    let base = Base::new(BASE | 0x900);
    assert_eq!(base.address(), PhysAddr::new(BASE));
    assert!(base.is_boot_processor());
    assert_eq!(base.mode(), Some(Mode::XApic));
    assert_eq!(Base::new(BASE | 0xC00).mode(), Some(Mode::X2Apic));
    assert!(!Base::new(BASE | 0xC00).is_boot_processor());
    assert_eq!(Base::new(BASE | 0x100).mode(), None);
    assert_eq!(base.at(PhysAddr::new(0xF_1234_5000)).bits(), 0xF_1234_5900);
}

/// The transitions of the manual's figure, written down once more: from and to as (enabled, x2APIC).
const LEGAL: [((bool, bool), (bool, bool)); 8] = [
    ((false, false), (false, false)),
    ((false, false), (true, false)),
    ((true, false), (true, false)),
    ((true, false), (true, true)),
    ((true, false), (false, false)),
    ((true, true), (true, true)),
    ((true, true), (false, false)),
    ((false, false), (false, false)),
];

#[test]
fn every_way_between_the_languages_takes_legal_steps_only() {
    let state = |base: Base| (base.bits() & 1 << 11 != 0, base.bits() & 1 << 10 != 0);
    for from in [0x100, 0x900, 0xD00] {
        for mode in [Mode::XApic, Mode::X2Apic] {
            let mut at = Base::new(BASE | from);
            for step in at.way_to(mode).into_iter().flatten() {
                assert!(LEGAL.contains(&(state(at), state(step))), "{at:?} to {step:?}");
                assert_eq!(step.address(), at.address());
                assert!(step.is_boot_processor());
                at = step;
            }
            assert_eq!(at.mode(), Some(mode));
        }
    }
}

#[test]
fn x2apic_is_spoken_where_it_can_be_unless_the_user_objects_and_firmware_lets_go() {
    let (xapic, x2apic) = (Base::new(BASE | 0x800), Base::new(BASE | 0xC00));
    let (has, lacks) = (X2Apic::Present, X2Apic::Absent);
    assert_eq!(choose(xapic, has, Lock::Open, Wish::Best), Mode::X2Apic);
    assert_eq!(choose(xapic, lacks, Lock::Open, Wish::Best), Mode::XApic);
    assert_eq!(choose(xapic, has, Lock::Open, Wish::XApic), Mode::XApic);
    assert_eq!(choose(x2apic, has, Lock::Open, Wish::XApic), Mode::XApic);
    assert_eq!(choose(x2apic, has, Lock::Locked, Wish::XApic), Mode::X2Apic);
    // Locked, but still an xAPIC: then there is nothing that could not be left.
    assert_eq!(choose(xapic, has, Lock::Locked, Wish::XApic), Mode::XApic);
}

proptest! {
    #[test]
    fn a_timer_setting_is_as_close_to_the_period_as_its_divider_allows(
        hertz in 1_000_000_u64..20_000_000_000,
        units in 100_u64..1_000_000_000,
    ) {
        let input = Frequency::new(hertz).unwrap();
        let wanted = Interval::new(units);
        if let Some(setting) = Setting::for_period(input, wanted) {
            prop_assert!(setting.count > 0);
            // Half a tick of the divided clock, and what rounding to a unit of 100 ns takes.
            let tick = u64::from(setting.divide.get()) * 10_000_000 / hertz;
            prop_assert!(setting.period.units().abs_diff(units) <= tick / 2 + 2);
            // The next smaller divider would not do.
            if setting.divide.get() > 1 {
                let ticks = input.ticks_in(wanted).unwrap() / u64::from(setting.divide.get() / 2);
                prop_assert!(ticks >= u64::from(u32::MAX));
            }
        } else {
            let ticks = input.ticks_in(wanted).unwrap();
            prop_assert!(ticks == 0 || ticks / 128 >= u64::from(u32::MAX) - 1);
        }
    }

    #[test]
    fn a_command_keeps_its_destination(id in 0_u32..0xFFFF_FFFF, vector in 0x20_u8..) {
        let message = Message::Fixed(Vector::new(vector));
        let wide = Command::new(message, Target::One(ApicId::new(id)), Mode::X2Apic).unwrap();
        prop_assert_eq!(wide.high(), id);
        prop_assert_eq!(wide.low(), 0x4000 | u32::from(vector));
        let narrow = Command::new(message, Target::One(ApicId::new(id % 0xFF)), Mode::XApic).unwrap();
        prop_assert_eq!(narrow.high(), (id % 0xFF) << 24);
    }
}
