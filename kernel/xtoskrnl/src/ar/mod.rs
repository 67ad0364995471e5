//! The processor. One interface for both architectures; only this folder and `hl` contain assembly.

#[cfg(target_arch = "x86_64")]
mod amd64;
#[cfg(target_arch = "x86")]
mod i686;

pub(crate) mod chance;
pub(crate) mod control;
pub(crate) mod cpu;
pub(crate) mod fault;
mod handler;
pub(crate) mod image;
pub(crate) mod local;
pub(crate) mod port;
pub(crate) mod stack;
pub(crate) mod startup;
pub(crate) mod words;

#[cfg(target_arch = "x86_64")]
use amd64 as arch;
#[cfg(target_arch = "x86")]
use i686 as arch;

pub(crate) use arch::{
    FRAMES, FaultStack, TrapFrame, early_fault_stack, entry_at, install_tables, load_tables,
    registers_survive_a_breakpoint, set_fault_stacks,
};
pub(crate) use handler::{Handlers, Resume, on_interrupt_stack};
