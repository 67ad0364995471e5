//! Ranges of pages: the lowest free one that fits, found by trying all. Slow and obviously right.

use std::collections::BTreeMap;

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::inject::Site;
use xtmm::space::PageRanges;

use super::machine::Sim;

/// There is no range of so many pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refusal(pub(crate) u64);

/// The range was not given out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Crime(pub(crate) VirtRange);

/// See the module.
pub(crate) struct TestRanges<'m> {
    sim: &'m Sim,
    region: VirtRange,
    out: BTreeMap<VirtAddr, VirtRange>,
}

impl<'m> TestRanges<'m> {
    pub(crate) fn new(sim: &'m Sim, region: VirtRange) -> Self {
        Self { sim, region, out: BTreeMap::new() }
    }

    /// Returns how many pages are given out.
    pub(crate) fn pages_out(&self) -> u64 {
        self.out.values().map(|range| range.bytes() / PAGE_BYTES).sum()
    }
}

impl PageRanges for TestRanges<'_> {
    type Refusal = Refusal;
    type Crime = Crime;

    fn allocate(&mut self, pages: u64, alignment: u64) -> Result<VirtRange, Refusal> {
        if self.sim.injector.fails(Site::VirtualPages) {
            return Err(Refusal(pages));
        }
        let bytes = pages.checked_mul(PAGE_BYTES).ok_or(Refusal(pages))?;
        let mut at = self.region.start();
        loop {
            at = at.align_up(alignment * PAGE_BYTES).ok_or(Refusal(pages))?;
            let range = VirtRange::with_length(at, bytes).ok_or(Refusal(pages))?;
            if range.end() > self.region.end() {
                return Err(Refusal(pages));
            }
            match self.out.values().find(|taken| taken.overlaps(range)) {
                Some(taken) => at = taken.end(),
                None => {
                    self.out.insert(at, range);
                    return Ok(range);
                }
            }
        }
    }

    fn free(&mut self, pages: VirtRange) -> Result<(), Crime> {
        match self.out.get(&pages.start()) {
            Some(taken) if *taken == pages => {
                self.out.remove(&pages.start());
                Ok(())
            }
            _ => Err(Crime(pages)),
        }
    }
}
