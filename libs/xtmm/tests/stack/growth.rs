//! Growth: asked for, and by probes.

use std::sync::OnceLock;

use xtcore::{FrameCount, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::stack::{Counts, Probe, ProbeRefusal, Stack, StackError};

use crate::double::{Host, Pages};
use crate::{TestStacks, size};

fn below(address: VirtAddr, bytes: u64) -> VirtAddr {
    VirtAddr::new(address.get() - bytes)
}

fn whole(stack: &Stack) -> VirtRange {
    VirtRange::new(stack.guard().start(), stack.top().address()).expect("ascending")
}

#[test]
fn a_stack_grows_page_by_page_down_to_its_base_and_no_further() {
    let (host, pages) = (Host::default(), Pages::new(100, 100));
    let stacks = TestStacks::new(&host, &pages, size(6, 1));
    let stack = stacks.create(size(6, 1)).expect("room");
    assert_eq!(stacks.grow(&stack, 0), Err(StackError::Size { bytes: 0 }));
    let limit = stacks.grow(&stack, 1).expect("room");
    assert_eq!(limit.address(), below(stack.top().address(), 2 * PAGE_BYTES));
    stacks.grow(&stack, 2 * PAGE_BYTES + 1).expect("three pages");
    pages.assert_present(whole(&stack), stack.committed_range());
    let exhausted =
        |wanted, left| Err(StackError::Exhausted { wanted: wanted * PAGE_BYTES, left: left * PAGE_BYTES });
    assert_eq!(stacks.grow(&stack, 2 * PAGE_BYTES), exhausted(2, 1));
    stacks.grow(&stack, PAGE_BYTES).expect("the last page");
    assert_eq!(stack.limit().address(), stack.base().address());
    assert_eq!(stacks.grow(&stack, 1), exhausted(1, 0));
    assert!(matches!(stacks.grow(&stack, 1 << 63), Err(StackError::Exhausted { left: 0, .. })));
    assert!(matches!(stacks.grow(&stack, u64::MAX), Err(StackError::Exhausted { left: 0, .. })));
    pages.assert_present(whole(&stack), stack.usable());
    assert_eq!(stacks.counts(), Counts { stacks: 1, cached: 0, reserved: 7, committed: 6 });
    stacks.destroy(stack);
    assert_eq!(pages.out(), (7, 1), "the cache keeps what a new one has");
}

#[test]
fn growth_without_memory_changes_nothing_and_can_be_repeated() {
    let (host, pages) = (Host::default(), Pages::new(100, 3));
    let stacks = TestStacks::new(&host, &pages, size(6, 1));
    let stack = stacks.create(size(6, 1)).expect("room");
    let (limit, counts) = (stack.limit(), stacks.counts());
    let none = OutOfFrames { wanted: FrameCount::new(3), available: FrameCount::new(2) };
    assert_eq!(stacks.grow(&stack, 3 * PAGE_BYTES), Err(StackError::NoMemory(none)));
    assert_eq!((stack.limit(), stacks.counts()), (limit, counts));
    assert!(stacks.grow(&stack, 2 * PAGE_BYTES).is_ok());
    stacks.destroy(stack);
}

#[test]
fn a_stack_is_made_sure_of_relative_to_its_pointer() {
    let (host, pages) = (Host::default(), Pages::new(100, 100));
    let stacks = TestStacks::new(&host, &pages, size(6, 2));
    let stack = stacks.create(size(6, 2)).expect("room");
    let pointer = below(stack.top().address(), 100);
    let there = 2 * PAGE_BYTES - 100;
    assert_eq!(stacks.ensure(&stack, pointer, there), Ok(stack.limit()));
    assert_eq!(stacks.counts().committed, 2, "it was there");
    stacks.ensure(&stack, pointer, there + 1).expect("a page");
    assert_eq!(stacks.counts().committed, 3);
    let exhausted = StackError::Exhausted { wanted: 4 * PAGE_BYTES, left: 3 * PAGE_BYTES };
    assert_eq!(stacks.ensure(&stack, pointer, 6 * PAGE_BYTES), Err(exhausted));
    for stack_pointer in [VirtAddr::ZERO, stack.base().address(), VirtAddr::new(u64::MAX)] {
        assert_eq!(stacks.ensure(&stack, stack_pointer, 1), Err(StackError::Elsewhere { stack_pointer }));
    }
    stacks.destroy(stack);
}

#[test]
fn a_probe_grows_down_to_its_page_as_far_as_there_is_memory() {
    let (host, pages) = (Host::default(), Pages::new(100, 5));
    let stacks = TestStacks::new(&host, &pages, size(8, 1));
    let stack = stacks.create(size(8, 1)).expect("room");
    let stack_pointer = stack.limit().address();
    let probe = |fault| Probe { fault, stack_pointer, headroom: FrameCount::ZERO };
    let next = below(stack_pointer, 8);
    let limit = stacks.grow_on_probe(&stack, probe(next)).expect("a page");
    assert_eq!(limit.address(), below(stack_pointer, PAGE_BYTES));
    // Three pages at once: what lies between is committed too.
    let far = below(limit.address(), 2 * PAGE_BYTES + 1);
    let limit = stacks.grow_on_probe(&stack, probe(far)).expect("three pages");
    assert_eq!(limit.address(), below(stack_pointer, 4 * PAGE_BYTES));
    pages.assert_present(whole(&stack), stack.committed_range());
    assert_eq!((pages.frames(), stacks.counts().committed), (0, 5));

    let fault = below(limit.address(), 1);
    let none = OutOfFrames { wanted: FrameCount::ONE, available: FrameCount::ZERO };
    assert_eq!(stacks.grow_on_probe(&stack, probe(fault)), Err(ProbeRefusal::NoMemory(none)));
    assert_eq!((stack.limit(), stacks.counts().committed), (limit, 5));
    stacks.destroy(stack);
    stacks.trim();
    assert_eq!(pages.out(), (0, 0));
}

#[test]
fn a_probe_leaves_headroom_below_its_page_as_far_as_the_reservation_reaches() {
    let (host, pages) = (Host::default(), Pages::new(100, 100));
    let stacks = TestStacks::new(&host, &pages, size(8, 1));
    let stack = stacks.create(size(8, 1)).expect("room");
    let stack_pointer = stack.limit().address();
    let grown = |pages_below| {
        let probe = Probe {
            fault: below(stack_pointer, pages_below * PAGE_BYTES - 8),
            stack_pointer,
            headroom: FrameCount::new(2),
        };
        stacks
            .grow_on_probe(&stack, probe)
            .map(|limit| (stack_pointer.get() - limit.address().get()) / PAGE_BYTES)
    };
    assert_eq!(grown(2), Ok(4), "two pages to the one that faulted, and two more");
    assert!(matches!(grown(3), Err(ProbeRefusal::NotAProbe { .. })), "what is there faults no more");
    assert_eq!(grown(6), Ok(7), "the reservation ends there");
    pages.assert_present(whole(&stack), stack.committed_range());
    assert!(matches!(grown(8), Err(ProbeRefusal::Guard { .. })));
    stacks.destroy(stack);
}

#[test]
fn what_is_no_probe_is_told_apart() {
    let (host, pages) = (Host::default(), Pages::new(100, 100));
    let stacks = TestStacks::new(&host, &pages, size(8, 2));
    let stack = stacks.create(size(8, 2)).expect("room");
    let left = pages.frames();
    let (top, base, limit) = (stack.top().address(), stack.base().address(), stack.limit().address());
    let (counts, pointer) = (stacks.counts(), limit);
    let refused = |fault, stack_pointer| {
        let refusal = stacks
            .grow_on_probe(&stack, Probe { fault, stack_pointer, headroom: FrameCount::ZERO })
            .expect_err("refused");
        assert_eq!((stack.limit().address(), stacks.counts(), pages.frames()), (limit, counts, left));
        refusal
    };
    for fault in [below(base, 1), below(base, PAGE_BYTES)] {
        assert_eq!(refused(fault, pointer), ProbeRefusal::Guard { fault });
    }
    // Below the guard page, above the top, on committed memory (a protection fault, perhaps), and nowhere.
    for fault in
        [below(base, PAGE_BYTES + 1), top, limit, below(top, 1), VirtAddr::ZERO, VirtAddr::new(u64::MAX)]
    {
        assert_eq!(refused(fault, pointer), ProbeRefusal::NotAProbe { fault });
    }
    let fault = below(limit, 8);
    for stack_pointer in [fault, below(limit, 1), base, VirtAddr::ZERO, VirtAddr::new(top.get() + 1)] {
        assert_eq!(refused(fault, stack_pointer), ProbeRefusal::Overrun { stack_pointer });
    }
    stacks.destroy(stack);
}

#[test]
fn an_injected_failure_of_a_probe_changes_nothing() {
    let (host, pages) = (Host::default(), Pages::new(100, 100));
    let stacks = TestStacks::new(&host, &pages, size(8, 1));
    let stack = stacks.create(size(8, 1)).expect("room");
    let (limit, left) = (stack.limit(), pages.frames());
    let probe = Probe {
        fault: below(limit.address(), 8),
        stack_pointer: limit.address(),
        headroom: FrameCount::ZERO,
    };
    host.injector.arm(1);
    assert!(matches!(stacks.grow_on_probe(&stack, probe), Err(ProbeRefusal::NoMemory(_))));
    assert_eq!((host.injector.disarm(), stack.limit(), pages.frames()), (1, limit, left));
    assert!(stacks.grow_on_probe(&stack, probe).is_ok());
    stacks.destroy(stack);
}

/// While a growth has the page tables half way, a probe on the same stack finds it in progress. The growth then goes
/// on.
#[test]
fn a_probe_inside_of_a_growth_is_refused() {
    // The interrupt reaches them from inside, so they live as long as the test program.
    static MACHINE: OnceLock<(Host, Pages)> = OnceLock::new();
    static STACKS: OnceLock<TestStacks<'static>> = OnceLock::new();
    static STACK: OnceLock<Stack> = OnceLock::new();
    let (host, pages) = MACHINE.get_or_init(|| (Host::default(), Pages::new(100, 100)));
    let stacks = STACKS.get_or_init(|| TestStacks::new(host, pages, size(8, 1)));
    let stack = STACK.get_or_init(|| stacks.create(size(8, 1)).expect("room"));
    let limit = stack.limit().address();
    pages.interrupt_commit(move || {
        let probe = Probe { fault: below(limit, 8), stack_pointer: limit, headroom: FrameCount::ZERO };
        assert_eq!(stacks.grow_on_probe(stack, probe), Err(ProbeRefusal::Busy));
        assert_eq!(stacks.grow(stack, 1), Err(StackError::Busy));
    });
    let grown = stacks.grow(stack, 2 * PAGE_BYTES).expect("room");
    assert_eq!(grown.address(), below(limit, 2 * PAGE_BYTES));
    assert_eq!((stacks.counts().committed, pages.frames(), pages.was_interrupted()), (3, 97, true));
    pages.assert_present(whole(stack), stack.committed_range());
    let probe = Probe { fault: below(grown.address(), 8), stack_pointer: limit, headroom: FrameCount::ZERO };
    assert!(stacks.grow_on_probe(stack, probe).is_ok(), "the growth is over");
}
