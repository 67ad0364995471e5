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

/// Largest RSDP, root table and FADT that is looked at, in bytes: an XSDT with 507 entries.
const SMALL: u64 = 4096;
/// Largest DSDT that is looked at.
const LARGE: u64 = 4 << 20;
/// Bytes of the header that all tables but the RSDP begin with.
const HEADER: u64 = 36;

/// Finds how to switch the machine off, starting from the RSDP; `None` when the tables do not tell.
///
/// Reads each byte of at most three small tables, of the FADT's namesakes and of two DSDTs at most twice.
pub(crate) fn soft_off(memory: &mut impl ReadPhysical, rsdp: PhysAddr) -> Option<SoftOff> {
    let fadt = fixed_table(memory, rsdp)?;
    // A port beyond 16 bits is none.
    let mut port = |offset| Some(u16::try_from(fadt.word(memory, offset)?).unwrap_or(0));
    let smi_command = port(48)?;
    let control_a = port(64)?;
    let control_b = port(68)?;
    let enable = fadt.byte(memory, 52)?;
    let (narrow, wide) = (fadt.word(memory, 40).map(u64::from), fadt.double(memory, 140));
    let dsdt = [wide, narrow]
        .into_iter()
        .flatten()
        .find_map(|address| Table::identify(memory, PhysAddr::new(address), *b"DSDT", LARGE))?;
    let (type_a, type_b) = sleep_types(memory, &dsdt)?;
    (control_a != 0).then_some(SoftOff { control_a, control_b, type_a, type_b, smi_command, enable })
}

/// Finds the FADT: through the XSDT if there is one that can be read, else through the RSDT.
fn fixed_table(memory: &mut impl ReadPhysical, rsdp: PhysAddr) -> Option<Table> {
    // What ACPI 1.0 had comes first, with a checksum of its own.
    let old = Table { base: rsdp, bytes: 20 };
    if old.bytes(memory, 0)? != *b"RSD PTR " || !old.adds_up(memory) {
        return None;
    }
    let narrow = PhysAddr::new(old.word(memory, 16)?.into());
    if old.byte(memory, 15)? >= 2 {
        let claimed = Table { base: rsdp, bytes: 36 }.word(memory, 20)?.into();
        let whole = Table { base: rsdp, bytes: claimed };
        if !(36..=SMALL).contains(&claimed) || !whole.adds_up(memory) {
            return None;
        }
        let wide = PhysAddr::new(whole.double(memory, 24)?);
        if let Some(root) = Table::identify(memory, wide, *b"XSDT", SMALL) {
            return listed(memory, &root, |memory, offset| root.double(memory, offset), 8);
        }
    }
    let root = Table::identify(memory, narrow, *b"RSDT", SMALL)?;
    listed(memory, &root, |memory, offset| root.word(memory, offset).map(u64::from), 4)
}

/// Returns the first FADT in a root table whose entries are `width` bytes wide and are read by `entry`.
fn listed<M: ReadPhysical>(
    memory: &mut M,
    root: &Table,
    entry: impl Fn(&mut M, u64) -> Option<u64>,
    width: u64,
) -> Option<Table> {
    (HEADER..root.bytes).step_by(width as usize).find_map(|offset| {
        let address = PhysAddr::new(entry(memory, offset)?);
        Table::identify(memory, address, *b"FACP", SMALL)
    })
}

/// Finds the two sleep types by their definition: NameOp `_S5_` or NameOp `\_S5_`, then a package.
///
/// This is a search through the bytes, not an interpreter: a name without NameOp before it is a use, not a definition,
/// and one without such a package behind it is a coincidence. The search goes on behind both.
fn sleep_types(memory: &mut impl ReadPhysical, table: &Table) -> Option<(u8, u8)> {
    const NAME: u8 = 0x08;
    let mut window = [0; 6];
    let mut chunk = [0; 256];
    let mut offset = HEADER;
    while offset < table.bytes {
        let wanted = usize::try_from((table.bytes - offset).min(256)).ok()?;
        let bytes = chunk.get_mut(..wanted)?;
        if !memory.read(table.base.checked_add(offset)?, bytes) {
            return None;
        }
        for byte in bytes.iter() {
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
fn package(memory: &mut impl ReadPhysical, table: &Table, mut at: u64) -> Option<(u8, u8)> {
    const PACKAGE: u8 = 0x12;
    if table.byte(memory, at)? != PACKAGE {
        return None;
    }
    // The two top bits of the first length byte tell how many follow.
    at += 2 + u64::from(table.byte(memory, at + 1)? >> 6);
    if table.byte(memory, at)? < 2 {
        return None;
    }
    at += 1;
    let mut element = || {
        const ZERO: u8 = 0x00;
        const ONE: u8 = 0x01;
        const BYTE: u8 = 0x0A;
        let (value, bytes) = match table.byte(memory, at)? {
            small @ (ZERO | ONE) => (small, 1),
            BYTE => (table.byte(memory, at + 1)?, 2),
            _ => return None,
        };
        at += bytes;
        (value <= 7).then_some(value)
    };
    Some((element()?, element()?))
}

/// A table in physical memory, by its place and its length in bytes. Nothing is read outside.
#[derive(Clone, Copy, Debug)]
struct Table {
    base: PhysAddr,
    bytes: u64,
}

impl Table {
    /// Returns the table at `base` if it has the signature, a length between its header's and `limit`, and a checksum
    /// that fits.
    fn identify(
        memory: &mut impl ReadPhysical,
        base: PhysAddr,
        signature: [u8; 4],
        limit: u64,
    ) -> Option<Self> {
        if base == PhysAddr::new(0) {
            return None;
        }
        let header = Self { base, bytes: HEADER };
        if header.bytes(memory, 0)? != signature {
            return None;
        }
        let table = Self { base, bytes: header.word(memory, 4)?.into() };
        ((HEADER..=limit).contains(&table.bytes) && table.adds_up(memory)).then_some(table)
    }

    /// Tells whether all bytes add up to zero, modulo 256.
    fn adds_up(&self, memory: &mut impl ReadPhysical) -> bool {
        let mut sum = 0_u8;
        let mut chunk = [0; 256];
        for offset in (0..self.bytes).step_by(chunk.len()) {
            let wanted = (self.bytes - offset).min(256) as usize;
            let (Some(bytes), Some(from)) = (chunk.get_mut(..wanted), self.base.checked_add(offset)) else {
                return false;
            };
            if !memory.read(from, bytes) {
                return false;
            }
            sum = bytes.iter().fold(sum, |sum, byte| sum.wrapping_add(*byte));
        }
        sum == 0
    }

    fn bytes<const N: usize>(&self, memory: &mut impl ReadPhysical, offset: u64) -> Option<[u8; N]> {
        offset.checked_add(N as u64).filter(|end| *end <= self.bytes)?;
        let mut bytes = [0; N];
        memory.read(self.base.checked_add(offset)?, &mut bytes).then_some(bytes)
    }

    fn byte(&self, memory: &mut impl ReadPhysical, offset: u64) -> Option<u8> {
        self.bytes(memory, offset).map(|[byte]| byte)
    }

    fn word(&self, memory: &mut impl ReadPhysical, offset: u64) -> Option<u32> {
        self.bytes(memory, offset).map(u32::from_le_bytes)
    }

    fn double(&self, memory: &mut impl ReadPhysical, offset: u64) -> Option<u64> {
        self.bytes(memory, offset).map(u64::from_le_bytes)
    }
}
