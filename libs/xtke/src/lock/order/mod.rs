//! The order in which spin locks are taken, kept by debug builds.
//!
//! Two processors that take two locks in different orders wait for each other one day. That day need not come while
//! somebody looks: it is enough that each order was seen once, anywhere, at any time. So debug builds note which
//! [`Class`] was wanted while which others were held, and the first note that contradicts those before it is a
//! [`Misuse::LockOrder`], whether or not anybody had to wait.
//!
//! # What is noted
//! * A lock that is *wanted* is noted under every lock that its processor holds. One taken by trying is not: it cannot
//!   be waited for. Once held, it counts for those wanted after it.
//! * A contradiction may be indirect: A under B, B under C, C under A.
//! * Several locks of one class are taken by ascending address.
//! * A lock that the processor holds and wants again is [`Misuse::LockTwice`]; here that includes readers.
//!
//! The notes of one run are listed by [`Order::edges`], so that those of many runs can be put together and searched
//! for a contradiction that none of them saw alone.
//!
//! # What it costs
//! Release builds contain none of it: each function below is empty there. Debug builds look a class up among those known,
//! and its edges in a bit matrix; only an edge never seen before is searched for a way back, in at most
//! [`Order::CLASSES`] steps. Nothing is allocated. What does not fit is counted by [`Order::left_out`].
//!
//! A machine takes part by [`Platform::lock_watch`].

mod graph;
mod held;
#[cfg(test)]
mod tests;

use core::fmt;
use core::ops::Range;

use xtcore::RunLevel;

pub use self::graph::Order;
pub use self::held::Held;
use super::Class;
use crate::misuse::Misuse;
use crate::platform::Platform;

/// A lock that somebody wants, holds or leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    /// Its class.
    pub(crate) class: Class,
    /// Its address: its name among those of the class.
    pub(crate) address: usize,
    /// The level that it raises to.
    pub(crate) level: RunLevel,
}

/// Where a processor notes what it takes: the machine's order, and what this processor holds.
#[derive(Clone, Copy)]
pub struct Watch {
    order: &'static Order,
    held: &'static Held,
}

impl Watch {
    /// Joins the order of the machine and what the calling processor holds.
    #[must_use]
    pub const fn new(order: &'static Order, held: &'static Held) -> Self {
        Self { order, held }
    }

    /// Returns a lock that the processor holds and that lies in a range of addresses, if there is one: memory that must not be
    /// given back. A processor may be asked about another one, whose answer is then true a moment ago. Highest level: any.
    #[must_use]
    pub fn lock_within(self, range: &Range<usize>) -> Option<(Class, usize)> {
        let (place, address) = self.held.iter().find(|(_, address)| range.contains(address))?;
        Some((self.order.class(place)?, address))
    }

    /// Shows the locks that the processor holds, oldest first: class and address. A processor may be asked about another one, as
    /// above. Highest level: any.
    pub fn each(self, visit: impl FnMut((Class, usize))) {
        let named = self.held.iter().filter_map(|(place, address)| Some((self.order.class(place)?, address)));
        named.for_each(visit);
    }

    /// Notes that a lock is wanted under all that are held.
    fn wanted(self, claim: Claim, relax: fn()) -> Result<(), Misuse> {
        let Some(wanted) = self.order.place_of(claim.class, claim.level, relax) else {
            return Ok(());
        };
        for (held, address) in self.held.iter() {
            if address == claim.address {
                return Err(Misuse::LockTwice { lock: claim.class.name(), address });
            }
            let ascends = held == wanted && address < claim.address;
            if !ascends && !self.order.note(held, wanted) {
                let held = self.order.class(held).unwrap_or(claim.class).name();
                return Err(Misuse::LockOrder { held, wanted: claim.class.name() });
            }
        }
        Ok(())
    }

    /// Notes that a lock is held.
    fn taken(self, claim: Claim, relax: fn()) {
        let place = self.order.place_of(claim.class, claim.level, relax);
        if !place.is_some_and(|place| self.held.push(place, claim.address)) {
            self.order.leave_out();
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Watch")
    }
}

/// Notes that a lock is about to be waited for. Called at the lock's level, debug builds only.
#[inline(always)]
pub(super) fn wanted<P: Platform>(claim: Claim) {
    if cfg!(debug_assertions)
        && let Some(watch) = P::lock_watch()
    {
        let noted = {
            // An interrupt would take locks, too, and find the notes half written.
            let _alone = P::raise(RunLevel::High);
            watch.wanted(claim, P::relax)
        };
        if let Err(misuse) = noted {
            P::misuse(misuse);
        }
    }
}

/// Notes that a lock is held now.
#[inline(always)]
pub(super) fn taken<P: Platform>(claim: Claim) {
    if cfg!(debug_assertions)
        && let Some(watch) = P::lock_watch()
    {
        let _alone = P::raise(RunLevel::High);
        watch.taken(claim, P::relax);
    }
}

/// Notes that a lock is about to be released.
#[inline(always)]
pub(super) fn left<P: Platform>(claim: Claim) {
    if cfg!(debug_assertions)
        && let Some(watch) = P::lock_watch()
    {
        let _alone = P::raise(RunLevel::High);
        watch.held.remove(claim.address);
    }
}
