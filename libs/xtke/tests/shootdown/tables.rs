//! The tables of the machine, reached through the self-map by way of the current processor's TLB, as a kernel does it.

use xtcore::{Frame, PhysAddr, VirtAddr};
use xtpaging::halves::{self, Store};
use xtpaging::{SelfMap, TablePlace, Tables};
use xtsim::{AccessKind, PhysicalMemory, Ram, Width};

use crate::machine::{Machine, machine};

/// Tables in the memory of the thread's machine. Others have turns between its stores.
pub(crate) struct SelfMapped {
    pub(crate) self_map: SelfMap,
    pub(crate) entry_bytes: u64,
}

impl SelfMapped {
    fn entry(&self, place: TablePlace, index: usize, kind: AccessKind) -> Option<PhysAddr> {
        let offset = index as u64 * self.entry_bytes;
        let table = self.self_map.table_address(place.level, place.covers)?;
        let machine: &Machine = machine();
        let mut cpu = machine.here().cpu.borrow_mut();
        let found = cpu
            .translate(&mut machine.ram.borrow_mut(), VirtAddr::new(table.get() + offset), kind)
            .unwrap_or_else(|fault| panic!("stale: {place:?} does not appear in the self-map: {fault}"));
        let meant = PhysAddr::new(place.frame.address().get() + offset);
        assert!(found == meant, "stale: the self-map shows {found:?} in place of {place:?}");
        Some(found)
    }

    fn read(&self, at: PhysAddr) -> u64 {
        let ram = machine().ram.borrow();
        let value = if self.entry_bytes == 4 { ram.read_u32(at).map(u64::from) } else { ram.read_u64(at) };
        value.expect("memory")
    }

    fn swap(&self, at: PhysAddr, value: u64) -> u64 {
        let mut ram = machine().ram.borrow_mut();
        if self.entry_bytes == 4 {
            ram.exchange32(at, narrow(value)).into()
        } else {
            ram.exchange64(at, value)
        }
    }
}

impl Tables for SelfMapped {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.entry(place, index, AccessKind::Read).map_or(0, |at| self.read(at))
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        store(&mut machine().ram.borrow_mut(), self.entry_bytes, at, value);
        machine().turn();
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        let before = self.swap(at, value);
        machine().turn();
        before
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let at = self.entry(place, index, AccessKind::Write).expect("an ordinary table");
        match self.read(at) {
            found if found == current => {
                self.swap(at, new);
                machine().turn();
                Ok(())
            }
            found => Err(found),
        }
    }

    fn zero(&mut self, frame: Frame) {
        machine().ram.borrow_mut().zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        let at = PhysAddr::new(frame.address().get() + index as u64 * self.entry_bytes);
        initialise(&mut machine().ram.borrow_mut(), self.entry_bytes, at, value);
    }

    fn linked(&mut self, place: TablePlace) {
        if let Some(alias) = self.self_map.table_address(place.level, place.covers) {
            machine().here().cpu.borrow_mut().invlpg(alias);
        }
    }
}

/// Tables of a machine that has not started: by frame.
pub(crate) struct ByFrame<'r> {
    pub(crate) ram: &'r mut Ram,
    pub(crate) entry_bytes: u64,
}

impl ByFrame<'_> {
    fn at(&self, place: TablePlace, index: usize) -> PhysAddr {
        PhysAddr::new(place.frame.address().get() + index as u64 * self.entry_bytes)
    }
}

impl Tables for ByFrame<'_> {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        let at = self.at(place, index);
        if self.entry_bytes == 4 { self.ram.read_u32(at).map(u64::from) } else { self.ram.read_u64(at) }
            .expect("memory")
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        let at = self.at(place, index);
        store(self.ram, self.entry_bytes, at, value);
    }

    fn exchange(&mut self, _: TablePlace, _: usize, _: u64) -> u64 {
        unreachable!("nothing lives in an address space that is being built")
    }

    fn compare_exchange(&mut self, _: TablePlace, _: usize, _: u64, _: u64) -> Result<(), u64> {
        unreachable!("nothing lives in an address space that is being built")
    }

    fn zero(&mut self, frame: Frame) {
        self.ram.zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        let at = PhysAddr::new(frame.address().get() + index as u64 * self.entry_bytes);
        initialise(self.ram, self.entry_bytes, at, value);
    }
}

fn store(ram: &mut Ram, entry_bytes: u64, at: PhysAddr, value: u64) {
    match (entry_bytes, ram.width()) {
        (4, _) => ram.store32(at, narrow(value)),
        (_, Width::Bits64) => ram.store64_plain(at, value),
        (_, Width::Bits32) => {
            for half in halves::publish(value) {
                match half {
                    Store::Low(low) => ram.store_half_low(at, low),
                    Store::High(high) => ram.store_half_high(at, high),
                }
            }
        }
    }
}

fn initialise(ram: &mut Ram, entry_bytes: u64, at: PhysAddr, value: u64) {
    if entry_bytes == 4 {
        ram.store32(at, narrow(value));
    } else {
        ram.store64_plain(at, value);
    }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).expect("an entry of 4 bytes")
}
