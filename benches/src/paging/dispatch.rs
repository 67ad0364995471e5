//! What it costs that the paging mode is known only at run time.
//!
//! The same walk twice: once over an address space of which the compiler knows nothing, as in a kernel, and once where
//! it has been told that the mode is PML4, so that everything but that mode's walk is compiled away.
#![allow(unsafe_code, reason = "the compiler is told a fact that it cannot see")]

use std::hint::{assert_unchecked, black_box};

use xtcore::{PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::{AddressSpace, walk};

use super::ours::{BufferTables, Ours};
use super::{Mapper, REPEATS, address};
use crate::harness::clock::{per_operation, timed};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample};

/// Few enough pages for the nearest cache: it is instructions that are compared.
const PAGES: usize = 2048;

const ADDRESSES: usize = 8192;

/// Adds the comparison to the plan.
pub(super) fn add(plan: &mut Plan) {
    let rounds = plan.effort.operations(256);
    let mut case = |name, walk: fn(&AddressSpace, &BufferTables, &[VirtAddr])| {
        plan.add("paging/dispatch", name, REPEATS, move |repeat| {
            let mut ours = Ours::new()?;
            ours.map_range(0, PAGES);
            let mut random = Random::new(9 + repeat as u64);
            let addresses: Vec<VirtAddr> = (0..ADDRESSES)
                .map(|_| VirtAddr::new(address(random.below(PAGES)).get() + random.next() % PAGE_BYTES))
                .collect();
            let space = black_box(&ours.space);
            walk(space, &ours.tables, &addresses);
            let time = timed(|| (0..rounds).for_each(|_| walk(space, &ours.tables, &addresses)));
            Ok(vec![Sample::nanoseconds("paging/dispatch", per_operation(time, rounds * ADDRESSES))])
        });
    };
    case("run-time mode", run_time);
    case("constant mode", constant);
}

#[inline(never)]
fn run_time(space: &AddressSpace, tables: &BufferTables, addresses: &[VirtAddr]) {
    for at in addresses {
        // Opaque each time, or the compiler would choose the mode outside the loop.
        black_box(walk::translate(black_box(space), tables, *at));
    }
}

#[inline(never)]
fn constant(space: &AddressSpace, tables: &BufferTables, addresses: &[VirtAddr]) {
    for at in addresses {
        let space = black_box(space);
        // SAFETY: the only caller's address space was made in PML4.
        unsafe { assert_unchecked(space.mode() as u8 == PagingMode::Pml4 as u8) };
        black_box(walk::translate(space, tables, *at));
    }
}
