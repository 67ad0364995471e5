//! The engine's primitives over simulated memory: by frame, as the loader does it, and by the self-map through a
//! processor's TLB, as the kernel does it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering};

use xtcore::{Frame, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr};
use xtpaging::halves::{self, Store};
use xtpaging::{SelfMap, TablePlace, Tables};
use xtsim::{AccessKind, Cpu, PhysicalMemory, Ram, Width};

use crate::shared::Shared;

/// Tables in simulated memory.
#[derive(Debug)]
pub struct SimTables<'m, R = RefCell<Ram>, C = RefCell<Cpu>> {
    ram: &'m R,
    entry_bytes: u64,
    alias: Option<(&'m C, SelfMap)>,
    race: Option<&'m AtomicU8>,
}

impl<'m, R: Shared<Ram>, C: Shared<Cpu>> SimTables<'m, R, C> {
    /// Reaches tables by their frames: memory is identity-mapped.
    #[must_use]
    pub fn by_frame(ram: &'m R, mode: PagingMode) -> Self {
        Self { ram, entry_bytes: mode.geometry().entry_bytes(), alias: None, race: None }
    }

    /// Reaches tables by their addresses in the self-map, through whatever the TLB holds; unlinked frames by frame.
    #[must_use]
    pub fn by_self_map(ram: &'m R, cpu: &'m C, self_map: SelfMap, mode: PagingMode) -> Self {
        Self { alias: Some((cpu, self_map)), ..Self::by_frame(ram, mode) }
    }

    /// Has the processor set the flags in `race`, once, right before the next compare-exchange.
    #[must_use]
    pub fn with_race(self, race: &'m AtomicU8) -> Self {
        Self { race: Some(race), ..self }
    }

    /// Writes an entry of a frame as broken code might: nothing is checked.
    ///
    /// # Panics
    /// The value has more bits than an entry of the mode.
    pub fn write(&self, frame: Frame, index: usize, value: u64) {
        let (at, mut ram) = (self.by_number(frame, index), self.ram.lend());
        if self.entry_bytes == 4 {
            ram.store32(at, narrow(value));
        } else {
            ram.store64_plain(at, value);
        }
    }

    fn by_number(&self, frame: Frame, index: usize) -> PhysAddr {
        let offset = index as u64 * self.entry_bytes;
        assert!(offset < PAGE_BYTES, "index {index} lies outside of a table");
        PhysAddr::new(frame.address().get() + offset)
    }

    /// Returns where an entry is in memory; `None` for PAE's pointer table, which the self-map does not show.
    fn entry(&self, place: TablePlace, index: usize, kind: AccessKind) -> Option<PhysAddr> {
        let by_frame = self.by_number(place.frame, index);
        let Some((cpu, self_map)) = &self.alias else { return Some(by_frame) };
        let table = self_map.table_address(place.level, place.covers)?;
        let address = VirtAddr::new(table.get() + index as u64 * self.entry_bytes);
        let by_alias = cpu.lend().translate(&mut self.ram.lend(), address, kind).unwrap_or_else(|fault| {
            panic!("a stale alias: {place:?} does not appear in the self-map: {fault}")
        });
        assert_eq!(by_alias, by_frame, "a stale alias: the self-map shows something else than {place:?}");
        Some(by_alias)
    }

    fn read(&self, at: PhysAddr) -> u64 {
        let ram = self.ram.see();
        let value = if self.entry_bytes == 4 { ram.read_u32(at).map(u64::from) } else { ram.read_u64(at) };
        value.expect("memory")
    }

    fn swap(&self, at: PhysAddr, value: u64) -> u64 {
        let mut ram = self.ram.lend();
        if self.entry_bytes == 4 {
            ram.exchange32(at, narrow(value)).into()
        } else {
            ram.exchange64(at, value)
        }
    }
}

impl<R: Shared<Ram>, C: Shared<Cpu>> Tables for SimTables<'_, R, C> {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.entry(place, index, AccessKind::Read).map_or(0, |at| self.read(at))
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        assert_eq!(self.read(at) & 1, 0, "only entries that are not present are published over");
        let mut ram = self.ram.lend();
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
        let flags = self.race.map_or(0, |race| race.swap(0, Ordering::Relaxed));
        if flags != 0 {
            self.ram.lend().set_flags(at, flags);
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
        self.ram.lend().zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.write(frame, index, value);
    }

    fn linked(&mut self, place: TablePlace) {
        if let Some((cpu, self_map)) = &self.alias
            && let Some(alias) = self_map.table_address(place.level, place.covers)
        {
            cpu.lend().invlpg(alias);
        }
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).expect("an entry of 4 bytes")
}
