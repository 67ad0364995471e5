//! Mutexes: taken again by their owner, refused to others, and left behind by a thread that ends.

use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};

use xtke::platform::Boost;
use xtke::wait::{Handover, Mutex, NotOwner, Timeout, WaitError};

use super::{PATIENTLY, Waiting, elsewhere, ends, hand_over};
use crate::ke::threads::Kernel;

static MUTEX: Mutex<Kernel> = Mutex::new();

/// What the other thread found: a bit for each thing that was as it must be.
static SEEN: AtomicU32 = AtomicU32::new(0);

const IS_REFUSED: u32 = 1;
const IS_NOT_OWNER: u32 = 2;
const HAS_TAKEN: u32 = 4;

pub(super) fn check(found: &mut Waiting) {
    let mutex = Pin::static_ref(&MUTEX);
    let taken = (0..3).all(|_| acquire(mutex, Timeout::NOW) == Ok(Handover::Orderly));
    found.see("an owner takes its mutex again", taken);
    if let Some(other) = hand_over(found, elsewhere(), try_to_take, 0) {
        found.see("a thread ends that was refused a mutex", ends(&other));
    }
    let seen = SEEN.swap(0, Ordering::Relaxed);
    found.see("another thread neither takes nor releases it", seen == IS_REFUSED | IS_NOT_OWNER);
    let left = [(); 3].map(|()| release(mutex));
    found.see("it is released as often as it was taken", left == [Ok(2), Ok(1), Ok(0)]);
    found.see("who does not own it cannot release it", release(mutex).is_err());
    abandoned(found, mutex);
}

fn try_to_take(_: usize) {
    let mutex = Pin::static_ref(&MUTEX);
    let refused = acquire(mutex, Timeout::NOW) == Err(WaitError::TimedOut);
    let is_owner = release(mutex).is_ok();
    let seen = if refused { IS_REFUSED } else { 0 } | if is_owner { 0 } else { IS_NOT_OWNER };
    SEEN.store(seen, Ordering::Relaxed);
}

#[inline(never)]
fn acquire(mutex: Pin<&Mutex<Kernel>>, timeout: Timeout) -> Result<Handover, WaitError> {
    mutex.acquire(timeout)
}

#[inline(never)]
fn release(mutex: Pin<&Mutex<Kernel>>) -> Result<u32, NotOwner> {
    mutex.release(Boost::NONE)
}

/// A thread ends that owns the mutex, and the next owner learns of it; the one after that need not.
fn abandoned(found: &mut Waiting, mutex: Pin<&Mutex<Kernel>>) {
    let Some(careless) = hand_over(found, elsewhere(), take_and_end, 0) else { return };
    found.see("a thread may end that owns a mutex", ends(&careless));
    found.see("it owned the mutex", SEEN.load(Ordering::Relaxed) == HAS_TAKEN);
    let first = acquire(mutex, PATIENTLY);
    found.see("the next owner learns that it was abandoned", first == Ok(Handover::Abandoned));
    let again = acquire(mutex, PATIENTLY);
    found.see("it is told once", again == Ok(Handover::Orderly));
    let left = [(); 2].map(|()| release(mutex));
    found.see("an abandoned mutex is a mutex", left == [Ok(1), Ok(0)] && mutex.owner().is_none());
}

fn take_and_end(_: usize) {
    if acquire(Pin::static_ref(&MUTEX), PATIENTLY).is_ok() {
        SEEN.store(HAS_TAKEN, Ordering::Relaxed);
    }
}
