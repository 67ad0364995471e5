//! 64-bit descriptor tables and traps.

mod tables;
mod trap;

pub(crate) use tables::{FaultStack, install_tables, set_fault_stacks};
pub(crate) use trap::TrapFrame;

/// The machine number of this architecture in the boot protocol.
pub(crate) const MACHINE: u32 = xtboot::block::machine::AMD64;
