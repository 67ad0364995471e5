//! Kernel stacks: address space from the system PTEs, memory from the frame allocator, growth by a probe.
#![allow(unsafe_code, reason = "functions are run on other stacks")]

use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use xtcore::{FrameCount, Geometry, Level, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::arena::NoPages;
use xtmm::space::PageContent;
use xtmm::stack::{Probe, ProbeRefusal, Stack, StackError, StackPages, StackSize};

use super::memory::{Commit, Memory, System};
use crate::ar::stack::call_with_stack as call;
use crate::ke::bugcheck::{Code, bug_check};
use crate::ke::fault::{Access, Resolution, Why};
use crate::ke::{stacks, threads};

/// Where stacks get their pages from.
#[derive(Debug)]
pub(crate) struct StackRoom {
    pub(super) system: &'static System,
    pub(super) memory: Commit,
}

impl StackPages for StackRoom {
    fn reserve(&self, pages: u64) -> Result<VirtRange, NoPages> {
        self.system.reserve(pages, 1)
    }

    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames> {
        self.memory.commit(pages, PageContent::Zeroed).map_err(|error| error.shortage(pages))
    }

    fn decommit(&self, pages: VirtRange) {
        if let Err(error) = self.memory.withdraw(pages) {
            let facts = [6, pages.start().get(), pages.bytes(), 0];
            bug_check(Code::MemoryManagement, facts, None, format_args!("a stack's pages are gone: {error}"));
        }
    }

    fn release(&self, range: VirtRange) {
        if let Err(crime) = self.system.unreserve(range) {
            let facts = [7, range.start().get(), range.bytes(), 0];
            bug_check(
                Code::MemoryManagement,
                facts,
                None,
                format_args!("a stack's range is gone: {crime:?}"),
            );
        }
    }
}

/// Room for what an interrupt, and the change of threads that may follow, push onto the stack that they meet: a KiB was seen not
/// to be enough, and a checked build has larger frames (see `docs/adr/0016-headroom-for-interrupts.md`).
const HEADROOM: FrameCount = FrameCount::new(2);

/// Returns the room of a thread's stack. 32 KiB of memory are there from the start, more than NT gives a thread, because what
/// an interrupt pushes must find memory, and Rust's frames are larger; the rest is for growth by probes.
///
/// # Errors
/// None: these are sizes that a stack can have.
pub(super) fn usual_size(geometry: &Geometry) -> Result<StackSize, StackError> {
    let reserved: u64 = if geometry.virtual_bits() == 32 { 48 } else { 64 };
    StackSize::new(reserved << 10)?.with_committed(32 << 10)
}

/// How deep calls on stacks of their own can be nested so that all of them can be found.
const NESTED: usize = 8;

/// A stack of its own that a call runs on right now.
struct Lent {
    /// Leads to a stack that [`run_on`] borrows for as long as the pointer stands here.
    stack: AtomicPtr<Stack>,
    /// The thread that has borrowed it, as [`own_thread`] tells it; 0 while there is none.
    thread: AtomicUsize,
}

/// Those of all threads: what a probe can grow, and a stop can name, beside the threads' own.
static RUNNING: [Lent; NESTED] =
    [const { Lent { stack: AtomicPtr::new(core::ptr::null_mut()), thread: AtomicUsize::new(0) } }; NESTED];

impl Lent {
    fn is(&self, stack: &Stack) -> bool {
        core::ptr::eq(self.stack.load(Ordering::SeqCst), stack)
    }

    fn take(&self, stack: &Stack) -> bool {
        let (none, mine) = (core::ptr::null_mut(), core::ptr::from_ref(stack).cast_mut());
        let is_taken = self.stack.compare_exchange(none, mine, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        if is_taken {
            self.thread.store(own_thread(), Ordering::Release);
        }
        is_taken
    }

    fn give_back(&self) {
        self.thread.store(0, Ordering::Release);
        self.stack.store(core::ptr::null_mut(), Ordering::Release);
    }
}

/// Returns what tells the caller's thread from all others: never 0, and 1 before there are threads.
fn own_thread() -> usize {
    threads::running().map_or(1, |thread| core::ptr::from_ref(thread).addr())
}

/// Runs a function on a stack, at the caller's run level.
///
/// # Errors
/// [`StackError::Busy`] when a function runs on the stack already, or calls are nested too deep.
pub(crate) fn run_on<R>(stack: &Stack, function: impl FnOnce() -> R) -> Result<R, StackError> {
    let place = RUNNING.iter().find(|place| place.take(stack)).ok_or(StackError::Busy)?;
    // Of two who want one stack at the same time, at least one sees the other: both have said so before they look.
    if RUNNING.iter().any(|other| !core::ptr::eq(other, place) && other.is(stack)) {
        place.give_back();
        return Err(StackError::Busy);
    }
    // SAFETY: nothing else runs on the stack: whoever does has said so above, and it was not found. Its committed part is mapped and
    // writable, and its top is a page boundary; it is as large as its maker found enough, and below it lies a guard.
    let result = unsafe { call(stack.top().address(), function) };
    place.give_back();
    Ok(result)
}

/// Makes a stack of `bytes` bytes and what interrupts need, all of it committed, runs a function on it, and destroys it.
///
/// # Errors
/// Those of making a stack, and of [`run_on`].
pub(crate) fn call_with_stack<R>(
    memory: &Memory,
    bytes: u64,
    function: impl FnOnce() -> R,
) -> Result<R, StackError> {
    let size = StackSize::new(bytes.saturating_add(HEADROOM.bytes()))?;
    let stack = memory.stacks().create(size.with_committed(size.reserved_bytes())?)?;
    let result = run_on(&stack, function);
    memory.stacks().destroy(stack);
    result
}

/// Reads a word of a stack's room; where there is no memory yet, that is a probe. `None` when the address is outside.
///
/// The stack must be running: else nobody gives it memory, and the kernel stops.
pub(crate) fn probe(stack: &Stack, address: VirtAddr) -> Option<usize> {
    let word = VirtRange::with_length(address, size_of::<usize>() as u64)?;
    let room = stack.usable();
    if !address.is_aligned(size_of::<usize>() as u64) || address < room.start() || word.end() > room.end() {
        return None;
    }
    let word = core::ptr::with_exposed_provenance::<usize>(address.get() as usize);
    // SAFETY: the word lies in the room of a stack that is borrowed; it has memory, or gets it by the fault, or the kernel
    // stops. Volatile, because the read matters and not its value.
    Some(unsafe { word.read_volatile() })
}

/// Returns the running stack that an address is on, or in the guard of. Takes no lock.
fn running(address: VirtAddr) -> Option<&'static Stack> {
    threads::stack_at(address).or_else(|| lent(address))
}

/// Returns the one of those that the caller's thread runs functions on.
fn lent(address: VirtAddr) -> Option<&'static Stack> {
    let own = own_thread();
    RUNNING.iter().filter(|place| place.thread.load(Ordering::Acquire) == own).find_map(|place| {
        // SAFETY: only this thread puts its number there, after the pointer, and takes it away before that. So the pointer leads to a
        // stack that `run_on` borrows, in a frame of this thread, which waits for what runs now.
        let stack = unsafe { place.stack.load(Ordering::Relaxed).as_ref() }?;
        (stack.usable().contains(address) || stack.guard().contains(address)).then_some(stack)
    })
}

/// Finds running stacks for whoever describes an address. What has no memory yet counts as the guard: only a probe may go there.
pub(super) fn find(address: VirtAddr) -> Option<stacks::Stack> {
    if let Some(found) = threads::find_stack(address) {
        return Some(found);
    }
    let stack = lent(address)?;
    let pages = stack.committed_range();
    let guard = VirtRange::new(stack.guard().start(), pages.start())?;
    Some(stacks::Stack { name: stacks::Name::new("kernel stack"), pages, guard })
}

/// Gives a running stack more memory, if the fault is a probe below it and comes from below Dispatch, where the interrupted
/// code holds no lock of the memory manager (see `docs/adr/0008-probes-below-dispatch.md`).
pub(super) fn grow_on_probe(memory: &Memory, access: &Access) -> Resolution {
    let address = access.fault.address;
    let Some(stack) = running(address) else { return Resolution::Unresolved(Why::Nothing) };
    if !access.level.may_fault() {
        return Resolution::Unresolved(Why::Raised);
    }
    let probe = Probe { fault: address, stack_pointer: access.stack, headroom: HEADROOM };
    match memory.stacks().grow_on_probe(stack, probe) {
        Ok(_) => Resolution::Resolved,
        Err(ProbeRefusal::NoMemory(_)) => {
            let entry = memory.space().space().self_map().entry_address(Level::PT, address);
            Resolution::Unresolved(Why::NoFrame { entry: entry.unwrap_or_default() })
        }
        Err(_) => Resolution::Unresolved(Why::Nothing),
    }
}
