//! A builder of tables, good and bad. It knows offsets from the specification only, none of the crate's types.

use super::memory::Memory;

/// Where the builder puts things.
pub const RSDP: u64 = 0xE_0000;
pub const RSDT: u64 = 0x1000;
pub const XSDT: u64 = 0x2000;
pub const FADT: u64 = 0x3000;
pub const MADT: u64 = 0x1_0000;
pub const HPET: u64 = 0x4000;
/// Above 4 GiB.
pub const DSDT: u64 = 0x1_0000_5000;

/// Makes the bytes add up to zero, by the one at `place`.
pub fn seal(bytes: &mut [u8], place: usize) {
    bytes[place] = 0;
    bytes[place] = bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
}

/// Builds a table: header, then `body`.
pub fn table(signature: &[u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = signature.to_vec();
    bytes.extend((36 + body.len() as u32).to_le_bytes());
    bytes.extend([revision, 0]);
    bytes.extend(b"TESTER");
    bytes.extend(b"BUILDERS");
    bytes.extend([0; 12]);
    bytes.extend(body);
    seal(&mut bytes, 9);
    bytes
}

/// Sets a table's length to that of its bytes, and seals it.
pub fn reseal(bytes: &mut [u8]) {
    let length = bytes.len() as u32;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    seal(bytes, 9);
}

/// Makes the checksums right of whatever lengths the tables claim, so that what lies behind them is reached.
pub fn seal_all(memory: &mut Memory) {
    for (base, bytes) in &mut memory.pieces {
        if *base == RSDP {
            seal(&mut bytes[..20], 8);
            seal(bytes, 32);
        } else {
            let told = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
            let told = told.clamp(10, bytes.len());
            seal(&mut bytes[..told], 9);
        }
    }
}

/// Builds the RSDP of ACPI 2.0.
pub fn rsdp(rsdt: u32, xsdt: u64) -> Vec<u8> {
    let mut bytes = b"RSD PTR \0TESTER\x02".to_vec();
    bytes.extend(rsdt.to_le_bytes());
    seal(&mut bytes, 8);
    bytes.extend(36_u32.to_le_bytes());
    bytes.extend(xsdt.to_le_bytes());
    bytes.extend([0; 4]);
    seal(&mut bytes, 32);
    bytes
}

/// Builds an XSDT.
pub fn xsdt(entries: &[u64]) -> Vec<u8> {
    let body: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
    table(b"XSDT", 1, &body)
}

/// Builds an RSDT.
pub fn rsdt(entries: &[u64]) -> Vec<u8> {
    let body: Vec<u8> = entries.iter().flat_map(|entry| (*entry as u32).to_le_bytes()).collect();
    table(b"RSDT", 1, &body)
}

/// A generic address.
pub fn generic(space: u8, bits: u8, address: u64) -> Vec<u8> {
    let mut bytes = vec![space, bits, 0, 0];
    bytes.extend(address.to_le_bytes());
    bytes
}

/// Entries of a MADT.
pub mod entry {
    pub fn processor(uid: u8, apic_id: u8, flags: u32) -> Vec<u8> {
        [&[0, 8, uid, apic_id][..], &flags.to_le_bytes()].concat()
    }

    pub fn io_apic(id: u8, address: u32, first: u32) -> Vec<u8> {
        [&[1, 12, id, 0][..], &address.to_le_bytes(), &first.to_le_bytes()].concat()
    }

    pub fn wired(bus: u8, source: u8, gsi: u32, flags: u16) -> Vec<u8> {
        [&[2, 10, bus, source][..], &gsi.to_le_bytes(), &flags.to_le_bytes()].concat()
    }

    pub fn nmi_source(flags: u16, gsi: u32) -> Vec<u8> {
        [&[3, 8][..], &flags.to_le_bytes(), &gsi.to_le_bytes()].concat()
    }

    pub fn local_nmi(uid: u8, flags: u16, lint: u8) -> Vec<u8> {
        [&[4, 6, uid][..], &flags.to_le_bytes(), &[lint]].concat()
    }

    pub fn local_apics_at(address: u64) -> Vec<u8> {
        [&[5, 12, 0, 0][..], &address.to_le_bytes()].concat()
    }

    pub fn wide_processor(uid: u32, apic_id: u32, flags: u32) -> Vec<u8> {
        [&[9, 16, 0, 0][..], &apic_id.to_le_bytes(), &flags.to_le_bytes(), &uid.to_le_bytes()].concat()
    }

    pub fn wide_local_nmi(uid: u32, flags: u16, lint: u8) -> Vec<u8> {
        [&[10, 12][..], &flags.to_le_bytes(), &uid.to_le_bytes(), &[lint, 0, 0, 0]].concat()
    }
}

/// A machine, table by table; the checksums are made by [`Machine::build`].
#[derive(Clone, Debug)]
pub struct Machine {
    pub local_apic: u32,
    pub madt_flags: u32,
    pub entries: Vec<u8>,
    pub fadt: Vec<u8>,
    pub hpet: Vec<u8>,
    pub dsdt: Vec<u8>,
}

impl Machine {
    /// A small PC: two processors, an I/O APIC, the usual overrides, an NMI on LINT1, PM timer and event timer.
    pub fn pc() -> Self {
        let entries = [
            entry::processor(0, 0, 1),
            entry::processor(1, 2, 1),
            entry::io_apic(7, 0xFEC0_0000, 0),
            entry::wired(0, 0, 2, 0),
            entry::wired(0, 9, 9, 0xD),
            entry::local_nmi(0xFF, 0, 1),
        ];
        let mut fadt = vec![0; 276 - 36];
        let mut set = |offset: usize, bytes: &[u8]| fadt[offset - 36..][..bytes.len()].copy_from_slice(bytes);
        set(46, &9_u16.to_le_bytes());
        set(48, &0xB2_u32.to_le_bytes());
        set(52, &[0xA1]);
        set(64, &0x604_u32.to_le_bytes());
        set(76, &0x608_u32.to_le_bytes());
        set(91, &[4]);
        set(108, &[0x32]);
        set(109, &3_u16.to_le_bytes());
        set(112, &(1_u32 << 10).to_le_bytes());
        set(116, &generic(1, 8, 0xCF9));
        set(128, &[0xF]);
        set(140, &DSDT.to_le_bytes());
        let mut hpet = 0x8086_A201_u32.to_le_bytes().to_vec();
        hpet.extend(generic(0, 64, 0xFED0_0000));
        hpet.extend([0, 0x80, 0, 0]);
        let dsdt = b"\x10\x05_SB_\x08_S5_\x12\x06\x04\x0A\x05\x0A\x07\x00\x00".to_vec();
        Self { local_apic: 0xFEE0_0000, madt_flags: 1, entries: entries.concat(), fadt, hpet, dsdt }
    }

    /// The same with other entries in its MADT.
    pub fn with_entries(entries: &[Vec<u8>]) -> Self {
        Self { entries: entries.concat(), ..Self::pc() }
    }

    /// Changes bytes of the FADT, by their place in the table.
    pub fn fadt_with(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.fadt[offset - 36..][..bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Puts all tables into memory: an XSDT and an RSDT list the same ones.
    pub fn build(&self) -> Memory {
        let madt =
            [&self.local_apic.to_le_bytes()[..], &self.madt_flags.to_le_bytes(), &self.entries].concat();
        let listed = [FADT, MADT, HPET];
        let mut memory = Memory::default();
        memory.put(RSDP, &rsdp(RSDT as u32, XSDT));
        memory.put(RSDT, &rsdt(&listed));
        memory.put(XSDT, &xsdt(&listed));
        memory.put(FADT, &table(b"FACP", 6, &self.fadt));
        memory.put(MADT, &table(b"APIC", 5, &madt));
        memory.put(HPET, &table(b"HPET", 1, &self.hpet));
        memory.put(DSDT, &table(b"DSDT", 2, &self.dsdt));
        memory
    }
}
