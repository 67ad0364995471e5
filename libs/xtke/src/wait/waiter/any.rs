//! Waiting for one of several objects, or for one.
#![allow(unsafe_code, reason = "the frame of a wait promises to leave the queues")]

use super::enlisted::{Blocks, Enlisted};
use super::{Aim, Ending, First, Patience, Wait};
use crate::sleep::Reason;
use crate::wait::object::{Offer, Target};
use crate::wait::timeout::until;
use crate::wait::{WaitError, Waiting};

/// Waits for any of at most `N` objects.
#[inline(never)]
pub(super) fn wait<P: Waiting, const N: usize>(
    targets: &[Target<'_, P>],
    patience: Patience,
) -> Result<First, WaitError> {
    match patience {
        Patience::None => poll(targets),
        Patience::Until(deadline) => {
            let wait = Wait::new(Aim::Any);
            let blocks = Blocks::<P, N>::new(&wait);
            // SAFETY: the value is a local one of this block and nobody forgets it.
            let mut enlisted = unsafe { Enlisted::new(targets, &blocks) };
            if let Some(ended) = enter(&wait, targets, &mut enlisted) {
                return ended;
            }
            let reason = Reason::any(targets, deadline);
            match until::<P, _>(deadline, |alarm| sleep::<P>(&wait, &reason, || alarm.rang())) {
                Ending::Object { index, left } => Ok(First { index: usize::from(index), left }),
                Ending::Withdrawn => Err(WaitError::TimedOut),
            }
        }
    }
}

/// Takes the first object that lets the caller pass at once.
fn poll<P: Waiting>(targets: &[Target<'_, P>]) -> Result<First, WaitError> {
    let current = P::current();
    for (index, target) in targets.iter().enumerate() {
        let mut state = target.lock();
        match state.signal.offer(current) {
            Offer::Closed => {}
            Offer::Exhausted => return Err(WaitError::OwnedTooOften { object: index }),
            Offer::Open(left) => {
                target.take(&mut state, current);
                return Ok(First { index, left });
            }
        }
    }
    Err(WaitError::TimedOut)
}

/// Enters the queues one after the other, unless an object lets the caller pass at once: one that it finds open, or one
/// whose queue it entered before.
fn enter<P: Waiting>(
    wait: &Wait<P>,
    targets: &[Target<'_, P>],
    enlisted: &mut Enlisted<'_, P>,
) -> Option<Result<First, WaitError>> {
    for (index, target) in targets.iter().enumerate() {
        let mut state = target.lock();
        let offer = state.signal.offer(wait.thread());
        let ending = match offer {
            Offer::Closed => {
                enlisted.enlist(&mut state);
                continue;
            }
            Offer::Open(left) => Ending::Object { index: index as u8, left },
            Offer::Exhausted => Ending::Withdrawn,
        };
        // A wait that nobody knows is the caller's to decide: the way of whoever need not sleep costs one lock.
        if enlisted.is_known() && !wait.verdict().decide(ending) {
            // An object was quicker; it has been taken in the caller's name.
            return None;
        }
        return Some(match offer {
            Offer::Open(left) => {
                target.take(&mut state, wait.thread());
                Ok(First { index, left })
            }
            _ => Err(WaitError::OwnedTooOften { object: index }),
        });
    }
    None
}

/// Sleeps until the wait is decided; decides it itself when its time is out.
pub(super) fn sleep<P: Waiting>(wait: &Wait<P>, reason: &Reason, is_late: impl Fn() -> bool) -> Ending {
    loop {
        if let Some(ending) = wait.verdict().ending() {
            return ending;
        }
        if !is_late() {
            P::park_for(reason);
        } else if wait.verdict().decide(Ending::Withdrawn) {
            return Ending::Withdrawn;
        }
        // Who came too late finds in the next turn by which object it was decided.
    }
}
