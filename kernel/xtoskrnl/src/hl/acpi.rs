//! What switching off needs of ACPI: the fixed description table and the `_S5` package.
//!
//! Physical memory is read through a function of the caller, because this layer maps nothing. Every length comes from
//! firmware and is bounded before it is used. Source: ACPI 6.5, sections 5.2.5 (RSDP), 5.2.7 and 5.2.8 (RSDT, XSDT),
//! 5.2.9 (FADT), 7.4.2 (`_S5`), 16.1.7 (the transition).

use xtcore::PhysAddr;

/// Reads physical memory into a buffer; false when it cannot.
pub(crate) trait ReadPhysical {
    /// Fills `into` from `from` on.
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> bool;
}

/// How to enter the sleeping state S5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SoftOff {
    /// Port of the PM1a control register.
    pub(crate) control_a: u16,
    /// Port of the PM1b control register, or 0.
    pub(crate) control_b: u16,
    /// SLP_TYPa.
    pub(crate) type_a: u8,
    /// SLP_TYPb.
    pub(crate) type_b: u8,
    /// Port of the SMI command register, or 0.
    pub(crate) smi_command: u16,
    /// What to write there to enter ACPI mode, or 0.
    pub(crate) enable: u8,
}

/// Largest table that is looked at.
const LARGEST: u32 = 4 << 20;

/// Entries of the root table that are looked at.
const ENTRIES: u64 = 256;

const HEADER: u64 = 36;

/// Finds how to switch the machine off, starting from the RSDP; `None` when the tables do not tell.
pub(crate) fn soft_off(memory: &mut impl ReadPhysical, rsdp: PhysAddr) -> Option<SoftOff> {
    let fadt = fixed_table(memory, rsdp)?;
    let mut table = Table { memory, base: fadt };
    let narrow = u64::from(table.word(40)?);
    let wide =
        table.double(140).filter(|address| *address != 0 && table.length().is_some_and(|bytes| bytes >= 148));
    let dsdt = PhysAddr::new(wide.unwrap_or(narrow));
    let smi_command = u16::try_from(table.word(48)?).ok()?;
    let enable = table.byte(52)?;
    let control_a = u16::try_from(table.word(64)?).ok().filter(|port| *port != 0)?;
    let control_b = u16::try_from(table.word(68)?).ok()?;
    let (type_a, type_b) = sleep_types(&mut Table { memory: table.memory, base: dsdt })?;
    Some(SoftOff { control_a, control_b, type_a, type_b, smi_command, enable })
}

/// Returns the address of the FADT.
fn fixed_table(memory: &mut impl ReadPhysical, rsdp: PhysAddr) -> Option<PhysAddr> {
    let mut root = Table { memory, base: rsdp };
    let (revision, narrow, wide) = (root.byte(15)?, root.word(16)?, root.double(24)?);
    let (address, width) = if revision >= 2 && wide != 0 { (wide, 8) } else { (u64::from(narrow), 4) };
    root.base = PhysAddr::new(address);
    let entries = (u64::from(root.length()?).saturating_sub(HEADER) / width).min(ENTRIES);
    for entry in 0..entries {
        let offset = HEADER + entry * width;
        let table = if width == 8 { root.double(offset)? } else { u64::from(root.word(offset)?) };
        let mut signature = [0; 4];
        let known = root.memory.read(PhysAddr::new(table), &mut signature);
        if known && &signature == b"FACP" {
            return Some(PhysAddr::new(table));
        }
    }
    None
}

/// Finds the two sleep types of `_S5` by its name: NameOp "_S5_" PackageOp length count element element.
fn sleep_types(table: &mut Table<'_, impl ReadPhysical>) -> Option<(u8, u8)> {
    let length = u64::from(table.length()?);
    let mut window = [0; 4];
    let mut offset = HEADER;
    let mut chunk = [0; 256];
    while offset < length {
        let wanted = usize::try_from((length - offset).min(256)).ok()?;
        let bytes = chunk.get_mut(..wanted)?;
        if !table.memory.read(table.base.checked_add(offset)?, bytes) {
            return None;
        }
        for (index, byte) in bytes.iter().enumerate() {
            window.rotate_left(1);
            let [.., last] = &mut window;
            *last = *byte;
            if &window == b"_S5_" {
                return package(table, offset + index as u64 + 1);
            }
        }
        offset += 256;
    }
    None
}

/// Reads the first two elements of a package of small integers.
fn package(table: &mut Table<'_, impl ReadPhysical>, mut at: u64) -> Option<(u8, u8)> {
    const PACKAGE: u8 = 0x12;
    if table.byte(at)? != PACKAGE {
        return None;
    }
    // The two top bits of the first length byte tell how many follow; then comes the element count.
    at += 1 + u64::from(table.byte(at + 1)? >> 6) + 2;
    let mut element = || {
        const BYTE: u8 = 0x0A;
        let value = table.byte(at)?;
        let (value, bytes) = if value == BYTE { (table.byte(at + 1)?, 2) } else { (value, 1) };
        at += bytes;
        (value <= 7).then_some(value)
    };
    Some((element()?, element()?))
}

/// A table in physical memory.
struct Table<'a, M: ReadPhysical> {
    memory: &'a mut M,
    base: PhysAddr,
}

impl<M: ReadPhysical> Table<'_, M> {
    fn bytes<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        let at = self.base.checked_add(offset)?;
        self.memory.read(at, &mut bytes).then_some(bytes)
    }

    fn byte(&mut self, offset: u64) -> Option<u8> {
        self.bytes::<1>(offset).map(|[byte]| byte)
    }

    fn word(&mut self, offset: u64) -> Option<u32> {
        self.bytes(offset).map(u32::from_le_bytes)
    }

    fn double(&mut self, offset: u64) -> Option<u64> {
        self.bytes(offset).map(u64::from_le_bytes)
    }

    /// Returns the table's length in bytes, bounded.
    fn length(&mut self) -> Option<u32> {
        self.word(4).map(|bytes| bytes.min(LARGEST))
    }
}
