//! The order in which this kernel takes its spin locks, as debug builds see it: which class was wanted under which.
//!
//! `docs/locking.md` describes the order, [`xtke::lock::order`] how it is watched. Release builds never ask for the
//! watch, so they contain neither the notes nor the code that makes them; their report says null.
//!
//! Not watched: the locks of `hl`, of the log and of the stock of frames that the start leaves, under which nothing watched is
//! taken; and push locks, which belong to threads.

use core::fmt;
use core::ops::Range;

use xtcore::{CpuIndex, RunLevel};
use xtkd::json::Object;
use xtke::lock::Class;
use xtke::lock::order::{Held, Order, Watch};

use crate::ke::processor::{self, MOST};

static ORDER: Order = Order::new();
static HELD: [Held; MOST] = [const { Held::new() }; MOST];

/// Returns where the calling processor notes what it takes. It stays on the processor.
pub(super) fn own() -> Option<Watch> {
    of(processor::current())
}

fn of(cpu: CpuIndex) -> Option<Watch> {
    HELD.get(cpu.get()).map(|held| Watch::new(&ORDER, held))
}

/// Returns a lock that some processor holds and that lies in a range of addresses: memory that must not be given back. Debug
/// builds only; nothing is known otherwise.
pub(crate) fn lock_within(range: &Range<usize>) -> Option<(Class, usize)> {
    if !cfg!(debug_assertions) {
        return None;
    }
    HELD.iter().find_map(|held| Watch::new(&ORDER, held).lock_within(range))
}

/// Shows the locks that a processor holds: class and address. None in a release build, which knows of none.
pub(crate) fn each_lock_of(cpu: CpuIndex, mut visit: impl FnMut(Class, usize)) {
    if cfg!(debug_assertions)
        && let Some(watch) = of(cpu)
    {
        watch.each(|(class, address)| visit(class, address));
    }
}

/// Returns the classes of locks seen so far, with the level that each raises to. None in a release build.
pub(crate) fn lock_classes() -> impl Iterator<Item = (Class, RunLevel)> {
    let watched = cfg!(debug_assertions).then(|| ORDER.classes());
    watched.into_iter().flatten()
}

/// Writes what was seen so far as a member: the classes with the highest level that a lock of each raises to, the pairs
/// of a class that was held and one that was wanted under it, and how often something could not be noted. Null in a
/// release build.
pub(crate) fn fill_locks(out: &mut Object<'_>, name: &'static str) -> fmt::Result {
    if !cfg!(debug_assertions) {
        return out.null(name);
    }
    out.object(name, |locks| {
        locks.array("classes", |list| {
            ORDER.classes().try_for_each(|(class, level)| {
                list.object(|one| {
                    one.text("name", class.name())?;
                    one.text("level", level)
                })
            })
        })?;
        locks.array("edges", |list| {
            ORDER.edges().try_for_each(|(held, wanted)| {
                list.array(|pair| {
                    pair.text(held.name())?;
                    pair.text(wanted.name())
                })
            })
        })?;
        locks.number("left_out", ORDER.left_out())
    })
}
