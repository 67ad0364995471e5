//! Page faults: who resolves them, and what becomes of those that nobody can.
//!
//! The memory manager registers a resolver, and a function that prints the entries that lead to an address. Until then
//! no fault is resolved.
//!
//! # What a resolver may do
//!
//! It runs on the stack of the code that faulted, at its run level. At Passive and Apc it may take what it needs. At
//! Dispatch and above the interrupted code may hold any lock, so the resolver takes none there: it may resolve from
//! what its processor has set aside, and for everything else says why not.

use spin::Once;
use xtcore::VirtAddr;
use xtmm::machine::RunLevel;

use super::bugcheck::{Code, bug_check, bug_check_raw};
use super::processor;
use super::regions::Place;
use super::stacks;
use crate::ar::fault::{Cause, PageFault};
use crate::ar::{Resume, TrapFrame};

/// A page fault and the code that raised it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Access {
    /// The fault.
    pub(crate) fault: PageFault,
    /// The run level of the code.
    pub(crate) level: RunLevel,
    /// The instruction.
    pub(crate) instruction: VirtAddr,
    /// Its stack pointer.
    pub(crate) stack: VirtAddr,
}

/// What a resolver made of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Resolution {
    /// The access can be tried again.
    Resolved,
    /// It cannot.
    Unresolved(Why),
}

/// Why a fault is not resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// Nothing belongs there, or the page is there and forbids the access.
    Nothing,
    /// The memory may be paged, but the run level forbids to bring it in.
    Raised,
    /// A page belongs there, and no frame could be had for it; the address of its entry.
    NoFrame {
        /// Where the page's entry is.
        entry: VirtAddr,
    },
    /// A crime against a pool: NT's code and parameters, and what it is in words.
    Crime {
        /// The number of the bug check.
        code: u32,
        /// Its parameters.
        parameters: [u64; 4],
        /// What happened.
        what: &'static str,
    },
}

/// A function that resolves page faults.
pub(crate) type Resolver = fn(&Access) -> Resolution;

/// A function that prints the entries that lead to an address, a line for each level.
///
/// It is called inside a bug check, at High, maybe on a fault stack of two pages: it takes no lock and reads no memory
/// that may be absent.
pub(crate) type ChainPrinter = fn(VirtAddr);

static RESOLVER: Once<Resolver> = Once::new();
static CHAIN_PRINTER: Once<ChainPrinter> = Once::new();

/// STATUS_NO_MEMORY.
const STATUS_NO_MEMORY: u64 = 0xC000_0017;

/// Names who resolves page faults; the first call counts.
pub(crate) fn set_resolver(resolver: Resolver) {
    RESOLVER.call_once(|| resolver);
}

/// Names who prints the entries that lead to an address; the first call counts.
pub(crate) fn set_chain_printer(printer: ChainPrinter) {
    CHAIN_PRINTER.call_once(|| printer);
}

/// Prints the entries that lead to an address, if somebody can.
pub(super) fn print_chain(address: VirtAddr) {
    if let Some(print) = CHAIN_PRINTER.get() {
        print(address);
    }
}

/// Handles a page fault: has it resolved, or stops.
pub(super) fn handle(frame: &TrapFrame) -> Resume {
    let access = Access {
        fault: PageFault::decode(frame.fault_address(), frame.error()),
        level: processor::run_level(),
        instruction: frame.instruction(),
        stack: frame.stack(),
    };
    match RESOLVER.get().map_or(Resolution::Unresolved(Why::Nothing), |resolve| resolve(&access)) {
        Resolution::Resolved => Resume,
        Resolution::Unresolved(why) => stop(&access, why, frame),
    }
}

/// Stops because of a fault that was not resolved.
fn stop(access: &Access, why: Why, frame: &TrapFrame) -> ! {
    let Access { fault, level, instruction, stack } = *access;
    let address = fault.address;
    let (place, verb) = (Place(address), fault.access());
    let kind = kind_of_access(&fault);
    let at = instruction.get();
    match why {
        Why::Crime { code, parameters, what } => {
            let what = format_args!("{verb} {address:#x}, {place}, by the instruction at {at:#x}: {what}");
            bug_check_raw(code, parameters, Some(frame), what)
        }
        Why::NoFrame { entry } => {
            let parameters = [entry.get(), STATUS_NO_MEMORY, at, address.get()];
            let what = format_args!("{verb} {address:#x}, {place}: no frame is left for the page");
            bug_check(Code::KernelDataInpageError, parameters, Some(frame), what)
        }
        Why::Nothing | Why::Raised => {}
    }
    if let Some(overflowed) = stacks::overflowed(frame) {
        let parameters = [(&raw const *frame).addr() as u64, address.get(), at, stack.get()];
        let name = overflowed.name;
        let what = format_args!("the {name} has overflowed: {verb} {address:#x}, {place}, by {at:#x}");
        bug_check(Code::PanicStackSwitch, parameters, Some(frame), what)
    }
    // NT stops in the same way for memory that is absent for good: at these levels it cannot tell, nor could we.
    if why == Why::Raised || (fault.cause == Cause::NotPresent && !level.may_fault()) {
        let parameters = [address.get(), level as u64, kind, at];
        let what =
            format_args!("{verb} {address:#x}, {place}, by the instruction at {at:#x} at run level {level}");
        bug_check(Code::IrqlNotLessOrEqual, parameters, Some(frame), what)
    }
    let code = match fault.cause {
        Cause::Rights if fault.is_fetch() => Code::AttemptedExecuteOfNoexecuteMemory,
        Cause::Rights if fault.is_write() => Code::AttemptedWriteToReadonlyMemory,
        _ => Code::PageFaultInNonpagedArea,
    };
    let why = fault.why();
    let what = format_args!("{verb} {address:#x}, {place}, by the instruction at {at:#x}: {why}");
    bug_check(code, [address.get(), kind, at, fault.code], Some(frame), what)
}

/// Returns the access as bug checks encode it: 0 read, 1 write, 8 fetch.
const fn kind_of_access(fault: &PageFault) -> u64 {
    match (fault.is_fetch(), fault.is_write()) {
        (true, _) => 8,
        (false, true) => 1,
        (false, false) => 0,
    }
}
