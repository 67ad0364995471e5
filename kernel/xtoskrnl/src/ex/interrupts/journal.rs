//! What the handlers of the check write down: one line for each interrupt, in the order in which they ran.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use xthal::Vector;
use xthal::apic::Target;
use xtmm::machine::RunLevel;

use crate::ar::control::{self, pause};
use crate::ar::stack::pointer;
use crate::hl::apic;
use crate::ke::stacks::{self, INTERRUPT_STACK, Spot};
use crate::ke::{interrupt, processor};

/// Lines that the journal has room for; more are counted, and fail the comparison by their number.
const LINES: usize = 16;

/// Looks for an interrupt before it counts as one that does not come: seconds, where it takes microseconds.
const PATIENCE: u32 = 20_000_000;

static JOURNAL: [AtomicU32; LINES] = [const { AtomicU32::new(0) }; LINES];
static WRITTEN: AtomicU32 = AtomicU32::new(0);

/// The vectors that the next handler of a device sends, in its low bytes; 0 for none.
static ORDERS: AtomicU32 = AtomicU32::new(0);

/// The next handler asks for a software interrupt.
static REQUEST: AtomicBool = AtomicBool::new(false);

/// A line, as it is packed into a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The vector.
    pub(super) vector: Vector,
    /// The run level of its handler.
    pub(super) level: RunLevel,
    /// The handler ran on the interrupt stack.
    pub(super) on_own_stack: bool,
    /// It could be interrupted.
    pub(super) interruptible: bool,
}

impl Line {
    fn here(vector: Vector) -> Self {
        let on_own_stack = matches!(stacks::find(pointer()), Some(Spot::Inside(stack)) if stack.name.purpose() == INTERRUPT_STACK);
        let interruptible = control::interrupts_are_on();
        Self { vector, level: processor::run_level(), on_own_stack, interruptible }
    }

    fn pack(self) -> u32 {
        u32::from(self.vector.number())
            | (self.level as u32) << 8
            | u32::from(self.on_own_stack) << 16
            | u32::from(self.interruptible) << 17
    }

    fn unpack(word: u32) -> Self {
        Self {
            vector: Vector::new(word as u8),
            level: RunLevel::from_number(word >> 8 & 0xFF).unwrap_or(RunLevel::High),
            on_own_stack: word & 1 << 16 != 0,
            interruptible: word & 1 << 17 != 0,
        }
    }
}

/// Begins a new journal.
pub(super) fn begin() {
    WRITTEN.store(0, Ordering::Relaxed);
    ORDERS.store(0, Ordering::Relaxed);
}

/// Has the next handler send these vectors to its own processor before it ends.
pub(super) fn order(vectors: [Vector; 2]) {
    let [first, second] = vectors;
    ORDERS.store(u32::from(first.number()) | u32::from(second.number()) << 8, Ordering::Relaxed);
}

/// Has the next handler ask for a software interrupt at Dispatch.
pub(super) fn request_next() {
    REQUEST.store(true, Ordering::Relaxed);
}

/// Returns how many lines were written.
pub(super) fn written() -> usize {
    WRITTEN.load(Ordering::Relaxed) as usize
}

/// Returns the lines, as many as there was room for.
pub(super) fn lines() -> impl Iterator<Item = Line> {
    JOURNAL.iter().take(written()).map(|word| Line::unpack(word.load(Ordering::Relaxed)))
}

/// Waits until `count` lines were written; `false` when they do not come.
pub(super) fn wait_for(count: usize) -> bool {
    (0..PATIENCE).any(|_| {
        pause();
        written() >= count
    })
}

/// Waits until the local APIC has none of the processor's requests left but those that the level holds back.
pub(super) fn wait_until_taken(vector: Vector) -> bool {
    let Some(apic) = apic::local() else { return false };
    (0..PATIENCE).any(|_| {
        pause();
        !apic.is_requested(vector)
    })
}

/// The handler of all vectors of the check. It writes its line when it ends, so that what it orders comes first if it may
/// interrupt it, and later if not.
pub(super) fn handle(vector: Vector) {
    let orders = ORDERS.swap(0, Ordering::Relaxed);
    for order in [orders as u8, (orders >> 8) as u8].into_iter().filter(|order| *order != 0) {
        if let Some(apic) = apic::local()
            && apic.interrupt(Vector::new(order), Target::Own).is_ok()
        {
            let _ = wait_until_taken(Vector::new(order));
        }
    }
    if REQUEST.swap(false, Ordering::Relaxed) {
        interrupt::request_dispatch();
    }
    let line = WRITTEN.fetch_add(1, Ordering::Relaxed) as usize;
    if let Some(place) = JOURNAL.get(line) {
        place.store(Line::here(vector).pack(), Ordering::Relaxed);
    }
}
