//! Where a processor sits: which core and which package it belongs to.
//!
//! Source: Intel SDM volume 3A, section 9.9.3 (hierarchical mapping of the x2APIC ID), and CPUID leaves 0x1F and 0x0B. Each
//! subleaf describes a level of the hierarchy, threads first, and says how many low bits of the x2APIC ID lie within it.

/// What CPUID says of the processor that asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Topology {
    /// The x2APIC ID; the initial APIC ID where there is none.
    pub id: u32,
    /// The core, by a number that no other core of the machine has.
    pub core: u32,
    /// The package.
    pub package: u32,
}

/// Subleaves that are looked at: more levels than there are kinds of levels.
const LEVELS: u32 = 8;

/// The kind of level whose members share a core's execution units.
const THREADS: u32 = 1;

impl Topology {
    /// Asks CPUID: EAX, EBX, ECX and EDX of a leaf and subleaf.
    ///
    /// A processor without these leaves is taken for a core in a package of its own.
    #[must_use]
    pub fn read(cpuid: impl Fn(u32, u32) -> [u32; 4]) -> Self {
        let [highest, ..] = cpuid(0, 0);
        let described = [0x1F, 0x0B].into_iter().filter(|leaf| *leaf <= highest).find_map(|leaf| {
            // EBX is 0 where the leaf means nothing.
            let [_, processors, ..] = cpuid(leaf, 0);
            (processors & 0xFFFF != 0).then(|| Self::of_levels(|level| cpuid(leaf, level)))
        });
        described.unwrap_or_else(|| {
            let id = cpuid(1, 0)[1] >> 24;
            Self { id, core: id, package: id }
        })
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
        Self { id, core: id >> within_core, package: id >> within_package }
    }
}

#[cfg(test)]
mod tests;
