//! Kernel stacks: made, grown, run on, destroyed; by request and by a probe.

use core::hint::black_box;

use arrayvec::ArrayVec;
use xtcore::{PAGE_BYTES, VirtAddr};
use xtmm::stack::{Stack, StackSize};

use super::random::Random;
use super::{Complaint, check};
use crate::ar::stack::pointer;
use crate::mm::{Memory, call_with_stack, probe, run_on};

/// Stacks that are held at once.
const HELD: usize = 24;

/// Steps.
const STEPS: u64 = 200;

#[inline(never)]
pub(super) fn run(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let stacks = memory.stacks();
    let mut held = ArrayVec::<Stack, HELD>::new();
    for step in 0..STEPS {
        if held.is_full() || (random.below(2) == 0 && !held.is_empty()) {
            let index = random.below(held.len() as u64) as usize;
            stacks.destroy(held.swap_remove(index));
            continue;
        }
        // Interrupts push onto the stack that they meet, and another thread may be switched to from there: a page for the
        // function, and three or four for them.
        let reserved = (5 + random.below(27)) * PAGE_BYTES;
        let committed = (4 + random.below(2)) * PAGE_BYTES;
        let size = StackSize::new(reserved).and_then(|size| size.with_committed(committed));
        let Ok(size) = size else { return Err(Complaint::new("a size was refused", [reserved, committed])) };
        let Ok(stack) = stacks.create(size) else { continue };
        check(
            memory.find(stack.guard().start()).is_err(),
            "a guard is mapped",
            [stack.guard().start().get(), step],
        )?;
        let stood = run_on(&stack, || {
            black_box(touch(3 * PAGE_BYTES / 4));
            pointer()
        });
        let was_there = stood.is_ok_and(|pointer| stack.usable().contains(pointer));
        check(was_there, "a function did not run on its stack", [reserved, step])?;
        let before = stack.limit().address();
        if stacks.grow(&stack, PAGE_BYTES).is_ok() {
            let bottom = stack.limit().address();
            let has_grown = bottom < before && memory.find(bottom).is_ok();
            check(has_grown, "a stack did not grow", [bottom.get(), step])?;
        }
        let _ = held.try_push(stack);
    }
    for stack in held {
        stacks.destroy(stack);
    }
    probes(memory)?;
    let deep = call_with_stack(memory, 256 << 10, || black_box(touch(200 << 10)));
    check(deep == Ok(200 << 10), "a large stack does not carry", [256 << 10, 0])?;
    for bytes in [0, u64::MAX, u64::MAX - PAGE_BYTES] {
        let refused = StackSize::new(bytes).and_then(|size| stacks.create(size)).is_err();
        check(refused, "a stack of nonsense was made", [bytes, 0])?;
    }
    Ok(STEPS + 5)
}

/// Uses about so many bytes of the stack that it runs on, by calls; returns how many were asked for.
#[inline(never)]
fn touch(bytes: u64) -> u64 {
    const FRAME: u64 = 512;
    let mut frame = [bytes as u8; FRAME as usize];
    black_box(&mut frame);
    if bytes <= FRAME { bytes } else { FRAME + touch(black_box(bytes - FRAME)) }
}

/// An access below the committed part, while the stack pointer is above it, makes the stack grow.
fn probes(memory: &'static Memory) -> Result<(), Complaint> {
    let size = StackSize::new(16 * PAGE_BYTES).and_then(|size| size.with_committed(4 * PAGE_BYTES));
    let Ok(stack) = size.and_then(|size| memory.stacks().create(size)) else {
        return Err(Complaint::new("no stack for a probe", [0, 0]));
    };
    let limit = stack.limit().address();
    let below = VirtAddr::new(limit.get() - 3 * PAGE_BYTES);
    let read = run_on(&stack, || probe(&stack, below));
    let grown = stack.limit().address();
    memory.stacks().destroy(stack);
    check(read == Ok(Some(0)), "a probed page is not zero", [below.get(), 0])?;
    check(grown <= below, "a probe did not make the stack grow", [limit.get(), grown.get()])
}

/// Sees that no stack can be made while there is no memory. It is of another size than the ones in the cache.
pub(super) fn refuse(memory: &'static Memory) -> Result<(), Complaint> {
    let mut held = ArrayVec::<Stack, HELD>::new();
    while let Ok(stack) = StackSize::new(64 * PAGE_BYTES)
        .and_then(|size| size.with_committed(64 * PAGE_BYTES))
        .and_then(|size| memory.stacks().create(size))
    {
        let Err(full) = held.try_push(stack) else { continue };
        memory.stacks().destroy(full.element());
        break;
    }
    let made = held.len();
    for stack in held {
        memory.stacks().destroy(stack);
    }
    check(made == 0, "a stack was made without memory", [made as u64, 0])
}
