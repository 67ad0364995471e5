//! What CPUID says about the time stamp counter.
//!
//! Source: SDM volume 3B, section 18.17 (invariance) and 18.7.3 (frequency); CPUID leaves 15H, 16H and 80000007H. The
//! leaves from 40000000H on are a hypervisor's: 40000010H with frequencies in kilohertz is common to several, and
//! KVM's 40000001H has a bit for a clock that is stable over all processors.

use super::Frequency;

/// The leaves of CPUID that matter here, as far as the processor has them; zeros else. EAX, EBX, ECX and EDX each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TscFacts {
    /// Leaf 80000007H.
    pub power: [u32; 4],
    /// Leaf 15H.
    pub crystal: [u32; 4],
    /// Leaf 16H.
    pub base: [u32; 4],
    /// Leaf 40000000H.
    pub hypervisor: [u32; 4],
    /// Leaf 40000001H.
    pub hypervisor_features: [u32; 4],
    /// Leaf 40000010H.
    pub hypervisor_timing: [u32; 4],
}

/// How well the frequency is known without measuring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// Exactly.
    Exactly(Frequency),
    /// By its name on the box: up to a percent off, so a measurement is better.
    Nominally(Frequency),
}

/// "KVMKVMKVM" with three zeros, as EBX, ECX and EDX show it.
const KVM: [u32; 3] = [0x4B4D_564B, 0x564B_4D56, 0x0000_004D];

impl TscFacts {
    /// Tells whether the counter runs at one speed whatever the processor does: only then it is a clock.
    #[must_use]
    pub const fn is_invariant(&self) -> bool {
        let [_, _, _, power] = self.power;
        power & 1 << 8 != 0 || self.is_stable_under_kvm()
    }

    const fn is_stable_under_kvm(&self) -> bool {
        let [highest, name @ ..] = self.hypervisor;
        let [features, ..] = self.hypervisor_features;
        let is_kvm = name[0] == KVM[0] && name[1] == KVM[1] && name[2] == KVM[2];
        is_kvm && highest >= 0x4000_0001 && features & 1 << 24 != 0
    }

    /// Returns the frequency, if the processor or its hypervisor tells.
    #[must_use]
    pub fn frequency(&self) -> Option<Told> {
        let [denominator, numerator, crystal, _] = self.crystal.map(u64::from);
        if let Some(hertz) = (crystal * numerator).checked_div(denominator)
            && let Some(exact) = Frequency::new(hertz)
        {
            return Some(Told::Exactly(exact));
        }
        let [highest, ..] = self.hypervisor;
        let [kilohertz, ..] = self.hypervisor_timing;
        if highest >= 0x4000_0010
            && let Some(exact) = Frequency::new(u64::from(kilohertz) * 1000)
        {
            return Some(Told::Exactly(exact));
        }
        let [megahertz, ..] = self.base;
        Frequency::new(u64::from(megahertz & 0xFFFF) * 1_000_000).map(Told::Nominally)
    }
}
