//! The engine's primitives over simulated memory: by frame, as the loader does it, and by the self-map through a
//! processor's TLB, as the kernel does it.

use std::cell::{Cell, RefCell};

use xtcore::{Frame, PagingMode, PhysAddr, VirtAddr};
use xtpaging::halves::{self, Store};
use xtpaging::{SelfMap, TablePlace, Tables};
use xtsim::{AccessKind, Cpu, PhysicalMemory, Ram, Width};

/// How tables are reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// By the frame: memory is identity-mapped.
    ByFrame,
    /// By the address in the self-map, through whatever the TLB holds; unlinked frames by frame.
    BySelfMap,
}

/// Tables in simulated memory.
pub(crate) struct TestTables<'m> {
    ram: &'m RefCell<Ram>,
    race: &'m Cell<u8>,
    entry_bytes: u64,
    alias: Option<(&'m RefCell<Cpu>, SelfMap)>,
}

impl<'m> TestTables<'m> {
    pub(crate) fn by_frame(ram: &'m RefCell<Ram>, race: &'m Cell<u8>, mode: PagingMode) -> Self {
        Self { ram, race, entry_bytes: mode.geometry().entry_bytes(), alias: None }
    }

    pub(crate) fn by_self_map(
        ram: &'m RefCell<Ram>,
        race: &'m Cell<u8>,
        cpu: &'m RefCell<Cpu>,
        self_map: SelfMap,
        mode: PagingMode,
    ) -> Self {
        Self { alias: Some((cpu, self_map)), ..Self::by_frame(ram, race, mode) }
    }

    /// Returns where an entry is in memory; `None` for PAE's pointer table, which the self-map does not show.
    fn entry(&self, place: TablePlace, index: usize, kind: AccessKind) -> Option<PhysAddr> {
        let offset = index as u64 * self.entry_bytes;
        assert!(offset < 4096, "index {index} lies outside of a table");
        let by_frame = PhysAddr::new(place.frame.address().get() + offset);
        let Some((cpu, self_map)) = &self.alias else { return Some(by_frame) };
        let table = self_map.table_address(place.level, place.covers)?;
        let address = VirtAddr::new(table.get() + offset);
        let by_alias = cpu
            .borrow_mut()
            .translate(&mut self.ram.borrow_mut(), address, kind)
            .unwrap_or_else(|fault| panic!("{place:?} does not appear in the self-map: {fault}"));
        assert_eq!(by_alias, by_frame, "the self-map shows something else than {place:?}");
        Some(by_alias)
    }

    fn read(&self, at: PhysAddr) -> u64 {
        let ram = self.ram.borrow();
        let value = if self.entry_bytes == 4 { ram.read_u32(at).map(u64::from) } else { ram.read_u64(at) };
        value.expect("memory")
    }

    fn swap(&self, at: PhysAddr, value: u64) -> u64 {
        let mut ram = self.ram.borrow_mut();
        if self.entry_bytes == 4 {
            ram.exchange32(at, narrow(value)).into()
        } else {
            ram.exchange64(at, value)
        }
    }
}

impl Tables for TestTables<'_> {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.entry(place, index, AccessKind::Read).map_or(0, |at| self.read(at))
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        assert_eq!(self.read(at) & 1, 0, "only entries that are not present are published over");
        let mut ram = self.ram.borrow_mut();
        match (self.entry_bytes, ram.width()) {
            (4, _) => ram.store32(at, narrow(value)),
            (_, Width::Bits64) => ram.store64_plain(at, value),
            (_, Width::Bits32) => {
                for store in halves::publish(value) {
                    match store {
                        Store::Low(low) => ram.store_half_low(at, low),
                        Store::High(high) => ram.store_half_high(at, high),
                    }
                }
            }
        }
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        self.swap(at, value)
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        let flags = self.race.take();
        if flags != 0 {
            self.ram.borrow_mut().set_flags(at, flags);
        }
        match self.read(at) {
            found if found == current => {
                self.swap(at, new);
                Ok(())
            }
            found => Err(found),
        }
    }

    fn zero(&mut self, frame: Frame) {
        self.ram.borrow_mut().zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        let at = PhysAddr::new(frame.address().get() + index as u64 * self.entry_bytes);
        let mut ram = self.ram.borrow_mut();
        if self.entry_bytes == 4 {
            ram.store32(at, narrow(value));
        } else {
            ram.store64_plain(at, value);
        }
    }

    fn linked(&mut self, place: TablePlace) {
        if let Some((cpu, self_map)) = &self.alias
            && let Some(alias) = self_map.table_address(place.level, place.covers)
        {
            cpu.borrow_mut().invlpg(alias);
        }
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).expect("an entry of 4 bytes")
}
