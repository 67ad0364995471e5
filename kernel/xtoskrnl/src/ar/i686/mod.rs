//! 32-bit descriptor tables, traps and interrupts.

mod gates;
mod interrupt;
mod tables;
mod trap;

pub(crate) use tables::{
    FaultStack, Tables, early_fault_stack, install_tables, load_tables, set_fault_stacks,
};
pub(crate) use trap::{TrapFrame, registers_survive_a_breakpoint};
