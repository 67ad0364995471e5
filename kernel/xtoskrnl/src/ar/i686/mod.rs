//! 32-bit descriptor tables, traps and interrupts.

mod gates;
mod interrupt;
mod tables;
mod trap;

use xtcore::VirtAddr;
use xtkd::unwind::{Convention, Trap};

pub(crate) use tables::{
    FaultStack, Tables, early_fault_stack, install_tables, load_tables, set_fault_stacks,
};
pub(crate) use trap::{TrapFrame, registers_survive_a_breakpoint};

/// How functions keep their callers' frame pointers here.
pub(crate) const FRAMES: Convention = Convention::Chained;

/// Tells where the entry of a trap or an interrupt has put what it interrupted, if a function comes back to one at `address`.
pub(crate) fn entry_at(address: VirtAddr) -> Option<Trap> {
    trap::entry_at(address).or_else(|| interrupt::entry_at(address))
}
