//! The choice of the paging mode: made once, by the loader, for loader and kernel alike.
//!
//! Three facts meet: what the processor has, what the user asked for (`NOXPA`, `XPA`), and what the kernel image
//! declares to support. The result always carries its reason, because "why am I not in 5-level paging?" is the first
//! question that a user asks.

use crate::geometry::PagingMode;

/// The instruction set that the loader and the kernel run in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Architecture {
    /// 32-bit x86.
    I686,
    /// 64-bit x86.
    Amd64,
}

impl Architecture {
    /// Returns the name that logs and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::I686 => "i686",
            Self::Amd64 => "amd64",
        }
    }

    /// Returns the narrow and the wide paging mode of the architecture.
    #[must_use]
    pub const fn modes(self) -> (PagingMode, PagingMode) {
        match self {
            Self::I686 => (PagingMode::Pml2, PagingMode::Pml3),
            Self::Amd64 => (PagingMode::Pml4, PagingMode::Pml5),
        }
    }
}

/// Whether the processor has the wide mode: PAE (CPUID.1:EDX.6) or LA57 (CPUID.7.0:ECX.16).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WideMode {
    /// The processor has it.
    Present,
    /// The processor lacks it.
    Absent,
}

/// What the user asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WideRequest {
    /// Nothing: take the wide mode where it exists.
    Automatic,
    /// The parameter `NOXPA`: stay in the narrow mode.
    Narrow,
    /// The parameter `XPA`: take the wide mode, or don't boot.
    Wide,
}

/// A set of paging modes, as the kernel image declares it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct ModeSet(u32);

impl ModeSet {
    /// Builds a set from its bits: bit `n` stands for the mode with `n` levels. Other bits are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & 0b11_1100)
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the set with `mode` added.
    #[must_use]
    pub const fn with(self, mode: PagingMode) -> Self {
        Self(self.0 | 1 << mode.levels())
    }

    /// Tells whether the set holds `mode`.
    #[must_use]
    pub const fn contains(self, mode: PagingMode) -> bool {
        self.0 & (1 << mode.levels()) != 0
    }
}

crate::numbered! {
    /// Why a mode was chosen. The numbers are part of the boot protocol.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[repr(u32)]
    pub enum Reason => text {
        /// The processor has the wide mode and nothing speaks against it.
        Wide = 1 => "the processor has the wide mode",
        /// The processor lacks the wide mode.
        NoFeature = 2 => "the processor lacks the wide mode",
        /// The user asked for the narrow mode.
        Parameter = 3 => "the parameter NOXPA asks for the narrow mode",
        /// The kernel image supports only this mode of the architecture.
        Kernel = 4 => "the kernel supports only this mode",
        /// The user demanded the wide mode.
        WideParameter = 5 => "the parameter XPA asks for the wide mode",
    }
}

/// A chosen paging mode and the reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Choice {
    /// The mode for loader and kernel.
    pub mode: PagingMode,
    /// Why this one.
    pub reason: Reason,
}

/// Why no mode can be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChoiceError {
    /// The kernel supports none of the modes that are possible here.
    NoCommonMode {
        /// What the kernel declares.
        kernel: ModeSet,
        /// The modes that the processor and the user leave.
        possible: ModeSet,
    },
    /// The user demanded the wide mode, and the processor lacks it. Said whatever the kernel supports: another kernel
    /// would not help.
    ProcessorLacks {
        /// The mode demanded.
        wide: PagingMode,
    },
    /// The user demanded the wide mode, the processor has it, and the kernel doesn't support it.
    KernelLacks {
        /// The mode demanded.
        wide: PagingMode,
        /// What the kernel declares.
        kernel: ModeSet,
    },
}

/// Chooses the paging mode.
///
/// # Errors
/// [`ChoiceError`] when the kernel supports none of the modes that the processor has and the user allows, or when the
/// wide mode was demanded and cannot be had.
pub const fn choose(
    architecture: Architecture,
    processor: WideMode,
    request: WideRequest,
    kernel: ModeSet,
) -> Result<Choice, ChoiceError> {
    let (narrow, wide) = architecture.modes();
    match (request, processor) {
        (WideRequest::Wide, WideMode::Absent) => Err(ChoiceError::ProcessorLacks { wide }),
        (WideRequest::Wide, WideMode::Present) if kernel.contains(wide) => {
            Ok(Choice { mode: wide, reason: Reason::WideParameter })
        }
        (WideRequest::Wide, WideMode::Present) => Err(ChoiceError::KernelLacks { wide, kernel }),
        (WideRequest::Narrow, _) => only_narrow(narrow, kernel, Reason::Parameter),
        (WideRequest::Automatic, WideMode::Absent) => only_narrow(narrow, kernel, Reason::NoFeature),
        (WideRequest::Automatic, WideMode::Present) => widest(narrow, wide, kernel),
    }
}

/// Chooses where only the narrow mode is left, for `reason`.
const fn only_narrow(narrow: PagingMode, kernel: ModeSet, reason: Reason) -> Result<Choice, ChoiceError> {
    if kernel.contains(narrow) {
        Ok(Choice { mode: narrow, reason })
    } else {
        Err(ChoiceError::NoCommonMode { kernel, possible: ModeSet::from_bits(0).with(narrow) })
    }
}

/// Chooses where both modes are possible.
const fn widest(narrow: PagingMode, wide: PagingMode, kernel: ModeSet) -> Result<Choice, ChoiceError> {
    match (kernel.contains(wide), kernel.contains(narrow)) {
        (true, true) => Ok(Choice { mode: wide, reason: Reason::Wide }),
        (true, false) => Ok(Choice { mode: wide, reason: Reason::Kernel }),
        (false, true) => Ok(Choice { mode: narrow, reason: Reason::Kernel }),
        (false, false) => {
            let possible = ModeSet::from_bits(0).with(narrow).with(wide);
            Err(ChoiceError::NoCommonMode { kernel, possible })
        }
    }
}

#[cfg(test)]
mod tests;
