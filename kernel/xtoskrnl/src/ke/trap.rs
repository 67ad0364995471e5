//! What happens to an exception. Nothing resolves one yet, so each becomes the bug check that names it.

use super::bugcheck::{Code, bug_check};
use super::regions::Place;
use crate::ar::TrapFrame;
use crate::ar::control;
use crate::ar::fault::{Cause, PageFault, Vector};

/// Handles every exception.
pub(crate) fn handle(frame: &TrapFrame) -> ! {
    if frame.vector() == Vector::PAGE_FAULT {
        page_fault(frame);
    }
    let (vector, error) = (frame.vector(), frame.error());
    let (at, stack) = (frame.instruction(), frame.stack());
    let parameters = [u64::from(vector.number()), error, at.get(), stack.get()];
    let what = format_args!("{} at {at:#x}, error code {error:#x}, stack pointer {stack:#x}", vector.name());
    bug_check(Code::UnexpectedKernelModeTrap, parameters, Some(frame), what)
}

fn page_fault(frame: &TrapFrame) -> ! {
    let fault = PageFault::decode(control::fault_address(), frame.error());
    let (address, at) = (fault.address, frame.instruction());
    let code = match fault.cause {
        Cause::Rights if fault.is_fetch() => Code::AttemptedExecuteOfNoexecuteMemory,
        Cause::Rights if fault.is_write() => Code::AttemptedWriteToReadonlyMemory,
        _ => Code::PageFaultInNonpagedArea,
    };
    let access = match (fault.is_fetch(), fault.is_write()) {
        (true, _) => 8,
        (false, true) => 1,
        (false, false) => 0,
    };
    let place = Place(address);
    let (access_in_words, why) = (fault.access(), fault.why());
    let what = format_args!("{access_in_words} {address:#x}, {place}, by the instruction at {at:#x}: {why}");
    bug_check(code, [address.get(), access, at.get(), fault.code], Some(frame), what)
}
