//! Bug checks: deliberate stops with a code, four parameters, and the same text on serial and screen.
//!
//! Codes and parameter meanings follow NT where NT has them, because its readers know the numbers.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use super::ending;
use crate::ar::TrapFrame;
use crate::ar::control;
use crate::hl::power::Verdict;
use crate::kd::{self, log, record};

/// Why the kernel stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum Code {
    /// Memory management: 1 what failed, 2 to 4 facts.
    MemoryManagement = 0x1A,
    /// A page fault that nothing can resolve: 1 address, 2 access (0 read, 1 write, 8 fetch), 3 instruction,
    /// 4 error code.
    PageFaultInNonpagedArea = 0x50,
    /// Too little memory: 1 frames needed, 2 frames there.
    InstallMoreMemory = 0x7D,
    /// An exception in the kernel: 1 vector, 2 error code, 3 instruction, 4 stack pointer.
    UnexpectedKernelModeTrap = 0x7F,
    /// A write to a read-only page: 1 address, 2 access (as above), 3 instruction, 4 error code.
    AttemptedWriteToReadonlyMemory = 0xBE,
    /// An instruction fetch from a page that forbids it: 1 address, 2 access (as above), 3 instruction, 4 error code.
    AttemptedExecuteOfNoexecuteMemory = 0xFC,
    /// The loader block is not what the protocol demands: 1 the number of the fault, 2 to 4 its facts.
    LoaderBlockMismatch = 0x100,
    /// A Rust panic: 1 line, 2 column. Not one of NT's.
    KernelPanic = 0x5854_0001,
}

impl Code {
    /// Returns the NT name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MemoryManagement => "MEMORY_MANAGEMENT",
            Self::PageFaultInNonpagedArea => "PAGE_FAULT_IN_NONPAGED_AREA",
            Self::InstallMoreMemory => "INSTALL_MORE_MEMORY",
            Self::UnexpectedKernelModeTrap => "UNEXPECTED_KERNEL_MODE_TRAP",
            Self::AttemptedWriteToReadonlyMemory => "ATTEMPTED_WRITE_TO_READONLY_MEMORY",
            Self::AttemptedExecuteOfNoexecuteMemory => "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY",
            Self::LoaderBlockMismatch => "LOADER_BLOCK_MISMATCH",
            Self::KernelPanic => "KERNEL_PANIC",
        }
    }

    /// Returns the verdict of a run that ends so: refused where the kernel cannot work with what it was given, else failed.
    const fn verdict(self) -> Verdict {
        match self {
            Self::LoaderBlockMismatch | Self::InstallMoreMemory => Verdict::Refused,
            _ => Verdict::Fail,
        }
    }
}

/// How many bug checks are under way. One that stumbles over its own text prints less, a third only ends the run, and
/// one that cannot even do that stops the processor.
static DEPTH: AtomicU32 = AtomicU32::new(0);

/// Stops. `what` says in one sentence what happened and where.
pub(crate) fn bug_check(
    code: Code,
    parameters: [u64; 4],
    frame: Option<&TrapFrame>,
    what: fmt::Arguments<'_>,
) -> ! {
    let depth = DEPTH.fetch_add(1, Ordering::Relaxed);
    match depth {
        0 => kd::stop_colours(),
        1 => {}
        2 => ending::end_silently(code.verdict()),
        _ => control::stop(),
    }
    let [one, two, three, four] = parameters;
    log!("");
    log!("*** STOP {:#010x} {}", code as u32, code.name());
    log!("*** {what}");
    log!("*** parameters {one:#x} {two:#x} {three:#x} {four:#x}");
    if depth == 0 {
        registers(frame);
    }
    if code.verdict() == Verdict::Refused {
        record!("XTOS-REFUSED {{\"by\":\"xtoskrnl\",\"what\":\"{}\"}}", JsonText(what));
    }
    let number = code as u32;
    let name = code.name();
    record!(
        "XTOS-BUGCHECK {{\"code\":{number},\"name\":\"{name}\",\"parameters\":[{one},{two},{three},{four}]}}"
    );
    ending::end(code.verdict())
}

fn registers(frame: Option<&TrapFrame>) {
    let (cr0, cr3, cr4) = (control::read_cr0(), control::read_cr3(), control::read_cr4());
    log!("    cr0 {cr0:x}  cr2 {:x}  cr3 {cr3:x}  cr4 {cr4:x}", control::fault_address());
    let Some(frame) = frame else { return };
    let mut shown = 0;
    for (name, value) in frame.registers() {
        let end = if shown % 4 == 3 { "\r\n" } else { "" };
        kd::print(format_args!("    {name:>5} {value:016x}{end}"));
        shown += 1;
    }
    if shown % 4 != 0 {
        log!("");
    }
}

/// Text inside a JSON string: quotes and backslashes escaped, control characters dropped.
pub(crate) struct JsonText<'a>(pub(crate) fmt::Arguments<'a>);

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escape<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for character in text.chars().filter(|character| !character.is_control()) {
                    if matches!(character, '"' | '\\') {
                        self.0.write_str("\\")?;
                    }
                    fmt::Write::write_char(self.0, character)?;
                }
                Ok(())
            }
        }
        fmt::write(&mut Escape(out), self.0)
    }
}
