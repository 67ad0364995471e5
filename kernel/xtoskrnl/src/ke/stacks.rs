//! The stacks by name, and the guards below them: what a stop needs to say whose stack has overflowed.
//!
//! The stacks of the start are registered one by one and stay. Those that come and go belong to the memory manager,
//! which offers a function that finds them.
//!
//! Everything here may be asked on any stack at any run level: it takes no lock and allocates nothing.

use core::fmt;

use spin::Once;
use xtcore::{CpuIndex, VirtAddr, VirtRange};

use super::processor::MOST;
use crate::ar::stack::{call_with_stack, pointer};
use crate::ar::{FaultStack, TrapFrame};

/// What a stack is called: by its purpose, and by the processor or the thread whose it is. Bug checks print it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Name {
    purpose: &'static str,
    owner: Owner,
}

/// Whose a stack is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    /// There is only one for its purpose.
    Everybody,
    Processor(CpuIndex),
    Thread(xtke::sched::Name),
}

impl Name {
    /// Returns the name of the only stack for a purpose.
    pub(crate) const fn new(purpose: &'static str) -> Self {
        Self { purpose, owner: Owner::Everybody }
    }

    /// Returns what the stack is for.
    pub(crate) const fn purpose(self) -> &'static str {
        self.purpose
    }

    /// Returns the name of a processor's own stack for a purpose.
    pub(crate) const fn of(purpose: &'static str, cpu: CpuIndex) -> Self {
        Self { purpose, owner: Owner::Processor(cpu) }
    }

    /// Returns the name of a thread's stack.
    pub(crate) const fn of_thread(thread: xtke::sched::Name) -> Self {
        Self { purpose: "stack of the thread", owner: Owner::Thread(thread) }
    }

    /// Returns the processor that has its own row of stacks for this one.
    const fn row(self) -> CpuIndex {
        match self.owner {
            Owner::Processor(cpu) => cpu,
            Owner::Everybody | Owner::Thread(_) => CpuIndex::BOOT,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.purpose)?;
        match self.owner {
            Owner::Everybody => Ok(()),
            Owner::Processor(cpu) => write!(out, " of CPU {}", cpu.get()),
            Owner::Thread(name) => write!(out, " {name}"),
        }
    }
}

/// The purpose of the stack that a processor other than the first starts on, and idles on.
pub(crate) const START_STACK: &str = "idle stack";

/// The purpose of the stack that a processor's interrupts run on.
pub(crate) const INTERRUPT_STACK: &str = "interrupt stack";

/// A stack and its guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stack {
    /// Whose it is.
    pub(crate) name: Name,
    /// What may be used: from the base to the top.
    pub(crate) pages: VirtRange,
    /// What lies below the base and is never mapped; it ends there.
    pub(crate) guard: VirtRange,
}

impl Stack {
    /// Returns a stack with so many bytes of guard below it.
    pub(crate) const fn new(name: Name, pages: VirtRange, guard_bytes: u64) -> Self {
        let guard = VirtAddr::new(pages.start().get().saturating_sub(guard_bytes));
        Self { name, pages, guard: VirtRange::saturating(guard, guard_bytes) }
    }
}

/// An address that has to do with a stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spot {
    /// On the stack.
    Inside(Stack),
    /// In its guard.
    Guard(Stack),
}

/// Who finds stacks that come and go.
pub(crate) type Finder = fn(VirtAddr) -> Option<Stack>;

/// The stacks of a processor that stay: the one it starts on, that of interrupts, and those of faults; of the boot processor
/// that of the monitor, too.
type Row = [Once<Stack>; 3 + FaultStack::ALL.len()];

static FIXED: [Row; MOST] = [const { [const { Once::new() }; 3 + FaultStack::ALL.len()] }; MOST];

static FINDER: Once<Finder> = Once::new();

/// There are more fixed stacks than were thought of; the one that did not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooMany(pub(crate) Stack);

/// Makes a stack known that stays for ever; one without a number is the boot processor's. One processor does this, at
/// the start of each.
///
/// # Errors
/// [`TooMany`]; then a stop on that stack cannot say its name.
pub(crate) fn register(stack: Stack) -> Result<(), TooMany> {
    let row = FIXED.get(stack.name.row().get()).ok_or(TooMany(stack))?;
    let free = row.iter().find(|slot| slot.get().is_none()).ok_or(TooMany(stack))?;
    free.call_once(|| stack);
    Ok(())
}

/// Names who finds the other stacks, by an address on one or in its guard; the first call counts.
///
/// The function is called on fault stacks, at High, maybe in the middle of any change to its own books: it takes no
/// lock, and no answer is better than waiting.
pub(crate) fn set_finder(finder: Finder) {
    FINDER.call_once(|| finder);
}

/// Returns the stacks that stay.
pub(crate) fn fixed() -> impl Iterator<Item = Stack> {
    FIXED.iter().flat_map(|row| row.iter().map_while(Once::get)).copied()
}

/// Returns what an address has to do with a stack.
pub(crate) fn find(address: VirtAddr) -> Option<Spot> {
    let spot = |stack: Stack| {
        if stack.pages.contains(address) {
            Some(Spot::Inside(stack))
        } else {
            stack.guard.contains(address).then_some(Spot::Guard(stack))
        }
    };
    fixed().find_map(spot).or_else(|| FINDER.get().and_then(|find| find(address)).and_then(spot))
}

/// Returns a word of a stack, if the address is one's and aligned. Stacks that another processor runs on may be unknown here.
#[allow(unsafe_code, reason = "what is known as a stack is there")]
pub(crate) fn word_at(address: VirtAddr) -> Option<u64> {
    let Some(Spot::Inside(stack)) = find(address) else { return None };
    // SAFETY: a stack is mapped as long as it is known.
    unsafe { word_of(stack.pages, address) }
}

/// Returns a word of these pages, if the address is one's and aligned.
///
/// # Safety
/// The pages can be read.
#[allow(unsafe_code, reason = "a word is read by its address")]
pub(crate) unsafe fn word_of(pages: VirtRange, address: VirtAddr) -> Option<u64> {
    const WORD: u64 = size_of::<usize>() as u64;
    let is_inside = pages.contains(address) && VirtRange::with_length(address, WORD)?.end() <= pages.end();
    if !is_inside || !address.is_aligned(WORD) {
        return None;
    }
    let word = core::ptr::with_exposed_provenance::<usize>(address.get() as usize);
    // SAFETY: the word lies in pages that can be read; any bits are a number. Volatile, because whoever owns the stack may be
    // writing to it.
    Some(unsafe { word.read_volatile() } as u64)
}

/// Returns the name of the stack that a stack pointer belongs to; one in a guard belongs to the stack above.
pub(crate) fn name_at(pointer: VirtAddr) -> Name {
    owner(pointer).map_or(Name::new("a stack without a name"), |stack| stack.name)
}

/// Returns the stack that a stack pointer belongs to. An empty stack's pointer is its top, and a full one's next push
/// goes into the guard; so the word below the pointer is what counts.
fn owner(pointer: VirtAddr) -> Option<Stack> {
    let word = VirtAddr::new(pointer.get().wrapping_sub(size_of::<usize>() as u64));
    match find(word)? {
        Spot::Inside(stack) | Spot::Guard(stack) => Some(stack),
    }
}

/// Returns the stack that the interrupted code has overflowed, if that is what happened: its stack pointer, or the
/// address of the fault, lies in the guard of the stack that it stood on.
///
/// An access to the guard of another stack is no overflow, only a wild pointer.
pub(crate) fn overflowed(frame: &TrapFrame) -> Option<Stack> {
    let stack = owner(frame.stack())?;
    let lowest = VirtAddr::new(frame.stack().get().wrapping_sub(size_of::<usize>() as u64));
    [lowest, frame.fault_address()].into_iter().any(|address| stack.guard.contains(address)).then_some(stack)
}

/// Runs a function on the stack that ends at `top`, and tells whether it stood there, saw what it was given, could move
/// on to its own caller's kind of call, and gave back what it made.
///
/// # Safety
/// As for [`call_with_stack`], for two pages below `top`.
#[allow(unsafe_code, reason = "the stack is exchanged to see that it can be")]
pub(crate) unsafe fn can_be_exchanged(top: VirtAddr) -> bool {
    let before = pointer();
    let given = [before.get(), top.get(), !top.get()];
    let inner_top = VirtAddr::new(top.get().wrapping_sub(xtcore::PAGE_BYTES));
    let call = || {
        let outer = pointer();
        // SAFETY: the outer call stays in the upper page, so the lower one is free.
        let inner = unsafe { call_with_stack(inner_top, || (pointer(), given)) };
        (outer, inner)
    };
    // SAFETY: `top` ends two free pages: `call` stands on the upper one, and hands the lower one on to the inner call alone.
    let (outer, (inner, seen)) = unsafe { call_with_stack(top, call) };
    let below = |pointer: VirtAddr, top: VirtAddr| {
        top.bytes_since(pointer).is_some_and(|used| used != 0 && used <= xtcore::PAGE_BYTES)
    };
    below(outer, top) && below(inner, inner_top) && seen == given && before == pointer()
}
