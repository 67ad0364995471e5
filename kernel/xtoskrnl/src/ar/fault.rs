//! Exceptions by number, and what a page fault's error code means.

use xtcore::VirtAddr;

/// #DB to #XM and beyond: the names of the exceptions (SDM volume 3A, table 6-1).
const NAMES: [&str; 32] = [
    "divide error (#DE)",
    "debug (#DB)",
    "non-maskable interrupt",
    "breakpoint (#BP)",
    "overflow (#OF)",
    "bound range exceeded (#BR)",
    "invalid opcode (#UD)",
    "device not available (#NM)",
    "double fault (#DF)",
    "coprocessor segment overrun",
    "invalid TSS (#TS)",
    "segment not present (#NP)",
    "stack fault (#SS)",
    "general protection (#GP)",
    "page fault (#PF)",
    "reserved vector 15",
    "x87 floating point (#MF)",
    "alignment check (#AC)",
    "machine check (#MC)",
    "SIMD floating point (#XM)",
    "virtualisation (#VE)",
    "control protection (#CP)",
    "reserved vector 22",
    "reserved vector 23",
    "reserved vector 24",
    "reserved vector 25",
    "reserved vector 26",
    "reserved vector 27",
    "hypervisor injection (#HV)",
    "VMM communication (#VC)",
    "security (#SX)",
    "reserved vector 31",
];

/// The number of exceptions that the processor defines or reserves.
pub(crate) const EXCEPTIONS: usize = NAMES.len();

/// An exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Vector(u8);

impl Vector {
    /// NMI.
    pub(crate) const NON_MASKABLE: Self = Self(2);
    /// #BP.
    pub(crate) const BREAKPOINT: Self = Self(3);
    /// #DF.
    pub(crate) const DOUBLE_FAULT: Self = Self(8);
    /// #PF.
    pub(crate) const PAGE_FAULT: Self = Self(14);
    /// #MC.
    const MACHINE_CHECK: Self = Self(18);

    /// Wraps a vector number.
    pub(crate) const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Returns the vector number.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    /// Tells whether the exception is an abort: the interrupted code cannot go on.
    pub(super) const fn is_abort(self) -> bool {
        matches!(self, Self::DOUBLE_FAULT | Self::MACHINE_CHECK)
    }

    /// Returns the name in words.
    pub(crate) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("no exception")
    }
}

/// Why an access faulted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// A reserved bit was set in an entry of the chain.
    ReservedBit,
    /// No page is mapped there.
    NotPresent,
    /// The page's rights forbid it.
    Rights,
}

/// A page fault, decoded (SDM volume 3A, section 4.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PageFault {
    /// CR2, canonical or not.
    pub(crate) address: VirtAddr,
    /// Why.
    pub(crate) cause: Cause,
    /// The error code as the processor pushed it.
    pub(crate) code: u64,
}

impl PageFault {
    /// Decodes an error code.
    ///
    /// RSVD is looked at before P: an emulator in wide use reports a reserved bit without P, and taking that for an
    /// absent page would have a handler map it again for ever.
    pub(crate) const fn decode(address: VirtAddr, code: u64) -> Self {
        let cause = if code & 1 << 3 != 0 {
            Cause::ReservedBit
        } else if code & 1 == 0 {
            Cause::NotPresent
        } else {
            Cause::Rights
        };
        Self { address, cause, code }
    }

    /// Tells whether the access was a write.
    pub(crate) const fn is_write(&self) -> bool {
        self.code & 1 << 1 != 0
    }

    /// Tells whether the access was an instruction fetch.
    pub(crate) const fn is_fetch(&self) -> bool {
        self.code & 1 << 4 != 0
    }

    /// Returns the access in words.
    pub(crate) const fn access(&self) -> &'static str {
        match (self.is_fetch(), self.is_write()) {
            (true, _) => "fetch from",
            (false, true) => "write to",
            (false, false) => "read of",
        }
    }

    /// Returns the cause in words.
    pub(crate) const fn why(&self) -> &'static str {
        match self.cause {
            Cause::ReservedBit => "a reserved bit is set in its entries",
            Cause::NotPresent => "no page is mapped there",
            Cause::Rights => "the page does not allow it",
        }
    }
}
