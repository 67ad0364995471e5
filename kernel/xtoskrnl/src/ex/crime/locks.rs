//! Crimes against locks, run levels and the protocol between processors.
//!
//! What would corrupt something, or never end, is found in every build. What goes well nearly always is found by checked builds
//! only, which look at every lock that is taken and every level that is claimed.
#![allow(unsafe_code, reason = "crimes")]

use core::alloc::Layout;
use core::hint::black_box;
use core::mem::{ManuallyDrop, forget};
use core::ptr;

use xtke::lock::{Class, SpinGuard, SpinLock};
use xtke::platform::Parking;
use xtmm::frames::Zone;
use xtmm::machine::RunLevel;
use xtmm::pool::{Content, PoolKind, Request, Tag};
use xtpaging::Attributes;

use super::Aftermath;
use crate::ar::control;
use crate::ke::processor;
use crate::ke::threads::Kernel;
use crate::mm::{Memory, Piece, Taken};

type Lock = SpinLock<Kernel, u64>;

/// Why a crime is not committed in a release build.
const UNSEEN: Aftermath = Aftermath::Impossible("only checked builds look");

const TAG: Tag = Tag::new(*b"Crim");

static OUTER: Lock = SpinLock::new(Class::new("outer lock of a crime"), 0);
static INNER: Lock = SpinLock::new(Class::new("inner lock of a crime"), 0);

/// Waits for itself.
pub(super) fn twice(_: &'static Memory) -> Aftermath {
    let _first = OUTER.lock();
    let _second = black_box(&OUTER).lock();
    Aftermath::Unpunished
}

/// Ends a lock that is held.
pub(super) fn freed(_: &'static Memory) -> Aftermath {
    let lock = Lock::new(Class::new("short-lived lock of a crime"), 0);
    forget(lock.lock());
    drop(lock);
    Aftermath::Unpunished
}

/// Gives memory back in which a lock lies that is held; nobody drops the lock.
pub(super) fn freed_in_pool(memory: &'static Memory) -> Aftermath {
    if !cfg!(debug_assertions) {
        return UNSEEN;
    }
    let request = Request::for_layout(Layout::new::<Lock>(), Content::Any, TAG);
    let Ok(block) = memory.pool(PoolKind::NonPaged).block(request) else {
        return Aftermath::Impossible("the pool has no block");
    };
    let place = ptr::with_exposed_provenance_mut::<Lock>(block.address().get() as usize);
    // SAFETY: the block is as large and aligned as a lock, and nobody else's.
    unsafe { place.write(Lock::new(Class::new("lock in a pool"), 0)) };
    // SAFETY: it was written a moment ago, and stays until the block is freed.
    let lock = unsafe { &*place };
    forget(lock.lock());
    drop(block);
    Aftermath::Unpunished
}

/// Releases a lock a second time.
pub(super) fn not_held(_: &'static Memory) -> Aftermath {
    if !cfg!(debug_assertions) {
        return UNSEEN;
    }
    let guard = ManuallyDrop::new(OUTER.lock());
    // SAFETY: none: two guards of one hold are the crime. The level is raised by one of them and lowered by the other.
    let second: SpinGuard<'_, Kernel, u64> = unsafe { ptr::read(&*guard) };
    drop(ManuallyDrop::into_inner(guard));
    drop(second);
    Aftermath::Unpunished
}

/// Takes two locks in one order, then in the other. Nobody has to wait.
pub(super) fn inversion(_: &'static Memory) -> Aftermath {
    if !cfg!(debug_assertions) {
        return UNSEEN;
    }
    for [first, second] in [[&OUTER, &INNER], [&INNER, &OUTER]] {
        let _first = first.lock();
        *second.lock() += 1;
    }
    Aftermath::Unpunished
}

/// Waits for a lock above its level, where its holder may have been interrupted.
pub(super) fn above_its_level(_: &'static Memory) -> Aftermath {
    if !cfg!(debug_assertions) {
        return UNSEEN;
    }
    *OUTER.lock() += 1;
    Aftermath::Unpunished
}

/// Asks the memory manager above its level.
pub(super) fn memory_above(memory: &'static Memory) -> Aftermath {
    if !cfg!(debug_assertions) {
        return UNSEEN;
    }
    match Taken::new(memory, Piece::Single, Zone::Any) {
        Ok(_) => Aftermath::Unpunished,
        Err(_) => Aftermath::Impossible("there is no frame"),
    }
}

/// Sleeps where no thread may.
pub(super) fn wait(_: &'static Memory) -> Aftermath {
    Kernel::park();
    Aftermath::Unpunished
}

/// Gives back the older of two levels first; giving back the other one would raise the level.
pub(super) fn out_of_order(_: &'static Memory) -> Aftermath {
    let older = processor::raise(RunLevel::Apc);
    let younger = processor::raise(RunLevel::Dispatch);
    drop(older);
    drop(younger);
    Aftermath::Unpunished
}

/// Takes a page away with interrupts off: whoever is asked to forget it may be waiting for this processor's answer.
pub(super) fn unmap_masked(memory: &'static Memory) -> Aftermath {
    unmap(memory, control::interrupts_off)
}

/// Takes a page away above Dispatch.
pub(super) fn unmap_raised(memory: &'static Memory) -> Aftermath {
    unmap(memory, || forget(processor::raise(RunLevel::Device)))
}

/// Maps a frame, does what makes it a crime, and takes the page away.
fn unmap(memory: &'static Memory, before: impl FnOnce()) -> Aftermath {
    let Ok(frame) = Taken::new(memory, Piece::Single, Zone::Any) else {
        return Aftermath::Impossible("there is no frame");
    };
    let mapped = memory.system().map_physical(frame.frames(), Attributes::KERNEL_READ_ONLY);
    let Ok(mapping) = mapped else { return Aftermath::Impossible("there are no system PTEs") };
    before();
    let _ = memory.system().release(mapping);
    Aftermath::Unpunished
}
