//! Where a processor sits: which core and which package it belongs to.
//!
//! Source: Intel SDM volume 3A, section 9.9.3 (hierarchical mapping of the x2APIC ID), and CPUID leaves 0x1F and 0x0B. Each
//! subleaf describes a level of the hierarchy, threads first, and says how many low bits of the x2APIC ID lie within it.
//!
//! Processors without these leaves tell how many identifiers a package has (leaf 1), and how many of its cores share
//! them (leaf 4, section 9.9.3.2; AMD's, which have no leaf 4, say in leaf 80000001H that each is a core).

/// What CPUID says of the processor that asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Topology {
    /// The x2APIC ID; the initial APIC ID where there is none.
    pub id: u32,
    /// The core, by a number that no other core of the machine has.
    pub core: u32,
    /// The package.
    pub package: u32,
    /// The thread, by a number that no other thread of its core has.
    pub thread: u32,
}

/// Subleaves that are looked at: more levels than there are kinds of levels.
const LEVELS: u32 = 8;

/// The kind of level whose members share a core's execution units.
const THREADS: u32 = 1;

impl Topology {
    /// Asks CPUID: EAX, EBX, ECX and EDX of a leaf and subleaf.
    ///
    /// A processor that tells nothing is taken for a core in a package of its own.
    #[must_use]
    pub fn read(cpuid: impl Fn(u32, u32) -> [u32; 4]) -> Self {
        let [highest, ..] = cpuid(0, 0);
        let described = [0x1F, 0x0B].into_iter().filter(|leaf| *leaf <= highest).find_map(|leaf| {
            // EBX is 0 where the leaf means nothing.
            let [_, processors, ..] = cpuid(leaf, 0);
            (processors & 0xFFFF != 0).then(|| Self::of_levels(|level| cpuid(leaf, level)))
        });
        described.unwrap_or_else(|| Self::of_counts(highest, &cpuid))
    }

    /// Goes by counts of identifiers, of which each level has a power of two.
    fn of_counts(highest: u32, cpuid: &impl Fn(u32, u32) -> [u32; 4]) -> Self {
        const SEVERAL: u32 = 1 << 28;
        const EACH_A_CORE: u32 = 1 << 1;
        let [_, facts, _, features] = cpuid(1, 0);
        let in_package = if features & SEVERAL != 0 { (facts >> 16 & 0xFF).max(1) } else { 1 };
        let [caches, ..] = if highest >= 4 { cpuid(4, 0) } else { [0; 4] };
        let [extended, ..] = cpuid(0x8000_0000, 0);
        let are_cores = extended >= 0x8000_0001 && cpuid(0x8000_0001, 0)[2] & EACH_A_CORE != 0;
        let cores = match caches & 0x1F {
            _ if are_cores => in_package,
            // Leaf 4 describes no cache, so it means nothing.
            0 => 1,
            _ => (caches >> 26) + 1,
        };
        let bits = |count: u32| count.next_power_of_two().trailing_zeros();
        let within_package = bits(in_package);
        Self::split(facts >> 24, within_package.saturating_sub(bits(cores)), within_package)
    }

    /// Splits an identifier of which so many low bits lie within a core and within a package, up to 31.
    const fn split(id: u32, within_core: u32, within_package: u32) -> Self {
        let thread = id & ((1 << within_core) - 1);
        Self { id, core: id >> within_core, package: id >> within_package, thread }
    }

    fn of_levels(level: impl Fn(u32) -> [u32; 4]) -> Self {
        let [_, _, _, id] = level(0);
        let (mut within_core, mut within_package) = (0, 0);
        for number in 0..LEVELS {
            let [shift, _, kind, _] = level(number);
            let (shift, kind) = (shift & 0x1F, kind >> 8 & 0xFF);
            match kind {
                0 => break,
                THREADS => (within_core, within_package) = (shift, shift.max(within_package)),
                _ => within_package = shift.max(within_package),
            }
        }
        Self::split(id, within_core, within_package)
    }
}

#[cfg(test)]
mod tests;
