//! Comparisons of the harness's own walk with what others say. Each counts every difference and keeps the first few
//! in words.

use std::collections::VecDeque;

use xtcore::VirtAddr;

use super::run::Run;
use super::walk::Leaf;
use crate::monitor::tlb::{FLAG_BITS, Line, visible};

/// Differences that are told in words, per comparison.
const TOLD: usize = 5;

/// Counted differences.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Differences {
    /// How many.
    pub count: u64,
    /// The first few in words.
    pub words: Vec<String>,
}

impl Differences {
    /// Counts one more.
    pub(crate) fn add(&mut self, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.words.len() < TOLD {
            self.words.push(words());
        }
    }
}

/// Compares every leaf with the emulator's own listing: address, frame and the leaf's bits, in order.
pub(crate) fn with_listing(leaves: &[Leaf], listing: &[Line]) -> Differences {
    let mut differences = Differences::default();
    let mut lines = listing.iter().peekable();
    for leaf in leaves {
        while let Some(line) = lines.next_if(|line| line.page < leaf.page) {
            differences.add(|| format!("{:#x}: only the emulator finds a mapping there", line.page));
        }
        let Some(line) = lines.next_if(|line| line.page == leaf.page) else {
            differences.add(|| format!("{:#x}: the emulator finds no mapping there", leaf.page));
            continue;
        };
        let own = (visible(leaf.target, leaf.bytes), leaf.listed_bits());
        let other = (line.frame_of(leaf.bytes), line.flags & FLAG_BITS);
        if own != other {
            differences.add(|| {
                format!(
                    "{:#x}: own walk finds {:#x} with bits {:#x}, the emulator {:#x} with bits {:#x}",
                    leaf.page, own.0, own.1, other.0, other.1
                )
            });
        }
    }
    for line in lines {
        differences.add(|| format!("{:#x}: only the emulator finds a mapping there", line.page));
    }
    differences
}

/// Compares coalesced runs of the own walk with the kernel's. A run that only one side has is one difference.
pub(crate) fn with_ranges(own: &[Run], kernels: &[Run]) -> Differences {
    let mut differences = Differences::default();
    let mut kernels: VecDeque<&Run> = kernels.iter().collect();
    for run in own {
        while let Some(other) = kernels.pop_front_if(|other| **other < *run) {
            differences.add(|| format!("only the kernel finds {other}"));
        }
        if kernels.pop_front_if(|other| **other == *run).is_none() {
            differences.add(|| format!("the kernel does not find {run}"));
        }
    }
    for other in kernels {
        differences.add(|| format!("only the kernel finds {other}"));
    }
    differences
}

/// Compares one translation: the kernel's, the emulator's and the own one.
pub(crate) fn with_translation(
    differences: &mut Differences,
    from: VirtAddr,
    kernels: u64,
    emulators: Option<u64>,
    own: Option<u64>,
) {
    if emulators != Some(kernels) || own != Some(kernels) {
        let shown =
            |address: Option<u64>| address.map_or("nothing".to_owned(), |address| format!("{address:#x}"));
        differences.add(|| {
            format!(
                "{from:#x}: the kernel translates to {kernels:#x}, the emulator to {}, the own walk to {}",
                shown(emulators),
                shown(own)
            )
        });
    }
}
