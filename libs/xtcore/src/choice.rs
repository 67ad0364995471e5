//! The choice of the paging mode: made once, by the loader, for loader and kernel alike.
//!
//! Three facts meet: what the processor has, what the user asked for (`NOXPA`), and what the kernel image declares
//! to support. The result always carries its reason, because "why am I not in 5-level paging?" is the first
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

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why a mode was chosen. The numbers are part of the boot protocol.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u32)]
        pub enum Reason {
            $($(#[$doc])* $name = $number,)*
        }

        impl Reason {
            /// Returns the reason with that number, or `None` when there is none.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Returns the reason in words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// The processor has the wide mode and nothing speaks against it.
    Wide = 1, "the processor has the wide mode";
    /// The processor lacks the wide mode.
    NoFeature = 2, "the processor lacks the wide mode";
    /// The user asked for the narrow mode.
    Parameter = 3, "the parameter NOXPA asks for the narrow mode";
    /// The kernel image supports only this mode of the architecture.
    Kernel = 4, "the kernel supports only this mode";
}

/// A chosen paging mode and the reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Choice {
    /// The mode for loader and kernel.
    pub mode: PagingMode,
    /// Why this one.
    pub reason: Reason,
}

/// The kernel supports none of the modes that are possible here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NoCommonMode {
    /// What the kernel declares.
    pub kernel: ModeSet,
    /// The modes that the processor and the user leave.
    pub possible: ModeSet,
}

/// Chooses the paging mode.
///
/// # Errors
/// [`NoCommonMode`] when the kernel supports none of the modes that the processor has and the user allows.
pub const fn choose(
    architecture: Architecture,
    processor: WideMode,
    request: WideRequest,
    kernel: ModeSet,
) -> Result<Choice, NoCommonMode> {
    let (narrow, wide) = architecture.modes();
    let why_narrow = match (request, processor) {
        (WideRequest::Narrow, _) => Some(Reason::Parameter),
        (WideRequest::Automatic, WideMode::Absent) => Some(Reason::NoFeature),
        (WideRequest::Automatic, WideMode::Present) => None,
    };
    match why_narrow {
        None if kernel.contains(wide) => {
            let reason = if kernel.contains(narrow) { Reason::Wide } else { Reason::Kernel };
            Ok(Choice { mode: wide, reason })
        }
        None if kernel.contains(narrow) => Ok(Choice { mode: narrow, reason: Reason::Kernel }),
        Some(reason) if kernel.contains(narrow) => Ok(Choice { mode: narrow, reason }),
        None => Err(NoCommonMode { kernel, possible: ModeSet::from_bits(0).with(narrow).with(wide) }),
        Some(_) => Err(NoCommonMode { kernel, possible: ModeSet::from_bits(0).with(narrow) }),
    }
}

#[cfg(test)]
mod tests;
