//! The codes of bug checks: numbers, names and the meaning of the parameters are NT's where NT has them, because its
//! readers know them. `docs/bug-checks.md` tells more of each.

use crate::hl::power::Verdict;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $number:literal, $name:literal, [$($meaning:literal),*];)*) => {
        /// Why the kernel stops.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub(crate) enum Code {
            $($(#[$doc])* $code = $number,)*
        }

        impl Code {
            /// Every code.
            const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// Returns the name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// Returns what the parameters mean, one after another. Fewer than four: the others are zero.
            pub(crate) const fn meanings(self) -> &'static [&'static str] {
                match self {
                    $(Self::$code => &[$($meaning,)*],)*
                }
            }
        }
    };
}

codes! {
    /// Memory that may be absent was touched at a run level at which it cannot be brought in.
    IrqlNotLessOrEqual = 0x0A, "IRQL_NOT_LESS_OR_EQUAL",
        ["address", "run level", "access: 0 read, 1 write, 8 fetch", "instruction"];
    /// A processor waits for a spin lock that it holds.
    SpinLockAlreadyOwned = 0x0F, "SPIN_LOCK_ALREADY_OWNED", ["lock"];
    /// A spin lock was released by a processor that does not hold it.
    SpinLockNotOwned = 0x10, "SPIN_LOCK_NOT_OWNED", ["lock"];
    /// The books of a pool contradict a block's own words.
    BadPoolHeader = 0x19, "BAD_POOL_HEADER", ["what is wrong", "block", "fact", "fact"];
    /// The memory manager contradicts itself.
    MemoryManagement = 0x1A, "MEMORY_MANAGEMENT", ["what failed", "fact", "fact", "fact"];
    /// An interrupt came that its controller should have held back.
    InterruptExceptionNotHandled = 0x3D, "INTERRUPT_EXCEPTION_NOT_HANDLED", ["vector", "run level"];
    /// A stack was overrun by an access that could still be reported on that stack. NT names the first parameter only.
    PanicStackSwitch = 0x2B, "PANIC_STACK_SWITCH", ["trap frame", "address", "instruction", "stack pointer"];
    /// The PFN database contradicts itself.
    PfnListCorrupt = 0x4E, "PFN_LIST_CORRUPT", ["what is wrong", "frame", "fact", "fact"];
    /// A page fault that nothing can resolve.
    PageFaultInNonpagedArea = 0x50, "PAGE_FAULT_IN_NONPAGED_AREA",
        ["address", "access: 0 read, 1 write, 8 fetch", "instruction", "error code"];
    /// A page that belongs there could not be brought in.
    KernelDataInpageError = 0x7A, "KERNEL_DATA_INPAGE_ERROR", ["entry", "status", "instruction", "address"];
    /// There is too little memory.
    InstallMoreMemory = 0x7D, "INSTALL_MORE_MEMORY", ["frames needed", "frames there", "fact", "fact"];
    /// An exception in the kernel; 8, the double fault, is most often a stack that has overflowed.
    UnexpectedKernelModeTrap = 0x7F, "UNEXPECTED_KERNEL_MODE_TRAP",
        ["vector", "error code", "instruction", "stack pointer"];
    /// A thread would have waited where it must not: at Dispatch or above, or in a deferred procedure call.
    AttemptedSwitchFromDpc = 0xB8, "ATTEMPTED_SWITCH_FROM_DPC", ["run level"];
    /// A write to a page that is there and read-only.
    AttemptedWriteToReadonlyMemory = 0xBE, "ATTEMPTED_WRITE_TO_READONLY_MEMORY",
        ["address", "access: 1 write", "instruction", "error code"];
    /// The bytes around a block of the special pool were changed.
    SpecialPoolDetectedMemoryCorruption = 0xC1, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
        ["block", "fact", "size", "what is wrong"];
    /// A pool was called with something that it never gave.
    BadPoolCaller = 0xC2, "BAD_POOL_CALLER", ["what is wrong", "fact", "fact", "address"];
    /// A lock, or the protocol between processors, was used against its rules. The first parameters are those of NT's verifier.
    DriverVerifierDetectedViolation = 0xC4, "DRIVER_VERIFIER_DETECTED_VIOLATION",
        ["0x3A unmapping with interrupts off, 0x1001 locks in both orders, 0x1007 a lock ends while it is held", "lock"];
    /// The lists of a pool are corrupt: somebody wrote to memory that was free.
    DriverCorruptedExpool = 0xC5, "DRIVER_CORRUPTED_EXPOOL",
        ["address", "run level", "access: 0 read, 1 write", "instruction"];
    /// Run levels were not given back in the order in which they were raised.
    IrqlUnexpectedValue = 0xC8, "IRQL_UNEXPECTED_VALUE",
        ["run level << 16 | expected << 8", "run level before"];
    /// A block of the special pool was used after it had been freed.
    PageFaultInFreedSpecialPool = 0xCC, "PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        ["address", "access: 0 read, 1 write", "instruction", "fact"];
    /// An access went past the end of a block of the special pool.
    PageFaultBeyondEndOfAllocation = 0xCD, "PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        ["address", "access: 0 read, 1 write", "instruction", "fact"];
    /// As 0xCC, by a driver.
    DriverPageFaultInFreedSpecialPool = 0xD5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        ["address", "access: 0 read, 1 write", "instruction", "fact"];
    /// As 0xCD, by a driver.
    DriverPageFaultBeyondEndOfAllocation = 0xD6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        ["address", "access: 0 read, 1 write", "instruction", "fact"];
    /// An instruction fetch from a page that forbids it.
    AttemptedExecuteOfNoexecuteMemory = 0xFC, "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY",
        ["address", "access: 8 fetch", "instruction", "error code"];
    /// The loader block is not what the protocol demands.
    LoaderBlockMismatch = 0x100, "LOADER_BLOCK_MISMATCH", ["what is wrong", "fact", "fact", "fact"];
    /// A structure that an attacker would want to change is corrupt; 3 is a list entry.
    KernelSecurityCheckFailure = 0x139, "KERNEL_SECURITY_CHECK_FAILURE",
        ["what is corrupt", "trap frame", "exception record", "fact"];
    /// A Rust panic. Not one of NT's.
    KernelPanic = 0x5854_0001, "KERNEL_PANIC", ["line", "column"];
}

impl Code {
    /// Returns the code of a number, if it is one of these.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| *code as u32 == number)
    }

    /// Returns the verdict of a run that ends so: refused where the kernel cannot work with what it was given, else failed.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::LoaderBlockMismatch | Self::InstallMoreMemory => Verdict::Refused,
            _ => Verdict::Fail,
        }
    }
}
