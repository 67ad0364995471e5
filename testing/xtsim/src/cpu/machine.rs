//! Several processors on one memory.

use xtcore::VirtAddr;

use super::{Cpu, Stale};
use crate::ram::Ram;
use crate::walk::{Facts, Fault};

/// A machine: memory, and processors that start alike. They run one at a time, as the test calls them.
#[derive(Debug)]
pub struct Machine {
    /// The memory.
    pub ram: Ram,
    /// The processors.
    pub cpus: Vec<Cpu>,
}

impl Machine {
    /// Starts `count` processors.
    ///
    /// # Errors
    ///
    /// As [`Cpu::load_cr3`].
    pub fn start(ram: Ram, facts: Facts, count: usize) -> Result<Self, Fault> {
        let cpu = Cpu::start(&ram, facts)?;
        Ok(Self { ram, cpus: vec![cpu; count] })
    }

    /// Reads eight bytes on processor `cpu`.
    ///
    /// # Errors
    ///
    /// As [`Cpu::read_u64`].
    ///
    /// # Panics
    ///
    /// When there is no such processor.
    pub fn read_u64(&mut self, cpu: usize, va: VirtAddr) -> Result<u64, Fault> {
        self.cpus[cpu].read_u64(&mut self.ram, va)
    }

    /// Writes eight bytes on processor `cpu`.
    ///
    /// # Errors
    ///
    /// As [`Cpu::write_u64`].
    ///
    /// # Panics
    ///
    /// When there is no such processor.
    pub fn write_u64(&mut self, cpu: usize, va: VirtAddr, value: u64) -> Result<(), Fault> {
        self.cpus[cpu].write_u64(&mut self.ram, va, value)
    }

    /// Executes INVLPG on every processor: a TLB shootdown.
    pub fn invlpg_everywhere(&mut self, va: VirtAddr) {
        for cpu in &mut self.cpus {
            cpu.invlpg(va);
        }
    }

    /// Executes MOV to CR3 with its present value on every processor.
    ///
    /// # Errors
    ///
    /// As [`Cpu::load_cr3`]; processors before the failing one have done it.
    pub fn reload_cr3_everywhere(&mut self) -> Result<(), Fault> {
        self.cpus.iter_mut().try_for_each(|cpu| cpu.load_cr3(&self.ram, cpu.facts().cr3))
    }

    /// Toggles CR4.PGE on every processor.
    ///
    /// # Errors
    ///
    /// As [`Cpu::flush_all`]; processors before the failing one have done it.
    pub fn flush_everywhere(&mut self) -> Result<(), Fault> {
        self.cpus.iter_mut().try_for_each(|cpu| cpu.flush_all(&self.ram))
    }

    /// Returns what any processor still believes wrongly, with the processor's number.
    #[must_use]
    pub fn stale_entries(&self) -> Vec<(usize, Stale)> {
        let of = |(number, cpu): (usize, &Cpu)| {
            cpu.stale_entries(&self.ram).into_iter().map(move |stale| (number, stale))
        };
        self.cpus.iter().enumerate().flat_map(of).collect()
    }
}
