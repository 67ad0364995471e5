//! Soft-off: the ports, and the sleep types from the DSDT (ACPI 6.5, sections 7.4.2 and 16.1.7).

use xtcore::PhysAddr;

use super::register::port;
use super::{Fadt, GenericAddress, Register};
use crate::memory::ReadPhysical;
use crate::notice::{Notice, Notices};
use crate::table::{CHUNK, HEADER, Signature, Table};

/// Most bytes of a DSDT.
const DSDT_LIMIT: u32 = 4 << 20;

/// How to enter the sleeping state S5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SoftOff {
    /// Port of the PM1a control register.
    pub control_a: u16,
    /// Port of the PM1b control register, or 0.
    pub control_b: u16,
    /// SLP_TYPa.
    pub type_a: u8,
    /// SLP_TYPb.
    pub type_b: u8,
    /// Port of the SMI command register, or 0.
    pub smi_command: u16,
    /// What to write there to enter ACPI mode, or 0.
    pub enable: u8,
}

/// Finds how to switch the machine off; `None` when the tables do not tell, or there is no such hardware.
///
/// Reads each byte of at most two DSDTs at most twice, and a few bytes behind each `_S5_` once more.
pub(crate) fn find(memory: &mut impl ReadPhysical, fadt: &Fadt, notices: &mut Notices) -> Option<SoftOff> {
    let control_a = control(fadt.control_a.get(), &fadt.wide_control_a)?;
    let control_b = control(fadt.control_b.get(), &fadt.wide_control_b).unwrap_or(0);
    let dsdt = differentiated(memory, fadt, notices)?;
    let Some((type_a, type_b)) = sleep_types(memory, &dsdt) else {
        notices.push(Notice::NoSleepTypes { at: dsdt.base() });
        return None;
    };
    // A port beyond 16 bits is none.
    let smi_command = u16::try_from(fadt.smi_command.get()).unwrap_or(0);
    Some(SoftOff { control_a, control_b, type_a, type_b, smi_command, enable: fadt.acpi_enable })
}

/// Returns the port of a control register. The narrow address comes first: firmware errs more often in the wide one.
fn control(narrow: u32, wide: &GenericAddress) -> Option<u16> {
    port(narrow.into()).or_else(|| match wide.register()? {
        Register::Port(port) => Some(port),
        Register::Memory(_) => None,
    })
}

/// Opens the DSDT, at its wide address or else at its narrow one.
fn differentiated(memory: &mut impl ReadPhysical, fadt: &Fadt, notices: &mut Notices) -> Option<Table> {
    let signature = Signature::DSDT;
    let mut open = |at| {
        let opened = Table::open(memory, at, signature, DSDT_LIMIT);
        opened.map_err(|fault| notices.push(Notice::Table { signature, at, fault })).ok()
    };
    // Only where both are absent is there something to say about that.
    match (PhysAddr::new(fadt.wide_dsdt.get()), PhysAddr::new(fadt.dsdt.get().into())) {
        (wide, narrow) if narrow == PhysAddr::ZERO || narrow == wide => open(wide),
        (PhysAddr::ZERO, narrow) => open(narrow),
        (wide, narrow) => open(wide).or_else(|| open(narrow)),
    }
}

/// Finds the two sleep types by their definition: NameOp `_S5_` or NameOp `\_S5_`, then a package.
///
/// This is a search through the bytes, not an interpreter: a name without NameOp before it is a use, not a definition,
/// and one without such a package behind it is a coincidence. The search goes on behind both.
fn sleep_types(memory: &mut impl ReadPhysical, table: &Table) -> Option<(u8, u8)> {
    const NAME: u8 = 0x08;
    let mut window = [0; 6];
    let mut chunk = [0; CHUNK];
    let mut offset = HEADER;
    while offset < table.bytes() {
        for byte in table.read(memory, offset, &mut chunk).ok()? {
            window.rotate_left(1);
            let [.., last] = &mut window;
            *last = *byte;
            offset += 1;
            if let [_, NAME, b'_', b'S', b'5', b'_'] | [NAME, b'\\', b'_', b'S', b'5', b'_'] = window
                && let Some(types) = package(memory, table, offset)
            {
                return Some(types);
            }
        }
    }
    None
}

/// Reads the first two elements of a package of small integers (ACPI 6.5, section 20.2): PackageOp, length, count,
/// elements.
fn package(memory: &mut impl ReadPhysical, table: &Table, offset: u32) -> Option<(u8, u8)> {
    /// Bytes of the longest such package up to its second element's end.
    const MOST: usize = 10;
    const PACKAGE: u8 = 0x12;
    let mut buffer = [0; MOST];
    let (operator, rest) = table.read(memory, offset, &mut buffer).ok()?.split_first()?;
    let (length, rest) = rest.split_first()?;
    // The two top bits of the first length byte tell how many follow.
    let (count, elements) = rest.get(usize::from(length >> 6)..)?.split_first()?;
    if *operator != PACKAGE || *count < 2 {
        return None;
    }
    let (first, rest) = small_integer(elements)?;
    let (second, _) = small_integer(rest)?;
    Some((first, second))
}

/// Decodes a sleep type, which has three bits, and returns what follows it.
fn small_integer(bytes: &[u8]) -> Option<(u8, &[u8])> {
    const ZERO: u8 = 0x00;
    const ONE: u8 = 0x01;
    const BYTE: u8 = 0x0A;
    let (value, rest) = match bytes {
        [small @ (ZERO | ONE), rest @ ..] | [BYTE, small, rest @ ..] => (*small, rest),
        _ => return None,
    };
    (value <= 7).then_some((value, rest))
}
