//! Why a stack cannot be had, or cannot grow.

use xtcore::VirtAddr;
use xtpaging::OutOfFrames;

use crate::arena::NoPages;

/// There is no stack, or no more of one. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StackError {
    /// A size of nothing, of more than there are addresses, or of more committed than reserved bytes.
    Size {
        /// The bytes.
        bytes: u64,
    },
    /// There is no address space.
    NoSpace(NoPages),
    /// There is no memory.
    NoMemory(OutOfFrames),
    /// The stack would reach its guard page.
    Exhausted {
        /// The bytes wanted.
        wanted: u64,
        /// The bytes that are left to grow.
        left: u64,
    },
    /// The stack pointer does not stand on committed memory of this stack.
    Elsewhere {
        /// The stack pointer.
        stack_pointer: VirtAddr,
    },
    /// The stack is growing already: a growth was interrupted by a fault on the very stack.
    Busy,
}

/// A fault that a growing stack does not resolve. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeRefusal {
    /// The address does not lie between the stack's base and its limit: another kind of fault.
    NotAProbe {
        /// The address.
        fault: VirtAddr,
    },
    /// The address lies in the guard page: the stack overflows.
    Guard {
        /// The address.
        fault: VirtAddr,
    },
    /// The stack pointer had left the committed part before: a push or a call, not a probe.
    Overrun {
        /// The stack pointer.
        stack_pointer: VirtAddr,
    },
    /// The fault came while the stack was growing.
    Busy,
    /// There is no memory.
    NoMemory(OutOfFrames),
}
