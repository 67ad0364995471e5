//! A simulated machine with an address space: memory, one processor, and the frames of its tables.

use std::cell::RefCell;
use std::sync::atomic::AtomicU8;

use xtcore::{Frame, FrameCount, FrameRange, Level, PagingMode, VirtAddr};
use xtpaging::entry::Format;
use xtpaging::{AddressSpace, Capabilities, Invalidation, Limbo, Mapping, SelfMap, Tlb, TlbObligation};
use xtsim::{AccessKind, Cpu, Facts, FramePool, Ram, Translation, translate};
use xtsupport::{SimTables, facts, width};

use super::Way;
use super::frames::PoolFrames;

/// Frames of the pool.
const POOL: u64 = 4096;

/// The machine.
pub(crate) struct Machine {
    pub(crate) ram: RefCell<Ram>,
    pub(crate) cpu: RefCell<Cpu>,
    pub(crate) space: AddressSpace,
    pub(crate) frames: PoolFrames,
    pub(crate) way: Way,
    /// Flags that the processor sets right before the next compare-exchange.
    pub(crate) race: AtomicU8,
}

impl Machine {
    /// Starts a machine on an empty address space, built the way the loader does it. RAM is poisoned with 0xFF.
    pub(crate) fn new(mode: PagingMode, capabilities: Capabilities, way: Way) -> Self {
        let all = FrameRange::with_count(Frame::new(0), FrameCount::new(1 << 34));
        let ram = RefCell::new(Ram::with(width(mode), all));
        let frames = pool(mode, &capabilities);
        let format = Format::new(mode, capabilities);
        let race = AtomicU8::new(0);
        let mut tables: SimTables<'_> = SimTables::by_frame(&ram, mode);
        let space = AddressSpace::create(SelfMap::standard(mode), format, &mut tables, &mut frames.clone())
            .expect("frames for the root");
        let facts = facts(&space);
        let cpu = RefCell::new(Cpu::start(&*ram.borrow(), facts).expect("a root that can be loaded"));
        Self { ram, cpu, space, frames, way, race }
    }

    /// Returns the tables, reached the machine's way.
    pub(crate) fn tables(&self) -> SimTables<'_> {
        let mode = self.space.mode();
        let tables = match self.way {
            Way::ByFrame => SimTables::by_frame(&self.ram, mode),
            Way::BySelfMap => SimTables::by_self_map(&self.ram, &self.cpu, *self.space.self_map(), mode),
        };
        tables.with_race(&self.race)
    }

    pub(crate) fn facts(&self) -> Facts {
        facts(&self.space)
    }

    /// Maps, and expects success.
    pub(crate) fn map(&self, mapping: &Mapping) {
        self.space.map(&mut self.tables(), &mut self.frames.clone(), mapping).expect("a mapping that fits");
    }

    /// Discharges an obligation to the processor, gives the tables back, and returns the frames that were mapped.
    pub(crate) fn discharge(&self, obligation: TlbObligation<'_, '_>) -> Vec<FrameRange> {
        let reclaimed = obligation.discharge(&mut CpuTlb { machine: self });
        for table in reclaimed.tables() {
            // Whoever still reads the table afterwards reads poison.
            self.ram.borrow_mut().poison(*table);
            self.frames.give_back(*table);
        }
        reclaimed.frames().to_vec()
    }

    /// Unmaps the whole range, and returns what was mapped.
    pub(crate) fn unmap(&self, pages: xtcore::VirtRange) -> Vec<FrameRange> {
        let mut tables = self.tables();
        let mut cursor = self.space.cursor(&mut tables, pages).expect("a range of pages");
        let (mut freed, mut limbo) = (Vec::new(), Limbo::new());
        while let Some(obligation) = cursor.unmap(&mut self.frames.clone(), &mut limbo).expect("mapped pages")
        {
            freed.extend(self.discharge(obligation));
        }
        freed
    }

    /// Has the processor use an address and every alias of its entries in the self-map. Faults are its own affair.
    pub(crate) fn touch(&self, address: VirtAddr) {
        let (mut cpu, mut ram) = (self.cpu.borrow_mut(), self.ram.borrow_mut());
        let _fault = cpu.translate(&mut ram, address, AccessKind::Read);
        for level in (1..=5).filter_map(Level::new) {
            if let Some(alias) = self.space.self_map().entry_address(level, address) {
                let _fault = cpu.translate(&mut ram, alias, AccessKind::Read);
            }
        }
    }

    /// Asserts that the self-map shows the very entry that maps a page, so that the page is found by it (regression 17).
    pub(crate) fn assert_shown(&self, ram: &Ram, page: &Translation) -> Translation {
        let level = Level::new(page.table.level()).expect("a level");
        let alias = self.space.self_map().entry_address(level, page.va).expect("an alias");
        let entry = translate(ram, &self.facts(), alias).expect("the alias is mapped");
        assert_eq!(entry.physical, page.entry_at, "the alias of {page:?}");
        entry
    }

    /// Asserts that the processor believes nothing that memory contradicts.
    pub(crate) fn assert_nothing_stale(&self) {
        let stale = self.cpu.borrow().stale_entries(&*self.ram.borrow());
        assert!(stale.is_empty(), "stale: {stale:#x?}");
    }
}

/// Forgets exactly the addresses that an invalidation names, one INVLPG each.
pub(crate) struct CpuTlb<'m> {
    pub(crate) machine: &'m Machine,
}

impl Tlb for CpuTlb<'_> {
    fn invalidate(&mut self, what: &Invalidation<'_>) {
        let mut cpu = self.machine.cpu.borrow_mut();
        let mut count = 0;
        for address in what.addresses() {
            cpu.invlpg(address);
            count += 1;
        }
        assert_eq!(count, what.count(), "the count tells how many addresses come");
    }
}

/// Tables lie where frame numbers stop fitting into something: around 4 GiB in PML3, around frame 2^32 in the 64-bit
/// modes, as far as the processor's physical addresses reach.
fn pool(mode: PagingMode, capabilities: &Capabilities) -> PoolFrames {
    let middle = match mode {
        PagingMode::Pml2 => 0xF_0000,
        PagingMode::Pml3 => 0x10_0000,
        PagingMode::Pml4 | PagingMode::Pml5 if capabilities.physical_bits > 44 => 1 << 32,
        PagingMode::Pml4 | PagingMode::Pml5 => 0x10_0000,
    };
    let range = FrameRange::with_count(Frame::new(middle - POOL / 2), FrameCount::new(POOL));
    let first = (mode == PagingMode::Pml3).then_some(Frame::new(0x50));
    PoolFrames::new(FramePool::new(range, 0x7AB1E5), first)
}
