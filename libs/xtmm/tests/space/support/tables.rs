//! Page tables in simulated memory: by frame to begin with, then through the self-map and the TLB, as a kernel does it.

use xtcore::{Frame, PagingMode, PhysAddr, VirtAddr};
use xtpaging::halves::{self, Store};
use xtpaging::{SelfMap, TablePlace, Tables};
use xtsim::{AccessKind, Cpu, PhysicalMemory, Ram, Width};

use super::machine::OneThread;

/// See the module.
pub(crate) struct SimTables<'m> {
    ram: &'m OneThread<Ram>,
    entry_bytes: u64,
    alias: Option<(&'m OneThread<Cpu>, SelfMap)>,
}

impl<'m> SimTables<'m> {
    pub(crate) fn by_frame(ram: &'m OneThread<Ram>, mode: PagingMode) -> Self {
        Self { ram, entry_bytes: mode.geometry().entry_bytes(), alias: None }
    }

    pub(crate) fn by_self_map(
        ram: &'m OneThread<Ram>,
        cpu: &'m OneThread<Cpu>,
        self_map: SelfMap,
        mode: PagingMode,
    ) -> Self {
        Self { alias: Some((cpu, self_map)), ..Self::by_frame(ram, mode) }
    }

    /// Returns where an entry is; `None` for PAE's pointer table, which the self-map does not show.
    fn entry(&self, place: TablePlace, index: usize, kind: AccessKind) -> Option<PhysAddr> {
        let offset = index as u64 * self.entry_bytes;
        let by_frame = PhysAddr::new(place.frame.address().get() + offset);
        let Some((cpu, self_map)) = &self.alias else { return Some(by_frame) };
        let table = self_map.table_address(place.level, place.covers)?;
        let address = VirtAddr::new(table.get() + offset);
        let by_alias = cpu.get().translate(&mut self.ram.get(), address, kind);
        let by_alias = by_alias.unwrap_or_else(|fault| panic!("{place:?} is not in the self-map: {fault}"));
        assert_eq!(by_alias, by_frame, "the self-map shows something else than {place:?}");
        Some(by_alias)
    }

    fn read(&self, at: PhysAddr) -> u64 {
        let ram = self.ram.get();
        let value = if self.entry_bytes == 4 { ram.read_u32(at).map(u64::from) } else { ram.read_u64(at) };
        value.expect("memory")
    }
}

impl Tables for SimTables<'_> {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.entry(place, index, AccessKind::Read).map_or(0, |at| self.read(at))
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        assert_eq!(self.read(at) & 1, 0, "only entries that are not present are published over");
        let mut ram = self.ram.get();
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
        let mut ram = self.ram.get();
        if self.entry_bytes == 4 {
            ram.exchange32(at, narrow(value)).into()
        } else {
            ram.exchange64(at, value)
        }
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let found = self.load(place, index);
        if found != current {
            return Err(found);
        }
        self.exchange(place, index, new);
        Ok(())
    }

    fn zero(&mut self, frame: Frame) {
        self.ram.get().zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        let at = PhysAddr::new(frame.address().get() + index as u64 * self.entry_bytes);
        let mut ram = self.ram.get();
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
            cpu.get().invlpg(alias);
        }
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).expect("an entry of 4 bytes")
}
