//! The FADT: the fixed hardware of ACPI, and what a PC has and has not (ACPI 6.5, section 5.2.9).
//!
//! Fields that a table is too short for are zero, which means "not there".

mod register;
mod sleep;

use bitflags::bitflags;
use xtcore::interrupt::{Gsi, Line, Signal};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use crate::interrupt::{IsaIrq, IsaWiring};
use crate::madt::{InterruptModel, Interrupts, LegacyPics};
use crate::memory::{ReadPhysical, Unreadable};
use crate::notice::{Notices, RegisterName};
use crate::table::{Header, Table};

pub(crate) use self::register::GenericAddress;
pub use self::register::Register;
use self::register::port;
pub use self::sleep::SoftOff;
pub(crate) use self::sleep::find as find_soft_off;

/// The fields that are of interest, and what lies between them.
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
pub(crate) struct Fadt {
    header: Header,
    facs: U32,
    dsdt: U32,
    reserved: u8,
    profile: u8,
    sci: U16,
    smi_command: U32,
    acpi_enable: u8,
    acpi_disable: u8,
    s4_request: u8,
    p_state: u8,
    event_blocks: [U32; 2],
    control_a: U32,
    control_b: U32,
    control_2: U32,
    timer: U32,
    general_events: [U32; 2],
    lengths: [u8; 3],
    timer_bytes: u8,
    latencies: [u8; 16],
    century: u8,
    boot: U16,
    reserved_too: u8,
    flags: U32,
    reset: GenericAddress,
    reset_value: u8,
    arm_boot: U16,
    minor_revision: u8,
    wide_facs: U64,
    wide_dsdt: U64,
    wide_event_blocks: [GenericAddress; 2],
    wide_control_a: GenericAddress,
    wide_control_b: GenericAddress,
    wide_control_2: GenericAddress,
    wide_timer: GenericAddress,
}

const _: () = assert!(size_of::<Fadt>() == 220, "X_PM_TMR_BLK ends at offset 220");

/// The PM timer counts in 32 bits, not in 24 (`TMR_VAL_EXT`).
const WIDE_TIMER: u32 = 1 << 8;
/// There is a reset register (`RESET_REG_SUP`).
const HAS_RESET: u32 = 1 << 10;
/// There is no fixed hardware (`HW_REDUCED_ACPI`).
const HARDWARE_REDUCED: u32 = 1 << 20;
/// The first revision that has more than the fields of ACPI 1.0.
const ACPI_2: u8 = 3;

bitflags! {
    /// What a PC has and has not (`IAPC_BOOT_ARCH`; ACPI 6.5, table 5.11).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BootArchitecture: u16 {
        /// There are devices on an LPC or ISA bus that a user can see.
        const LEGACY_DEVICES = 1 << 0;
        /// There is a keyboard controller at the ports 0x60 and 0x64.
        const KEYBOARD_CONTROLLER = 1 << 1;
        /// VGA hardware must not be looked for.
        const NO_VGA = 1 << 2;
        /// Message-signalled interrupts must not be used.
        const NO_MSI = 1 << 3;
        /// Active-state power management of PCI Express must not be used.
        const NO_ASPM = 1 << 4;
        /// There is no real-time clock at the ports 0x70 and 0x71.
        const NO_CMOS_CLOCK = 1 << 5;
    }
}

impl Default for BootArchitecture {
    /// What tables older than these flags, or none, mean: a PC.
    fn default() -> Self {
        Self::LEGACY_DEVICES | Self::KEYBOARD_CONTROLLER
    }
}

/// Bits of the PM timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PmTimerWidth {
    /// 24: it starts again every 4.7 s.
    Bits24,
    /// 32.
    Bits32,
}

impl PmTimerWidth {
    /// Returns the number of bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits24 => 24,
            Self::Bits32 => 32,
        }
    }
}

/// The ACPI PM timer, which counts at 3.579545 MHz (ACPI 6.5, section 4.8.3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PmTimer {
    /// Its 32-bit register.
    pub register: Register,
    /// How many of its bits count.
    pub width: PmTimerWidth,
}

/// How to reset the machine (ACPI 6.5, section 4.8.3.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reset {
    /// The 8-bit register.
    pub register: Register,
    /// What to write there.
    pub value: u8,
}

/// What the FADT says of fixed hardware.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fixed {
    /// The system control interrupt.
    pub sci: Option<Line>,
    /// The PM timer.
    pub pm_timer: Option<PmTimer>,
    /// The register of the real-time clock that holds the century.
    pub century: Option<u8>,
    /// How to reset the machine.
    pub reset: Option<Reset>,
    /// What a PC has and has not.
    pub boot: BootArchitecture,
}

impl Fadt {
    /// Reads the table.
    pub(crate) fn read(memory: &mut impl ReadPhysical, table: Table) -> Result<Self, Unreadable> {
        table.beginning(memory)
    }

    /// Returns what the table says of fixed hardware.
    pub(crate) fn fixed(&self, interrupts: &Interrupts, notices: &mut Notices) -> Fixed {
        let mut fixed = Fixed { century: (self.century != 0).then_some(self.century), ..Fixed::default() };
        let flags = self.flags.get();
        if flags & HARDWARE_REDUCED == 0 {
            fixed.sci = self.sci(interrupts);
            fixed.pm_timer = self.pm_timer(notices);
        }
        if flags & HAS_RESET != 0 {
            let register = usable(&self.reset, RegisterName::Reset, notices);
            fixed.reset = register.map(|register| Reset { register, value: self.reset_value });
        }
        if self.header.revision() >= ACPI_2 {
            fixed.boot = BootArchitecture::from_bits_truncate(self.boot.get());
        }
        fixed
    }

    /// Returns the system control interrupt. Its number is that of a line of the two interrupt controllers where these
    /// exist, else an input.
    fn sci(&self, interrupts: &Interrupts) -> Option<Line> {
        let number = self.sci.get();
        let line = match (interrupts.model, interrupts.legacy_pics) {
            (InterruptModel::Apic, LegacyPics::Absent) => None,
            _ => u8::try_from(number).ok().and_then(IsaIrq::new),
        };
        let default = Line { gsi: Gsi::new(number.into()), signal: Signal::SHARED };
        (number != 0).then(|| line.map_or(default, |line| shared(&interrupts.isa, line)))
    }

    fn pm_timer(&self, notices: &mut Notices) -> Option<PmTimer> {
        const BYTES: u8 = 4;
        let width =
            if self.flags.get() & WIDE_TIMER == 0 { PmTimerWidth::Bits24 } else { PmTimerWidth::Bits32 };
        if self.timer_bytes != BYTES {
            return None;
        }
        let wide = match self.wide_timer.is_absent() {
            true => None,
            false => usable(&self.wide_timer, RegisterName::PmTimer, notices),
        };
        let narrow = || port(self.timer.get().into()).map(Register::Port);
        Some(PmTimer { register: wide.or_else(narrow)?, width })
    }
}

/// Returns the register at an address, or says that it is not used.
fn usable(address: &GenericAddress, name: RegisterName, notices: &mut Notices) -> Option<Register> {
    let register = address.register();
    if register.is_none() {
        notices.push(address.unusable(name));
    }
    register
}

/// Returns where a line ends that is shared unless its override says otherwise.
fn shared(isa: &IsaWiring, line: IsaIrq) -> Line {
    let gsi = isa.of(line).gsi;
    let wiring = isa.overridden(line).map(|(_, wiring)| wiring).unwrap_or_default();
    Line { gsi, signal: wiring.on(Signal::SHARED) }
}
