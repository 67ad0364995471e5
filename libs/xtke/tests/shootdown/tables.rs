//! The tables of the machine, reached through the self-map by way of the current processor's TLB, as a kernel does it.

use xtcore::{Frame, PagingMode};
use xtpaging::{SelfMap, TablePlace, Tables};
use xtsupport::SimTables;

use crate::machine::machine;

/// Tables in the memory of the thread's machine. Others have turns between its stores.
pub(crate) struct SelfMapped {
    pub(crate) self_map: SelfMap,
    pub(crate) mode: PagingMode,
}

impl SelfMapped {
    /// Returns the tables as the processor reaches them whose turn it is.
    fn own(&self) -> SimTables<'static> {
        let machine = machine();
        SimTables::by_self_map(&machine.ram, &machine.here().cpu, self.self_map, self.mode)
    }
}

impl Tables for SelfMapped {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.own().load(place, index)
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        self.own().publish(place, index, value);
        machine().turn();
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        let before = self.own().exchange(place, index, value);
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
        self.own().compare_exchange(place, index, current, new)?;
        machine().turn();
        Ok(())
    }

    fn zero(&mut self, frame: Frame) {
        self.own().zero(frame);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.own().initialise(frame, index, value);
    }

    fn linked(&mut self, place: TablePlace) {
        self.own().linked(place);
    }
}
