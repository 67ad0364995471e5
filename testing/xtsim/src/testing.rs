//! A deliberately simple mapper for this crate's own tests, and the macro that runs a test in each mode.
//!
//! Its index arithmetic is written down once more, in divisions rather than shifts.

use xtcore::{Frame, FrameCount, FrameRange, PagingMode, PhysAddr, VirtAddr};

use crate::{Facts, PhysicalMemory, Ram, Table, Width};

pub(crate) const P: u64 = 0x01;
pub(crate) const RW: u64 = 0x02;
pub(crate) const US: u64 = 0x04;
pub(crate) const A: u64 = 0x20;
pub(crate) const D: u64 = 0x40;
pub(crate) const PS: u64 = 0x80;
pub(crate) const G: u64 = 0x100;
pub(crate) const XD: u64 = 0x8000_0000_0000_0000;

/// The first address without memory, low enough for every entry format.
pub(crate) const NOWHERE: u64 = 0xC000_0000;

/// An address space under construction. Tables come from frame 16 upwards, the root is the first of them.
pub(crate) struct Space {
    pub(crate) ram: Ram,
    pub(crate) facts: Facts,
    next: u64,
}

impl Space {
    pub(crate) fn new(mode: PagingMode) -> Self {
        let width = if mode.levels() < 4 { Width::Bits32 } else { Width::Bits64 };
        let mut ram = Ram::with(width, FrameRange::with_count(Frame::new(0), FrameCount::new(NOWHERE >> 12)));
        ram.set_background(0x5A);
        let root = Frame::new(16);
        ram.zero(root);
        let facts = Facts::modern(mode, root.address());
        let mut space = Self { ram, facts, next: 17 };
        if mode == PagingMode::Pml3 {
            for index in 0..4 {
                let directory = space.table();
                space.put(PhysAddr::new(root.address().get() + index * 8), directory.get() | P);
            }
        }
        space
    }

    pub(crate) fn entry_bytes(&self) -> u64 {
        if self.facts.mode == PagingMode::Pml2 { 4 } else { 8 }
    }

    pub(crate) fn put(&mut self, at: PhysAddr, value: u64) {
        if self.entry_bytes() == 4 {
            self.ram.store32(at, u32::try_from(value).expect("a 4-byte entry"));
        } else {
            self.ram.exchange64(at, value);
        }
    }

    pub(crate) fn get(&self, at: PhysAddr) -> u64 {
        if self.entry_bytes() == 4 {
            self.ram.read_u32(at).expect("memory").into()
        } else {
            self.ram.read_u64(at).expect("memory")
        }
    }

    pub(crate) fn table(&mut self) -> PhysAddr {
        let frame = Frame::new(self.next);
        self.next += 1;
        self.ram.zero(frame);
        frame.address()
    }

    /// Bytes that one entry of a table covers.
    pub(crate) fn page_bytes(&self, table: Table) -> u64 {
        match (table, self.facts.mode) {
            (Table::Pt, _) => 4096,
            (Table::Pd, PagingMode::Pml2) => 4096 * 1024,
            (Table::Pd, _) => 4096 * 512,
            (Table::Pdpt, _) => 4096 * 512 * 512,
            (Table::Pml4, _) => 4096 * 512 * 512 * 512,
            (Table::Pml5, _) => 4096 * 512 * 512 * 512 * 512,
        }
    }

    /// Returns where the entry of `wanted` for `va` is, creating the tables on the way.
    pub(crate) fn entry_at(&mut self, va: VirtAddr, wanted: Table) -> PhysAddr {
        let all = [Table::Pml5, Table::Pml4, Table::Pdpt, Table::Pd, Table::Pt];
        let levels = usize::from(self.facts.mode.levels());
        let mut base = self.facts.cr3 & !0xFFF;
        for table in &all[5 - levels..] {
            let entries = 4096 / self.entry_bytes();
            let entries = if *table == Table::Pdpt && levels == 3 { 4 } else { entries };
            let index = va.get() / self.page_bytes(*table) % entries;
            let at = PhysAddr::new(base + index * self.entry_bytes());
            if *table == wanted {
                return at;
            }
            if self.get(at) & P == 0 {
                let below = self.table();
                self.put(at, below.get() | P | RW | US);
            }
            base = self.get(at) & 0x000F_FFFF_FFFF_F000;
        }
        panic!("{wanted:?} does not exist in this mode");
    }

    /// Maps one page by an entry of `table`; `flags` beside P and PS.
    pub(crate) fn map(&mut self, va: u64, table: Table, physical: u64, flags: u64) -> PhysAddr {
        let at = self.entry_at(VirtAddr::new(va), table);
        let size = if table == Table::Pt { 0 } else { PS };
        self.put(at, physical | flags | size | P);
        at
    }

    /// Installs the self-map: the root (in PAE the four directories) in its own entries from `slot` upwards.
    pub(crate) fn self_map(&mut self, slot: u64) {
        let root = self.facts.cr3;
        if self.facts.mode != PagingMode::Pml3 {
            self.put(PhysAddr::new(root + slot * self.entry_bytes()), root | P | RW);
            return;
        }
        let last = self.get(PhysAddr::new(root + 24)) & !0xFFF;
        for index in 0..4 {
            let directory = self.get(PhysAddr::new(root + index * 8)) & !0xFFF;
            self.put(PhysAddr::new(last + (slot + index) * 8), directory | P | RW);
        }
    }
}

/// Runs each named function, which takes a mode, as one test per paging mode.
macro_rules! in_each_mode {
    ($($name:ident),+ $(,)?) => {
        in_each_mode!(@mode pml2 Pml2 $($name)+);
        in_each_mode!(@mode pml3 Pml3 $($name)+);
        in_each_mode!(@mode pml4 Pml4 $($name)+);
        in_each_mode!(@mode pml5 Pml5 $($name)+);
    };
    (@mode $module:ident $mode:ident $($name:ident)+) => {
        mod $module {
            $(#[test]
            fn $name() {
                super::$name(xtcore::PagingMode::$mode);
            })+
        }
    };
}
pub(crate) use in_each_mode;
