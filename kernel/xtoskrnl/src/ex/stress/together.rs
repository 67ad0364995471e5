//! All processors at once: threads everywhere take memory through every interface, write it, find it unchanged, and leave blocks
//! for one another to free.
//!
//! The pages of a mapping that was given back are soon had again, by another processor and with other frames: whoever still
//! translated them the old way would find words that are not its own.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use spin::Once;
use xtcore::FrameCount;
use xtke::CpuSet;
use xtke::lock::{Class, SpinLock};
use xtke::sched::{Counts, Name, Priority};
use xtmm::frames::Zone;
use xtmm::pool::PoolKind;
use xtmm::space::PageContent;
use xtmm::stack::StackSize;

use super::pools::{request, retire, write};
use super::random::Random;
use super::{Complaint, check};
use crate::ke::threads::{self, Kernel, SCHEDULER, Work};
use crate::mm::{Block, Memory, Piece, Taken, first_words, set_first_words};

/// Threads for each processor: one that stays there, and one that goes where there is room.
const EACH: usize = 2;

/// Steps of all threads together, however many they are: each of them may have every processor forget something, which takes as
/// long as the slowest of them, and a host may give an emulated processor no time for long.
const STEPS: u64 = 640;

/// The priority of the threads: the one of the thread that waits for them, so that they take turns.
const PRIORITY: Priority = match Priority::new(8) {
    Some(priority) => priority,
    None => Priority::LOWEST,
};

/// Turns that the boot's thread gives others before it calls them lost.
const PATIENCE: u32 = 50_000_000;

/// Blocks that wait for whoever frees them, each with what was written into it.
type Place = SpinLock<Kernel, Option<(Block, u64)>>;

static MAIL: [Place; 16] = [const { SpinLock::new(Class::new("stress mail"), None) }; 16];
static COMPLAINT: SpinLock<Kernel, Option<Complaint>> = SpinLock::new(Class::new("stress complaint"), None);
static STEPS_OF_EACH: AtomicU64 = AtomicU64::new(0);
static OPERATIONS: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicUsize = AtomicUsize::new(0);
static MEMORY: Once<&'static Memory> = Once::new();

#[inline(never)]
pub(super) fn run(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    MEMORY.call_once(|| memory);
    OPERATIONS.store(0, Ordering::Relaxed);
    let before = SCHEDULER.counts();
    let all = SCHEDULER.processors();
    let each = STEPS / (EACH * all.len().max(1)) as u64;
    STEPS_OF_EACH.store(each, Ordering::Relaxed);
    let bound = all.iter().map(CpuSet::of);
    let free = all.iter().map(|_| all);
    everywhere("stress", work, bound.chain(free).map(|affinity| (affinity, random.next() as usize)))?;
    for place in &MAIL {
        let parcel = place.lock().take();
        if let Some((block, seed)) = parcel {
            retire(block, seed)?;
        }
    }
    settle(memory, before)?;
    match COMPLAINT.lock().take() {
        Some(complaint) => Err(complaint),
        None => Ok(OPERATIONS.load(Ordering::Relaxed)),
    }
}

/// Has every processor give back what it keeps, and waits until there are the threads that there were, and nothing is left of
/// others.
pub(super) fn settle(memory: &'static Memory, before: Counts) -> Result<(), Complaint> {
    MEMORY.call_once(|| memory);
    // What processors keep for themselves only they give back.
    let all = SCHEDULER.processors();
    everywhere("tidy", tidy, all.iter().map(|cpu| (CpuSet::of(cpu), 0)))?;
    let is_back = wait_until(|| {
        let now = SCHEDULER.counts();
        now.alive() == before.alive() && now.lingering() == before.lingering()
    });
    check(
        is_back,
        "threads have ended, and their memory is not back",
        [before.alive(), SCHEDULER.counts().alive()],
    )
}

/// Has threads do something, one for each set of processors, and waits until all of them have.
fn everywhere(
    name: &'static str,
    function: fn(usize),
    plans: impl Iterator<Item = (CpuSet, usize)>,
) -> Result<(), Complaint> {
    DONE.store(0, Ordering::Relaxed);
    let mut started = 0;
    for (number, (affinity, argument)) in (0..).zip(plans) {
        let work = Work { function, argument };
        threads::spawn(Name::numbered(name, number), PRIORITY, affinity, work).map_err(|_| {
            Complaint::new("a thread cannot be created", [number.into(), affinity.bits() as u64])
        })?;
        started += 1;
    }
    debug_assert!(started <= EACH * crate::ke::processor::MOST, "two for each processor at most");
    let are_done = wait_until(|| DONE.load(Ordering::Acquire) == started);
    check(are_done, "threads do not end", [started as u64, DONE.load(Ordering::Relaxed) as u64])
}

/// Lets others run until something is so; tells whether it has become so.
pub(super) fn wait_until(is_so: impl Fn() -> bool) -> bool {
    (0..PATIENCE).any(|_| is_so() || !SCHEDULER.yield_now() && is_so())
}

/// Gives back what the processor keeps.
fn tidy(_: usize) {
    if let Some(memory) = MEMORY.get() {
        memory.trim();
    }
    DONE.fetch_add(1, Ordering::Release);
}

/// What each thread does.
fn work(seed: usize) {
    let mut random = Random::new(seed as u64);
    let steps = STEPS_OF_EACH.load(Ordering::Relaxed);
    if let Some(memory) = MEMORY.get()
        && let Err(complaint) = (0..steps).try_for_each(|_| step(memory, &mut random))
    {
        *COMPLAINT.lock() = Some(complaint);
    }
    OPERATIONS.fetch_add(steps, Ordering::Relaxed);
    DONE.fetch_add(1, Ordering::Release);
}

fn step(memory: &'static Memory, random: &mut Random) -> Result<(), Complaint> {
    match random.below(8) {
        0..2 => frame(memory, random),
        2..4 => mapping(memory, random),
        4..7 => block(memory, random),
        _ => stack(memory),
    }
}

/// A frame keeps what its owner writes.
fn frame(memory: &'static Memory, random: &mut Random) -> Result<(), Complaint> {
    let Ok(mut taken) = Taken::new(memory, Piece::Single, Zone::Any) else { return Ok(()) };
    let (frames, word) = (taken.frames(), random.next() as usize);
    taken.fill(frames, word);
    SCHEDULER.yield_now();
    let wrong = taken.count_unlike(frames.start(), word);
    let at = frames.start().number();
    taken.give_back().map_err(|_| Complaint::new("a frame could not be freed", [at, 0]))?;
    check(wrong == 0, "a frame was changed by somebody else", [at, wrong as u64])
}

/// A mapping shows its own frames, on whichever processor its owner goes on.
fn mapping(memory: &'static Memory, random: &mut Random) -> Result<(), Complaint> {
    let pages = FrameCount::new(1 + random.below(8));
    let Ok(mut mapping) = memory.system().allocate(pages, PageContent::Zeroed) else { return Ok(()) };
    let (at, word) = (mapping.address().get(), random.next() as usize);
    let dirty = first_words(&mapping).filter(|found| *found != 0).count();
    set_first_words(&mut mapping, word);
    SCHEDULER.yield_now();
    let wrong = first_words(&mapping).filter(|found| *found != word).count();
    memory
        .system()
        .release(mapping)
        .map_err(|_| Complaint::new("a mapping could not be released", [at, 0]))?;
    check(dirty == 0 && wrong == 0, "a mapping shows frames of somebody else", [at, (dirty + wrong) as u64])
}

/// A block goes to whoever finds it, and another one that was found is freed.
fn block(memory: &'static Memory, random: &mut Random) -> Result<(), Complaint> {
    let kind = if random.below(2) == 0 { PoolKind::NonPaged } else { PoolKind::Paged };
    let Some(request) = request(random) else { return Ok(()) };
    let Ok(mut block) = memory.pool(kind).block(request) else { return Ok(()) };
    let seed = random.next();
    write(&mut block, seed);
    let place = random.below(MAIL.len() as u64) as usize;
    let found = MAIL.get(place).and_then(|place| place.lock().replace((block, seed)));
    found.map_or(Ok(()), |(block, seed)| retire(block, seed))
}

fn stack(memory: &'static Memory) -> Result<(), Complaint> {
    let size = StackSize::new(32 << 10).and_then(|size| size.with_committed(8 << 10));
    if let Ok(stack) = size.and_then(|size| memory.stacks().create(size)) {
        let _ = memory.stacks().grow(&stack, 4 << 10);
        memory.stacks().destroy(stack);
    }
    Ok(())
}
