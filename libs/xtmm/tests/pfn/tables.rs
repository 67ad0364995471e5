//! The engine's primitives over simulated memory, by frame.

use std::cell::RefCell;

use xtcore::{Frame, PhysAddr};
use xtpaging::{TablePlace, Tables};
use xtsim::{PhysicalMemory, Ram};

/// Tables in simulated memory, with entries of 4 or 8 bytes.
pub(crate) struct RamTables<'m> {
    pub(crate) ram: &'m RefCell<Ram>,
    pub(crate) entry_bytes: u64,
}

impl RamTables<'_> {
    fn at(&self, frame: Frame, index: usize) -> PhysAddr {
        PhysAddr::new(frame.address().get() + index as u64 * self.entry_bytes)
    }

    fn read(&self, at: PhysAddr) -> u64 {
        let ram = self.ram.borrow();
        let value = if self.entry_bytes == 4 { ram.read_u32(at).map(u64::from) } else { ram.read_u64(at) };
        value.expect("memory")
    }

    /// Writes an entry as broken code might: nothing is checked.
    pub(crate) fn write(&self, frame: Frame, index: usize, value: u64) {
        let (at, mut ram) = (self.at(frame, index), self.ram.borrow_mut());
        if self.entry_bytes == 4 {
            ram.store32(at, u32::try_from(value).expect("an entry of 4 bytes"));
        } else {
            ram.store64_plain(at, value);
        }
    }
}

impl Tables for RamTables<'_> {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.read(self.at(place.frame, index))
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        self.write(place.frame, index, value);
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        let before = self.load(place, index);
        self.write(place.frame, index, value);
        before
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        match self.load(place, index) {
            found if found == current => {
                self.write(place.frame, index, new);
                Ok(())
            }
            found => Err(found),
        }
    }

    fn zero(&mut self, frame: Frame) {
        self.ram.borrow_mut().zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.write(frame, index, value);
    }
}
