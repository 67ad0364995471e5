//! Page tables over a buffer that stands for physical memory: physical address 0 is its first byte.
//!
//! 131,072 pages (512 MiB of addresses, 256 page tables) from 0x7F00_0000_0000 on. Nothing is flushed: peers and we
//! are told so, or have a TLB that does nothing. Every subject checks what it does, as it would in a kernel: mapping a
//! page that is mapped, or unmapping one that isn't, is an error.

mod dispatch;
mod memory;
mod ours;
mod peers;

use std::hint::black_box;

use anyhow::Result;
use xtcore::{Frame, PAGE_BYTES, PhysAddr, VirtAddr};

use crate::harness::clock::{per_operation, timed};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample};

/// The first page.
const BASE: VirtAddr = VirtAddr::new(0x7F00_0000_0000);

/// How many pages there are.
const PAGES: usize = 131_072;

/// The pages of one range.
const RANGE: usize = 2048;

/// The first frame that is mapped; those below hold the tables.
const FIRST: Frame = Frame::new(16_384);

const REPEATS: usize = 11;

/// A mapper as a kernel would use it. The operations succeed, or the run ends: a refusal would be no measurement.
pub(super) trait Mapper {
    /// Maps `count` pages from page `first` on, each to its own frame.
    fn map_range(&mut self, first: usize, count: usize);

    /// Unmaps `count` pages from page `first` on.
    fn unmap_range(&mut self, first: usize, count: usize);

    /// Maps pages one after the other, from the first to the last, each for itself.
    fn map_each(&mut self, pages: std::ops::Range<usize>);

    /// Unmaps pages, each for itself.
    fn unmap_each(&mut self, pages: std::ops::Range<usize>);

    /// Translates an address.
    fn translate(&self, address: VirtAddr) -> Option<PhysAddr>;
}

/// Returns the address of a page.
const fn address(page: usize) -> VirtAddr {
    VirtAddr::new(BASE.get() + page as u64 * PAGE_BYTES)
}

/// Returns the frame that a page is mapped to.
const fn frame(page: usize) -> Frame {
    Frame::new(FIRST.number() + page as u64)
}

/// Adds the suite to the plan.
pub(crate) fn add(plan: &mut Plan) {
    subject(plan, "xtpaging", ours::Ours::new);
    subject(plan, "page_table_multiarch", peers::Multiarch::new);
    subject(plan, "x86_64", peers::X86::new);
    dispatch::add(plan);
}

fn subject<M: Mapper + 'static>(plan: &mut Plan, name: &'static str, make: fn() -> Result<M>) {
    let rounds = plan.effort.operations(16);
    plan.add("paging", name, REPEATS, move |repeat| {
        let mut mapper = make()?;
        let mut samples = Vec::new();
        // Whatever is needed only once, such as tables that a peer never frees, exists after this.
        ranges(&mut mapper, 1, &mut Vec::new());
        ranges(&mut mapper, rounds, &mut samples);
        let single = timed(|| mapper.map_each(0..PAGES));
        samples.push(Sample::nanoseconds("paging/map-single", per_operation(single, PAGES)));
        samples.push(translations(&mapper, repeat, rounds));
        let single = timed(|| mapper.unmap_each(0..PAGES));
        samples.push(Sample::nanoseconds("paging/unmap-single", per_operation(single, PAGES)));
        Ok(samples)
    });
}

/// Maps and unmaps all pages in ranges.
fn ranges(mapper: &mut impl Mapper, rounds: usize, samples: &mut Vec<Sample>) {
    let (mut map, mut unmap) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
    for _ in 0..rounds {
        map += timed(|| (0..PAGES).step_by(RANGE).for_each(|first| mapper.map_range(first, RANGE)));
        unmap += timed(|| (0..PAGES).step_by(RANGE).for_each(|first| mapper.unmap_range(first, RANGE)));
    }
    samples.push(Sample::nanoseconds("paging/map-range", per_operation(map, rounds * PAGES)));
    samples.push(Sample::nanoseconds("paging/unmap-range", per_operation(unmap, rounds * PAGES)));
}

/// Translates random addresses, and checks one of them.
fn translations(mapper: &impl Mapper, repeat: usize, rounds: usize) -> Sample {
    let mut random = Random::new(42 + repeat as u64);
    let addresses: Vec<VirtAddr> = (0..PAGES)
        .map(|_| VirtAddr::new(address(random.below(PAGES)).get() + random.next() % PAGE_BYTES))
        .collect();
    let time = timed(|| {
        for _ in 0..rounds {
            for at in &addresses {
                black_box(mapper.translate(black_box(*at)));
            }
        }
    });
    let wanted = frame(7).address().get() + 5;
    assert_eq!(mapper.translate(VirtAddr::new(address(7).get() + 5)).map(PhysAddr::get), Some(wanted));
    Sample::nanoseconds("paging/translate-random", per_operation(time, rounds * PAGES))
}

#[cfg(test)]
mod tests {
    use super::{Mapper, PAGES, RANGE, address, frame, ours, peers};

    fn a_mapper_does_what_it_says(mapper: &mut impl Mapper) {
        for _ in 0..2 {
            mapper.map_range(RANGE, RANGE);
            mapper.map_each(0..3);
            for page in [0, 1, 2, RANGE, 2 * RANGE - 1] {
                assert_eq!(mapper.translate(address(page)), Some(frame(page).address()));
            }
            assert_eq!(mapper.translate(address(3)), None);
            mapper.unmap_range(RANGE, RANGE);
            mapper.unmap_each(0..2);
            assert_eq!(mapper.translate(address(1)), None);
            assert_eq!(mapper.translate(address(2)), Some(frame(2).address()));
            mapper.unmap_each(2..3);
            assert_eq!(mapper.translate(address(2 * RANGE - 1)), None);
        }
        mapper.map_range(0, PAGES);
        assert_eq!(mapper.translate(address(PAGES - 1)), Some(frame(PAGES - 1).address()));
    }

    #[test]
    fn every_mapper_maps_translates_and_unmaps() {
        a_mapper_does_what_it_says(&mut ours::Ours::new().unwrap());
        a_mapper_does_what_it_says(&mut peers::Multiarch::new().unwrap());
        a_mapper_does_what_it_says(&mut peers::X86::new().unwrap());
    }
}
