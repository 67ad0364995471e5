//! Where threads get memory from: functions that a layer above names.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use spin::Once;
use xtmm::stack::{Stack, StackError};

/// The functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Takes non-paged memory for a record.
    pub(crate) allocate: fn(Layout) -> Option<NonNull<u8>>,
    /// Gives such memory back, which nobody uses any more.
    pub(crate) free: fn(NonNull<u8>),
    /// Makes a stack.
    pub(crate) stack: fn() -> Result<Stack, StackError>,
    /// Takes a stack back that nobody runs on.
    pub(crate) free_stack: fn(Stack),
    /// Gives back what the caller's processor keeps, if another one is short of memory.
    pub(crate) hand_back: fn(),
    /// Does a little for later while there is nothing to run; tells whether there is more of it.
    pub(crate) prepare: fn() -> bool,
}

/// Why there is no memory for a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoMemory {
    /// For its record.
    Record,
    /// For its stack.
    Stack(StackError),
}

impl fmt::Display for NoMemory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => out.write_str("the pool has none"),
            Self::Stack(error) => write!(out, "{error:?}"),
        }
    }
}

static ROOM: Once<Room> = Once::new();

/// Names the functions; the first call counts.
pub(crate) fn offer(room: Room) {
    ROOM.call_once(|| room);
}

/// Gives back what this processor keeps, if another one has asked.
pub(super) fn hand_back() {
    if let Some(room) = get() {
        (room.hand_back)();
    }
}

/// Does a little for later. Tells whether there is more of it.
pub(super) fn prepare() -> bool {
    get().is_some_and(|room| (room.prepare)())
}

/// Returns the functions, once they are named.
pub(super) fn get() -> Option<&'static Room> {
    ROOM.get()
}
