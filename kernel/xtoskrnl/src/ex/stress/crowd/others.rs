//! What a thread of the crowd does to others.

use core::pin::Pin;

use xtke::defer::apc::{Callee, Occasion};
use xtke::sched::{Handle, Priority};

use super::account::Entry;
use super::{MEMBERS, Member, give_way, some_set};
use crate::ex::stress::random::Random;
use crate::ex::stress::{Complaint, check};
use crate::ke::threads::{Kernel, SCHEDULER};

/// Notes that a thread was called, or has ended before; gives way, as a call may that is a normal one.
pub(super) struct Called;

impl Callee for Called {
    fn call(&self, occasion: Occasion) {
        Entry::Call.take();
        if occasion == Occasion::Delivery {
            SCHEDULER.yield_now();
        }
    }
}

/// Returns somebody who has not left the crowd.
fn somebody(random: &mut Random) -> Option<(usize, &'static Member, Handle<Kernel>)> {
    let number = random.below((SCHEDULER.processors().len() * super::EACH).min(super::MOST) as u64) as usize;
    let member = MEMBERS.get(number)?;
    let thread = member.thread.lock().clone()?;
    Some((number, member, thread))
}

/// Interrupts somebody, who may be waiting, running, suspended, or gone.
pub(super) fn call(random: &mut Random) -> Result<(), Complaint> {
    if let Some((_, member, thread)) = somebody(random)
        && Pin::static_ref(&member.call).insert(&thread) == Ok(true)
    {
        Entry::Call.give();
    }
    Ok(())
}

/// Suspends somebody else for a while.
pub(super) fn suspend(number: usize, random: &mut Random) -> Result<(), Complaint> {
    let Some((other, _, thread)) = somebody(random) else { return Ok(()) };
    if other == number {
        return Ok(());
    }
    let _critical = SCHEDULER.critical();
    if SCHEDULER.suspend(&thread).is_err() {
        return Ok(());
    }
    Entry::Suspension.give();
    give_way(random);
    let was = SCHEDULER.resume(&thread);
    check(was > 0, "a suspension was lost", [thread.id().get(), was.into()])?;
    Entry::Suspension.take();
    Ok(())
}

/// Gives somebody another priority or other processors.
pub(super) fn change(random: &mut Random) -> Result<(), Complaint> {
    let Some((_, _, thread)) = somebody(random) else { return Ok(()) };
    if let Some(priority) = Priority::new(1 + random.below(15) as u8)
        && random.below(2) == 0
    {
        // Who has ended has neither.
        let _ = SCHEDULER.set_priority(&thread, priority);
    } else {
        let _ = SCHEDULER.set_affinity(&thread, some_set(random));
    }
    Ok(())
}
