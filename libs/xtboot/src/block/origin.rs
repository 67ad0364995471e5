//! Where the kernel's addresses come from: the seed of its image's place and its self-map's slot, and who gave it.

xtcore::numbered! {
    /// Who chose the seed. The numbers are the wire format's.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[repr(u32)]
    pub enum LayoutSource => text {
        /// Nobody: everything is at its standard place.
        Standard = 0 => "standard places",
        /// The user, to repeat an earlier boot.
        Parameter = 1 => "a seed from the parameter KASLRSEED",
        /// The firmware's generator of random numbers.
        Firmware = 2 => "a seed from the firmware",
        /// The processor's.
        Processor = 3 => "a seed from the processor",
        /// The clock and the memory map, for want of a generator: hard to foresee, but not random.
        Clock = 4 => "a seed from clock and memory map",
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
