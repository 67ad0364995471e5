//! What threads wait for, as rows show it.
#![allow(unsafe_code, reason = "the waits of threads that stand still are looked at")]

use core::fmt;

use xtcore::{VirtAddr, VirtRange};
use xtkd::monitor::Value;
use xtke::platform::Platform;
use xtke::sched::Thread;
use xtke::sleep::{Asleep, Cause};
use xtke::time::{Instant, Interval};
use xtke::wait::{Damaged, Objects, Waited};

use crate::ke::threads::Kernel;
use crate::mm::look;

/// A wait.
pub(super) struct Wait {
    /// For what.
    pub(super) what: What,
    /// Its address: that of the first object, if there are several.
    object: Option<usize>,
    /// The thread that owns it.
    owner: Option<u64>,
    /// When it ends at the latest, if it does.
    deadline: Option<Instant>,
}

/// For what a thread waits, in a few words.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// One thing of this kind.
    One(&'static str),
    /// So many at a time.
    Several(&'static str, usize),
    /// A lock of this name.
    Lock(&'static str),
    /// One thing of this kind, which somebody is changing.
    Busy(&'static str),
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(kind) => out.write_str(kind),
            Self::Several(how, count) => write!(out, "{how} of {count}"),
            Self::Lock(name) => write!(out, "lock {name}"),
            Self::Busy(kind) => write!(out, "{kind}, busy"),
        }
    }
}

/// Tells whether so many bytes at an address can be read.
pub(super) fn is_there(start: usize, bytes: usize) -> bool {
    VirtRange::with_length(VirtAddr::new(start as u64), bytes as u64).is_some_and(look::is_there)
}

/// Returns what a thread says of its sleep. Never inlined, as everything here: it is for people.
#[inline(never)]
pub(super) fn asleep(thread: &Thread<Kernel>) -> Option<Asleep<'static, Kernel>> {
    // SAFETY: all other processors stand, and whoever this interrupts goes on when it is through.
    unsafe { thread.asleep(&is_there) }
}

/// Returns what a thread waits for; `None` when it does not.
#[inline(never)]
pub(super) fn of(thread: &Thread<Kernel>) -> Option<Wait> {
    let Asleep { cause, deadline } = asleep(thread)?;
    let simple = |what, object| (What::One(what), object, None);
    let (what, object, owner) = match cause {
        Cause::Unsaid => simple("to be woken", None),
        Cause::Any(objects) => first(&objects, "any"),
        Cause::All(objects) => first(&objects, "all"),
        Cause::Time => simple("time", None),
        Cause::Lock { name, address } => (What::Lock(name), Some(address), None),
        Cause::Work { queue } => simple("work", Some(queue)),
        Cause::Completion { place } => simple("completion", Some(place)),
        Cause::TheDead => simple("the dead", None),
        Cause::Damaged(Damaged { at }) => simple("damaged", Some(at)),
    };
    Some(Wait { what, object, owner, deadline })
}

/// Describes a wait by its first object.
fn first(objects: &Objects<'_, Kernel>, how: &'static str) -> (What, Option<usize>, Option<u64>) {
    let (what, address, owner) = one(objects.iter().next().unwrap_or(Err(Damaged { at: 0 })));
    match objects.count() {
        1 => (what, Some(address), owner),
        count => (What::Several(how, count), Some(address), None),
    }
}

/// Describes an object: what it is, where, and the number of its owner.
#[inline(never)]
pub(super) fn one(object: Result<Waited<Kernel>, Damaged>) -> (What, usize, Option<u64>) {
    match object {
        Ok(Waited { address, kind, owner: Ok(owner) }) => {
            // SAFETY: nobody goes on who could free the record.
            let owner = owner.and_then(|owner| unsafe { Thread::id_at(owner, &is_there) });
            (What::One(kind), address, owner.map(xtke::sched::ThreadId::get))
        }
        Ok(Waited { address, kind, owner: Err(_) }) => (What::Busy(kind), address, None),
        Err(Damaged { at }) => (What::One("damaged"), at, None),
    }
}

/// Returns the object, its owner and the microseconds that are left of a wait.
#[inline(never)]
pub(super) fn details(wait: Option<&Wait>) -> [Value<'static>; 3] {
    let left = |deadline: Instant| deadline.since(Kernel::now()).units() / Interval::from_micros(1).units();
    [
        wait.and_then(|wait| wait.object).map_or(Value::Nothing, |object| Value::Address(object as u64)),
        wait.and_then(|wait| wait.owner).map_or(Value::Nothing, Value::Number),
        wait.and_then(|wait| wait.deadline).map_or(Value::Nothing, |deadline| Value::Number(left(deadline))),
    ]
}
