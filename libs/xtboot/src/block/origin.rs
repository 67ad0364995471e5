//! Where the kernel's addresses come from: the seed of its image's place and its self-map's slot, and who gave it.

/// Who chose the seed. The numbers are the wire format's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum LayoutSource {
    /// Nobody: everything is at its standard place.
    Standard = 0,
    /// The user, to repeat an earlier boot.
    Parameter = 1,
    /// The firmware's generator of random numbers.
    Firmware = 2,
    /// The processor's.
    Processor = 3,
    /// The clock and the memory map, for want of a generator: hard to foresee, but not random.
    Clock = 4,
}

impl LayoutSource {
    /// Returns the source with that number, or `None` when there is none.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Standard),
            1 => Some(Self::Parameter),
            2 => Some(Self::Firmware),
            3 => Some(Self::Processor),
            4 => Some(Self::Clock),
            _ => None,
        }
    }

    /// Returns the source in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Standard => "standard places",
            Self::Parameter => "a seed from the parameter KASLRSEED",
            Self::Firmware => "a seed from the firmware",
            Self::Processor => "a seed from the processor",
            Self::Clock => "a seed from clock and memory map",
        }
    }
}

/// Where the addresses of image and self-map come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayoutOrigin {
    /// Who chose the seed.
    pub source: LayoutSource,
    /// The seed; zero for [`LayoutSource::Standard`]. `KASLRSEED=` with this number gives the same places again.
    pub seed: u64,
}

impl LayoutOrigin {
    /// The standard places.
    pub const STANDARD: Self = Self { source: LayoutSource::Standard, seed: 0 };
}
