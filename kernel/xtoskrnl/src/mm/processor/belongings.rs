//! What a processor has for itself before it starts: kept for good by one that arrives, given back by one that does not.
#![allow(unsafe_code, reason = "mapped pages become a processor's block")]

use arrayvec::ArrayVec;
use xtcore::{CpuIndex, FrameCount, VirtAddr};
use xtmm::space::{PageContent, SystemMapping};
use xtmm::stack::{Stack, StackError};

use super::{keep_stack, make_stack};
use crate::ar::local::Local;
use crate::ar::{FaultStack, set_fault_stacks};
use crate::ke::bugcheck::{Code, bug_check};
use crate::ke::stacks::{INTERRUPT_STACK, Name, START_STACK};
use crate::mm::memory::Memory;

/// Stacks that a processor has: the one that it starts and idles on, that of interrupts, and those of faults.
const STACKS: usize = 2 + FaultStack::ALL.len();

/// A processor's own block, with all of its stacks.
#[must_use = "what is neither kept nor given back is lost"]
#[derive(Debug)]
pub(crate) struct Belongings {
    memory: &'static Memory,
    /// In the order of [`purposes`].
    stacks: ArrayVec<Stack, STACKS>,
    block: SystemMapping,
}

/// Returns what the stacks are for.
fn purposes() -> impl Iterator<Item = &'static str> {
    [START_STACK, INTERRUPT_STACK].into_iter().chain(FaultStack::ALL.map(FaultStack::name))
}

impl Belongings {
    /// Makes all that a processor has for itself; `cpu` is the number that it is started with.
    ///
    /// # Errors
    /// [`StackError`], for the block, too; then everything that was made is back.
    pub(crate) fn new(memory: &'static Memory, cpu: CpuIndex) -> Result<Self, StackError> {
        const PAGES: FrameCount = FrameCount::holding(size_of::<Local>() as u64);
        let mut stacks = ArrayVec::new();
        let made = purposes().try_for_each(|_| make_stack(memory).map(|stack| stacks.push(stack)));
        let none = xtpaging::OutOfFrames { wanted: PAGES, available: FrameCount::ZERO };
        let block = made.and_then(|()| {
            let block = memory.system().allocate(PAGES, PageContent::Zeroed);
            block.map_err(|_| StackError::NoMemory(none))
        });
        match block {
            Ok(block) => {
                let own = Self { memory, stacks, block };
                own.furnish(cpu);
                Ok(own)
            }
            Err(error) => {
                stacks.into_iter().for_each(|stack| memory.stacks().destroy(stack));
                Err(error)
            }
        }
    }

    /// Writes the block, and names the stacks in it.
    fn furnish(&self, cpu: CpuIndex) {
        let place = self.place();
        // SAFETY: the pages are mapped and writable, begin at a page, hold a block, and are known to nobody else.
        unsafe { place.write(Local::new(cpu, place)) };
        let mut tops = self.stacks.iter().map(|stack| stack.top().address());
        let [_, interrupts] = [(); 2].map(|()| tops.next().unwrap_or_default());
        // SAFETY: the block was written a moment ago, and the mapping lasts as long as this value, or for good.
        let block = unsafe { &*place };
        // SAFETY: the processor does not run yet; the stack was made for this, and stays as long as the block.
        unsafe { block.set_interrupt_stack(interrupts) };
        set_fault_stacks(block, FaultStack::ALL.map(|_| tops.next().unwrap_or_default()));
    }

    fn place(&self) -> *mut Local {
        core::ptr::with_exposed_provenance_mut(self.block.address().get() as usize)
    }

    /// Returns the processor's own block: valid until it is given back.
    pub(crate) fn block(&self) -> *const Local {
        self.place()
    }

    /// Returns the top of the stack that the processor starts on.
    pub(crate) fn start(&self) -> VirtAddr {
        self.stacks.first().map_or(VirtAddr::ZERO, |stack| stack.top().address())
    }

    /// Leaves everything for good to the processor, which has arrived and gets that number; the names of its stacks become known.
    ///
    /// # Safety
    /// The number is below [`MOST`](crate::ke::processor::MOST). The processor waits for it, and does not look at the one that it was
    /// started with.
    pub(crate) unsafe fn keep(self, cpu: CpuIndex) {
        // SAFETY: the block was written when this value was made, and stays mapped.
        let block = unsafe { &*self.place() };
        // SAFETY: the number is one that there is. The block's own processor reads the cell, and waits without looking at it; this
        // value, which is used up here, is all else that leads to it.
        unsafe { block.set_number(cpu) };
        for (stack, purpose) in self.stacks.into_iter().zip(purposes()) {
            keep_stack(stack, Name::of(purpose, cpu));
        }
    }

    /// Takes everything back.
    ///
    /// # Safety
    /// No processor uses any of it, and none will.
    #[inline(never)]
    pub(crate) unsafe fn give_back(self) {
        let Self { memory, stacks, block } = self;
        stacks.into_iter().for_each(|stack| memory.stacks().destroy(stack));
        let address = block.address().get();
        if let Err(error) = memory.system().release(block) {
            let facts = [8, address, 0, 0];
            let what = format_args!("the block of a processor that does not start is gone: {error:?}");
            bug_check(Code::MemoryManagement, facts, None, what);
        }
    }
}
