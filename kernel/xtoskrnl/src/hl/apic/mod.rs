//! Interrupt controllers: the local APIC of each processor, the I/O APICs, and the PICs, which are silenced.
//!
//! One language is chosen for all local APICs, when the first processor calls [`start`]; then each processor, the
//! first one included, calls [`LocalApic::enable`]. From there on [`local`] is the way to the local APIC of whatever
//! processor asks, for traps and bug checks too, which are given nothing.

mod access;
mod command;
mod io;
mod local;
pub(crate) mod pic;
mod timer;

pub(crate) use io::{IoApic, RouteError};
pub(crate) use local::{LocalApic, NmiPin};

use core::fmt;

use arrayvec::ArrayVec;
use spin::Once;
use xtcore::PhysAddr;
use xtcore::interrupt::Gsi;
use xthal::apic::{Lock, Mode, Wish, X2Apic, choose};

use super::registers::Registers;
use crate::ar::control;
use access::Access;

/// The registers of an xAPIC.
pub(crate) type LocalRegisters = Registers<1024>;

static LOCAL: Once<LocalApic> = Once::new();

/// Returns the local APIC of the processor that asks; `None` until [`start`] has been called.
#[inline]
pub(crate) fn local() -> Option<&'static LocalApic> {
    LOCAL.get()
}

/// Why there is no local APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StartError {
    /// CPUID does not report one.
    Absent,
    /// Its registers at that address could not be mapped.
    NotMapped(PhysAddr),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => out.write_str("the processor has no local APIC"),
            Self::NotMapped(at) => {
                write!(out, "the registers of the local APIC at {:#x} cannot be mapped", at.get())
            }
        }
    }
}

/// Chooses the language of all local APICs. An xAPIC's registers are made visible by `map`, which an x2APIC does not
/// need. The first call counts; nothing is changed yet.
///
/// # Errors
/// All of [`StartError`].
pub(crate) fn start(
    wish: Wish,
    map: impl FnOnce(PhysAddr) -> Option<LocalRegisters>,
) -> Result<&'static LocalApic, StartError> {
    let [_, _, features, legacy] = control::cpuid(1, 0);
    if legacy & 1 << 9 == 0 {
        return Err(StartError::Absent);
    }
    let x2apic = if features & 1 << 21 != 0 { X2Apic::Present } else { X2Apic::Absent };
    let base = access::base();
    let access = match choose(base, x2apic, lock(), wish) {
        Mode::X2Apic => Access::Msr,
        Mode::XApic => Access::Memory(map(base.address()).ok_or(StartError::NotMapped(base.address()))?),
    };
    Ok(LOCAL.call_once(|| LocalApic::new(access, base.address())))
}

/// Asks whether firmware has locked x2APIC: IA32_XAPIC_DISABLE_STATUS, which exists where bit 21 of
/// IA32_ARCH_CAPABILITIES says so, which exists where CPUID says so (SDM volume 4, table 2-2).
fn lock() -> Lock {
    let [highest, ..] = control::cpuid(0, 0);
    let has_capabilities = highest >= 7 && control::cpuid(7, 0)[3] & 1 << 29 != 0;
    if has_capabilities && access::is_locked() { Lock::Locked } else { Lock::Open }
}

/// The most I/O APICs that are used.
pub(crate) const MOST_IO_APICS: usize = 16;

static IO: Once<ArrayVec<IoApic, MOST_IO_APICS>> = Once::new();

/// Makes the I/O APICs known; the first call counts.
pub(crate) fn publish_io(apics: ArrayVec<IoApic, MOST_IO_APICS>) -> &'static [IoApic] {
    IO.call_once(|| apics)
}

/// Returns the I/O APICs.
pub(crate) fn io() -> &'static [IoApic] {
    IO.get().map(ArrayVec::as_slice).unwrap_or_default()
}

/// Returns the I/O APIC that has an interrupt.
pub(crate) fn io_of(gsi: Gsi) -> Option<&'static IoApic> {
    io().iter().find(|apic| apic.has(gsi))
}
