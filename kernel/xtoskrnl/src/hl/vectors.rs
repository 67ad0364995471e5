//! How urgent an interrupt is: the run level of its vector.

use xthal::Vector;
use xthal::vector::Class;
use xtmm::machine::RunLevel;

/// Returns the run level at which the vector's handler runs; the hardware lets nothing of the same or a lower level in
/// meanwhile, because both go by the vector's upper four bits.
///
/// An exception's handler runs at the level of the code that it came to, so its vector has no level of its own; High is what
/// holds if such a vector ever comes in as an interrupt.
#[inline]
pub(crate) const fn level_of(vector: Vector) -> RunLevel {
    match vector.class() {
        Class::Pic | Class::Device => RunLevel::Device,
        Class::Clock => RunLevel::Clock,
        Class::Processor => RunLevel::Ipi,
        Class::Exception | Class::Controller => RunLevel::High,
    }
}
