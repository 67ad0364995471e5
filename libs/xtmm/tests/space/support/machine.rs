//! A simulated machine of one processor, with an address space.
#![allow(unsafe_code, reason = "the machine of one thread is shared as if it were one of many")]

use std::cell::{Cell, RefCell, RefMut};
use std::ops::{Deref, DerefMut};
use std::thread::{self, ThreadId};

use xtcore::{Frame, FrameCount, FrameRange, PagingMode, VirtAddr};
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};
use xtmm::space::KernelSpace;
use xtpaging::entry::Format;
use xtpaging::{AddressSpace, Invalidation, SelfMap, Tlb};
use xtsim::{AccessKind, Cpu, Facts, FramePool, Ram, SplitMix64, Translation, leaves};
use xtsupport::{EVERYTHING, Shared, SimTables, facts, width};

use super::frames::Reserved;
use super::{Kernel, KernelTables, WatchedLock, window};

/// A value that only the thread which made it can reach.
pub(crate) struct OneThread<T> {
    owner: ThreadId,
    value: RefCell<T>,
}

// SAFETY: a shared reference leads to the value only through `get`, and there only on the thread that owns it.
unsafe impl<T> Sync for OneThread<T> {}

impl<T> OneThread<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { owner: thread::current().id(), value: RefCell::new(value) }
    }

    pub(crate) fn get(&self) -> RefMut<'_, T> {
        assert_eq!(thread::current().id(), self.owner, "another thread");
        self.value.borrow_mut()
    }
}

impl<T> Shared<T> for OneThread<T> {
    fn see(&self) -> impl Deref<Target = T> {
        self.get()
    }

    fn lend(&self) -> impl DerefMut<Target = T> {
        self.get()
    }
}

/// The machine.
pub(crate) struct Sim {
    pub(crate) mode: PagingMode,
    pub(crate) ram: OneThread<Ram>,
    pub(crate) cpu: OneThread<Cpu>,
    pub(crate) pool: OneThread<FramePool>,
    pub(crate) space: AddressSpace,
    pub(crate) injector: Injector,
}

impl Sim {
    /// Starts a machine with `frames` free frames on an address space that maps nothing. RAM is poisoned.
    pub(crate) fn new(mode: PagingMode, frames: u64) -> Self {
        let all = FrameRange::with_count(Frame::new(0), FrameCount::new(1 << 34));
        let ram = OneThread::new(Ram::with(width(mode), all));
        // Free frames lie where frame numbers stop fitting into 32 bits, or addresses do.
        let first = match mode {
            PagingMode::Pml2 => 0xE_0000,
            PagingMode::Pml3 => 0x10_0000 - frames / 2,
            PagingMode::Pml4 | PagingMode::Pml5 => (1 << 32) - frames / 2,
        };
        let range = FrameRange::with_count(Frame::new(first), FrameCount::new(frames));
        let pool = OneThread::new(FramePool::new(range, 0x5BACE));
        let format = Format::new(mode, EVERYTHING);
        let mut tables: KernelTables<'_> = SimTables::by_frame(&ram, mode);
        // The root's tables come from elsewhere and never come back. PAE's pointer table lies low.
        let mut roots = Reserved::of((0x50..0x60).map(Frame::new).rev().collect());
        let space = AddressSpace::create(SelfMap::standard(mode), format, &mut tables, &mut roots)
            .expect("frames for the root");
        let facts = facts(&space);
        let cpu = OneThread::new(Cpu::start(&*ram.get(), facts).expect("a root that can be loaded"));
        Self { mode, ram, cpu, pool, space, injector: Injector::new() }
    }

    /// Puts the address space under its lock. The tables are reached through the self-map.
    pub(crate) fn kernel(&self) -> Kernel<'_> {
        let tables = self.tables();
        // SAFETY: these are the tables and the TLB of the only processor; the kernel space is the only one that a test makes.
        unsafe { KernelSpace::new(self, self.space, tables, SimTlb { sim: self }, window(self.mode)) }
    }

    pub(crate) fn tables(&self) -> KernelTables<'_> {
        SimTables::by_self_map(&self.ram, &self.cpu, *self.space.self_map(), self.mode)
    }

    pub(crate) fn facts(&self) -> Facts {
        facts(&self.space)
    }

    /// Has the processor use an address and the aliases of its entries, so that it holds what it can hold.
    pub(crate) fn touch(&self, address: VirtAddr) {
        let (mut cpu, mut ram) = (self.cpu.get(), self.ram.get());
        let _fault = cpu.translate(&mut ram, address, AccessKind::Read);
        for level in (1..=5).filter_map(xtcore::Level::new) {
            if let Some(alias) = self.space.self_map().entry_address(level, address) {
                let _fault = cpu.translate(&mut ram, alias, AccessKind::Read);
            }
        }
    }

    /// Writes a word where the processor sees it.
    pub(crate) fn write(&self, at: VirtAddr, word: u32) {
        self.cpu.get().write_u32(&mut self.ram.get(), at, word).expect("a writable page");
    }

    /// Reads a word where the processor sees it.
    pub(crate) fn read(&self, at: VirtAddr) -> u32 {
        self.cpu.get().read_u32(&mut self.ram.get(), at).expect("a readable page")
    }

    /// Asserts that the processor believes nothing that memory contradicts.
    pub(crate) fn assert_nothing_stale(&self) {
        let stale = self.cpu.get().stale_entries(&*self.ram.get());
        assert!(stale.is_empty(), "stale: {stale:#x?}");
    }

    /// Returns every page outside of the self-map, by the independent walker.
    pub(crate) fn pages(&self) -> Vec<Translation> {
        let ram = self.ram.get();
        let all = leaves(&*ram, &self.facts()).skipping(self.space.self_map().region());
        all.map(|page| page.expect("sound tables")).collect()
    }

    /// Returns how many frames are out: pages and tables, the root's not.
    pub(crate) fn out(&self) -> usize {
        self.pool.get().outstanding().len()
    }

    /// Returns how many tables there are, the root's not, by the independent walker.
    pub(crate) fn table_count(&self) -> usize {
        let ram = self.ram.get();
        let tables = xtsim::tables(&*ram, &self.facts(), Some(self.space.self_map().region()));
        tables.len() - AddressSpace::root_tables(self.mode).get() as usize
    }

    /// Returns a generator of this machine's own.
    pub(crate) fn random(&self, seed: u64) -> SplitMix64 {
        SplitMix64::new(seed ^ self.mode as u64)
    }
}

/// The promise of the only thread. It counts nothing: the locks do.
pub(crate) struct TestPin;

impl Pin for TestPin {
    fn cpu(&self) -> CpuIndex {
        CpuIndex::new(0)
    }
}

// SAFETY: each machine is used by one thread, as `OneThread` enforces.
unsafe impl Machine for Sim {
    type Lock = WatchedLock;
    type Pin = TestPin;

    fn pin(&self) -> TestPin {
        TestPin
    }

    fn run_level(&self) -> RunLevel {
        RunLevel::Passive
    }

    fn zero(&self, frames: FrameRange) {
        let numbers = frames.start().number()..frames.end().number();
        numbers.for_each(|number| self.ram.get().zero(Frame::new(number)));
    }

    fn injector(&self) -> &Injector {
        &self.injector
    }
}

/// Forgets exactly the addresses that an invalidation names.
pub(crate) struct SimTlb<'m> {
    pub(crate) sim: &'m Sim,
}

thread_local! {
    static INVALIDATIONS: Cell<u64> = const { Cell::new(0) };
}

impl SimTlb<'_> {
    /// Returns how often this thread's processors were told to forget.
    pub(crate) fn invalidations() -> u64 {
        INVALIDATIONS.get()
    }
}

impl Tlb for SimTlb<'_> {
    fn invalidate(&mut self, what: &Invalidation<'_>) {
        INVALIDATIONS.set(INVALIDATIONS.get() + 1);
        let mut cpu = self.sim.cpu.get();
        what.addresses().for_each(|address| cpu.invlpg(address));
    }
}
