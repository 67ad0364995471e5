//! An address space that processors change while others use it, and what each page may show meanwhile.

use std::cell::{Cell, RefCell};

use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtke::platform::Platform;
use xtke::shootdown::{CpuSet, Request};
use xtpaging::entry::Format;
use xtpaging::{
    AddressSpace, Attributes, Capabilities, Frames, Invalidation, Limbo, Mapping, OutOfFrames, Reservation,
    SelfMap, Support, Tlb, TlbObligation,
};
use xtsim::{AccessKind, Facts, Fault, FramePool, Ram, Width};
use xtsupport::SimTables;

use crate::machine::{Flaw, Machine, Sim};
use crate::tables::SelfMapped;

/// Small pages of the area: so many at the beginning of each of two page tables.
const PER_TABLE: u64 = 6;

/// The frames that the large page has in turns; boundaries of large pages in each mode.
const LARGE_FRAMES: [u64; 2] = [0x8000, 0x8400];

const CAPABILITIES: Capabilities = Capabilities {
    no_execute: Support::Present,
    global: Support::Present,
    large_pages: Support::Present,
    gigabyte_pages: Support::Present,
    physical_bits: 36,
};

/// What may be seen at a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Page {
    at: VirtAddr,
    /// Frames of the page: more than one for the large one.
    length: u64,
    now: Option<Frame>,
    is_writable: bool,
    /// What a processor may still hold: what the page showed when the change began that has not ended.
    before: Option<Frame>,
    is_changing: bool,
}

/// The address space, the frames it is made of, and the truth about it.
pub(crate) struct Mapper {
    space: AddressSpace,
    frames: RefCell<FramePool>,
    pages: RefCell<Vec<Page>>,
    /// Which frames the large page had last.
    large: Cell<usize>,
    /// Held while tables change.
    is_locked: Cell<bool>,
    /// Invalidations that have returned.
    pub(crate) rounds: Cell<u64>,
}

std::thread_local! {
    static MAPPER: Cell<Option<&'static Mapper>> = const { Cell::new(None) };
}

fn mapper() -> &'static Mapper {
    MAPPER.get().expect("a mapper was made")
}

/// Table frames from the pool: what came back last goes out first.
struct Pool;

struct Reserved(Vec<Frame>);

impl Frames for Pool {
    type Reservation = Reserved;

    fn reserve(&mut self, count: FrameCount) -> Result<Reserved, OutOfFrames> {
        let mut pool = mapper().frames.borrow_mut();
        let available = FrameCount::new(pool.left() as u64);
        let wanted = usize::try_from(count.get()).expect("a few");
        pool.reserve(wanted).map(Reserved).ok_or(OutOfFrames { wanted: count, available })
    }
}

impl Reservation for Reserved {
    fn take(&mut self) -> Option<Frame> {
        self.0.pop()
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|frame| mapper().frames.borrow_mut().give_back(frame));
    }
}

/// Frames before there is a mapper.
struct First<'p>(&'p mut FramePool);

impl Frames for First<'_> {
    type Reservation = Reserved;

    fn reserve(&mut self, count: FrameCount) -> Result<Reserved, OutOfFrames> {
        Ok(Reserved(self.0.reserve(count.get() as usize).expect("a full pool")))
    }
}

/// For obligations that were part of a request which has been answered.
struct Answered;

impl Tlb for Answered {
    fn invalidate(&mut self, _: &Invalidation<'_>) {}
}

/// Starts a machine with an address space in which nothing is mapped, and lets its processors change and use it.
pub(crate) fn start(mode: PagingMode, cpus: usize, seed: u64, flaw: Flaw) -> &'static Machine {
    start_with(mode, cpus, seed, flaw, |machine| {
        mapper().look(machine);
        if machine.one_in(12) {
            mapper().change(machine);
        }
    })
}

fn start_with(
    mode: PagingMode,
    cpus: usize,
    seed: u64,
    flaw: Flaw,
    act: fn(&'static Machine),
) -> &'static Machine {
    let width = if mode.geometry().virtual_bits() == 32 { Width::Bits32 } else { Width::Bits64 };
    let ram =
        RefCell::new(Ram::with(width, FrameRange::with_count(Frame::new(0), FrameCount::new(0x1_0000))));
    let mut frames = FramePool::new(FrameRange::with_count(Frame::new(0x100), FrameCount::new(40)), seed);
    let format = Format::new(mode, CAPABILITIES);
    let mut tables: SimTables<'_> = SimTables::by_frame(&ram, mode);
    let space = AddressSpace::create(SelfMap::standard(mode), format, &mut tables, &mut First(&mut frames))
        .expect("frames for the root");
    let facts = Facts { maxphyaddr: 36, pse36: false, ..Facts::modern(mode, space.root()) };
    let above = if width == Width::Bits32 { 1 << 29 } else { 1 << 30 };
    let base = mode.geometry().kernel_base().get() + above;
    let large = mode.geometry().page_bytes(Level::PD);
    let page = |at, length| Page {
        at: VirtAddr::new(at),
        length,
        now: None,
        is_writable: false,
        before: None,
        is_changing: false,
    };
    let small = [base, base + large]
        .into_iter()
        .flat_map(|table| (0..PER_TABLE).map(move |n| table + n * PAGE_BYTES));
    let mut pages: Vec<_> = small.map(|at| page(at, 1)).collect();
    pages.push(page(base + 2 * large, large / PAGE_BYTES));
    MAPPER.set(Some(Box::leak(Box::new(Mapper {
        space,
        frames: RefCell::new(frames),
        pages: RefCell::new(pages),
        large: Cell::new(0),
        is_locked: Cell::new(false),
        rounds: Cell::new(0),
    }))));
    Machine::start(cpus, ram.into_inner(), facts, seed, flaw, act)
}

/// Has the machine make so many rounds.
pub(crate) fn run(machine: &'static Machine, rounds: u64) {
    let mapper = mapper();
    let end = mapper.rounds.get() + rounds;
    machine.engaged(|| {
        while mapper.rounds.get() < end {
            mapper.change(machine);
            mapper.look(machine);
            machine.turn();
            if machine.one_in(8) {
                assert_nothing_is_stale(machine);
            }
        }
    });
    machine.let_all_go();
    assert_nothing_is_stale(machine);
}

/// Returns how many rounds the thread's machine has made.
pub(crate) fn rounds() -> u64 {
    mapper().rounds.get()
}

/// Between two changes no processor holds anything that the tables contradict.
fn assert_nothing_is_stale(machine: &Machine) {
    for processor in machine.present() {
        let stale = processor.cpu.borrow().stale_entries(&*machine.ram.borrow());
        let harmful = stale.iter().find(|stale| !stale.change.is_harmless());
        assert!(harmful.is_none(), "stale: {harmful:#x?}");
    }
}

impl Mapper {
    /// Uses some page on the current processor, and the entries by which the self-map shows it.
    fn look(&self, machine: &Machine) {
        let (number, kind) = (
            machine.draw(self.pages.borrow().len()),
            if machine.one_in(2) { AccessKind::Read } else { AccessKind::Write },
        );
        let page = self.pages.borrow()[number];
        let inside = if page.length > 1 { machine.draw(page.length as usize) as u64 } else { 0 };
        let at = VirtAddr::new(page.at.get() + inside * PAGE_BYTES);
        let mut cpu = machine.here().cpu.borrow_mut();
        let mut ram = machine.ram.borrow_mut();
        let seen = cpu.translate(&mut ram, at, kind);
        match seen {
            Ok(physical) => {
                let first = Frame::new(physical.frame().number().wrapping_sub(inside));
                let is_known = [page.now, page.before].contains(&Some(first));
                assert!(is_known, "stale: {physical:?} at {at:?}, which is {page:?}");
                let may_write = page.is_writable || page.is_changing;
                assert!(kind == AccessKind::Read || may_write, "stale: a write through {page:?}");
            }
            Err(Fault::Page(fault)) => {
                let is_protected = kind == AccessKind::Write && !page.is_writable;
                let is_expected = page.is_changing || page.now.is_none() || is_protected;
                assert!(is_expected, "stale or lost: {fault:?} at {page:?}");
            }
            Err(fault) => panic!("stale: {fault} at {page:?}"),
        }
        // What the processor holds of the entries, the next change goes through.
        for level in (1..=5).filter_map(Level::new) {
            if let Some(alias) = self.space.self_map().entry_address(level, at) {
                let _absent_or_seen = cpu.translate(&mut ram, alias, AccessKind::Read);
            }
        }
    }

    /// Changes some page or neighbours of it on the current processor, unless another is at it.
    fn change(&self, machine: &'static Machine) {
        if self.is_locked.get() || !Sim::interrupts_are_on() {
            return;
        }
        let (first, count) = self.choose(machine);
        let page = self.pages.borrow()[first];
        if page.is_changing {
            return;
        }
        machine.engaged(|| match (page.now, page.length) {
            (None, _) => self.map(first, count),
            (Some(_), 1) if machine.one_in(3) => self.protect(machine, first, count),
            (Some(_), length) if length > 1 && machine.one_in(2) => self.split_and_merge(machine, first),
            (Some(_), _) => self.unmap(machine, first, count),
        });
    }

    /// Chooses a page and how many neighbours in the same state go with it.
    fn choose(&self, machine: &Machine) -> (usize, usize) {
        let pages = self.pages.borrow();
        let first = machine.draw(pages.len());
        let most = 1 + machine.draw(PER_TABLE as usize);
        let like = |index: usize| {
            let (one, next) = (pages[first], pages[index]);
            let is_next = next.at.get() == one.at.get() + (index - first) as u64 * PAGE_BYTES;
            is_next && next.now.is_some() == one.now.is_some() && !next.is_changing && next.length == 1
        };
        let more = (first + 1..pages.len().min(first + most)).take_while(|index| like(*index)).count();
        (first, 1 + more)
    }

    fn range(&self, first: usize, count: usize) -> VirtRange {
        let pages = self.pages.borrow();
        let bytes: u64 = pages[first..first + count].iter().map(|page| page.length * PAGE_BYTES).sum();
        VirtRange::with_length(pages[first].at, bytes).expect("pages below 2^64")
    }

    fn tables(&self) -> SelfMapped {
        SelfMapped { self_map: *self.space.self_map(), mode: self.space.mode() }
    }

    fn update(&self, first: usize, count: usize, update: impl FnMut(&mut Page)) {
        self.pages.borrow_mut()[first..first + count].iter_mut().for_each(update);
    }

    fn map(&self, first: usize, count: usize) {
        self.is_locked.set(true);
        for index in first..first + count {
            let page = self.pages.borrow()[index];
            let frame = if page.length == 1 {
                self.frames.borrow_mut().take()
            } else {
                Some(Frame::new(self.next_large()))
            };
            // Tables may need what is left.
            let Some(frame) = frame else { break };
            self.update(index, 1, |page| {
                *page = Page { now: Some(frame), is_writable: true, is_changing: true, ..*page };
            });
            let pages = self.range(index, 1);
            let mapping =
                Mapping { pages, first: frame, attributes: Attributes::KERNEL_DATA, largest: Level::PD };
            let is_mapped = self.space.map(&mut self.tables(), &mut Pool, &mapping).is_ok();
            if !is_mapped && page.length == 1 {
                self.frames.borrow_mut().give_back(frame);
            }
            self.update(index, 1, |page| {
                *page = Page { now: page.now.filter(|_| is_mapped), is_changing: false, ..*page };
            });
        }
        self.is_locked.set(false);
    }

    /// Returns the frames that the large page did not have last: what it had must not show any more.
    fn next_large(&self) -> u64 {
        let next = (self.large.get() + 1) % LARGE_FRAMES.len();
        self.large.set(next);
        LARGE_FRAMES[next]
    }

    fn unmap(&self, machine: &'static Machine, first: usize, count: usize) {
        self.is_locked.set(true);
        self.update(first, count, |page| {
            *page = Page { before: page.now, now: None, is_changing: true, ..*page };
        });
        // A batch has a page at least, but for the one that splits.
        let mut limbos: Vec<Limbo> = (0..count + 2).map(|_| Limbo::new()).collect();
        let mut owed = Vec::new();
        let mut tables = self.tables();
        let mut cursor = self.space.cursor(&mut tables, self.range(first, count)).expect("pages");
        for limbo in &mut limbos {
            let Some(obligation) = cursor.unmap(&mut Pool, limbo).expect("mapped pages") else { break };
            owed.push(obligation);
        }
        assert!(cursor.pages().is_empty(), "one place for each batch");
        self.discharge(machine, owed, first, count);
    }

    fn protect(&self, machine: &'static Machine, first: usize, count: usize) {
        self.is_locked.set(true);
        let is_writable = !self.pages.borrow()[first].is_writable;
        let attributes = if is_writable { Attributes::KERNEL_DATA } else { Attributes::KERNEL_READ_ONLY };
        self.update(first, count, |page| *page = Page { is_writable, is_changing: true, ..*page });
        let mut tables = self.tables();
        let mut cursor = self.space.cursor(&mut tables, self.range(first, count)).expect("pages");
        let owed = cursor.protect(&mut Pool, attributes).expect("mapped pages");
        self.discharge(machine, vec![owed], first, count);
    }

    /// Splits the large page, or makes one of its parts.
    fn split_and_merge(&self, machine: &'static Machine, index: usize) {
        self.is_locked.set(true);
        self.update(index, 1, |page| page.is_changing = true);
        let whole = self.range(index, 1);
        let mut tables = self.tables();
        let mut cursor = self.space.cursor(&mut tables, whole).expect("pages");
        let mut limbo = Limbo::new();
        let owed = match cursor.merge(Level::PD, &mut limbo) {
            Ok(merged) => Some(merged),
            Err(_) => {
                let part = VirtRange::with_length(whole.start(), PAGE_BYTES).expect("a page below 2^64");
                let mut cursor = self.space.cursor(&mut tables, part).expect("a page");
                cursor.split_ends(&mut Pool).ok().flatten()
            }
        };
        self.discharge(machine, owed.into_iter().collect(), index, 1);
    }

    /// Has the others forget, under the lock or after it; then nobody holds anything, and the frames go to others.
    fn discharge(
        &self,
        machine: &'static Machine,
        owed: Vec<TlbObligation<'_, '_>>,
        first: usize,
        count: usize,
    ) {
        // Who finds the tables by the self-map must not change them while a processor may still find freed ones there.
        let is_bound = owed.iter().any(|owed| owed.invalidation().changes_tables());
        let keeps_lock = is_bound && machine.flaw != Flaw::UnlockedEarly || machine.one_in(2);
        if !keeps_lock {
            self.is_locked.set(false);
        }
        let mut request = Request::new();
        for obligation in &owed {
            let range = obligation.invalidation().range();
            for (span, stride) in obligation.invalidation().spans() {
                if machine.flaw != Flaw::NoAliases || range.contains(span.start()) {
                    request.add(span, stride);
                }
            }
        }
        let others = if machine.flaw == Flaw::NobodyElse { CpuSet::NONE } else { CpuSet::ALL };
        let mut ticket = Some(machine.shootdown.request(&request, others));
        if machine.flaw != Flaw::FreedEarly {
            drop(ticket.take());
        }
        machine.progress();
        self.update(first, count, |page| *page = Page { before: None, is_changing: false, ..*page });
        for reclaimed in owed.into_iter().map(|owed| owed.discharge(&mut Answered)) {
            for frame in reclaimed.frames().iter().filter(|run| run.count() == FrameCount::ONE || count > 1) {
                self.give_back(*frame);
            }
            for table in reclaimed.tables() {
                machine.ram.borrow_mut().poison(*table);
                self.frames.borrow_mut().give_back(*table);
            }
        }
        self.rounds.set(self.rounds.get() + 1);
        drop(ticket);
        if keeps_lock {
            self.is_locked.set(false);
        }
    }

    fn give_back(&self, frames: FrameRange) {
        for number in frames.start().number()..frames.end().number() {
            let mut pool = self.frames.borrow_mut();
            if pool.is_out(Frame::new(number)) {
                pool.give_back(Frame::new(number));
            }
        }
    }
}

/// Asks the thread's machine for a request of so many pages from the beginning of the area.
pub(crate) fn pages(count: u64) -> Request {
    let mut request = Request::new();
    let bytes = count * PAGE_BYTES;
    request.add(VirtRange::with_length(mapper().pages.borrow()[0].at, bytes).expect("pages"), PAGE_BYTES);
    request
}

/// Starts a machine whose processors do nothing of their own.
pub(crate) fn quiet(cpus: usize) -> &'static Machine {
    start_with(PagingMode::Pml4, cpus, 1, Flaw::None, |_| {})
}
