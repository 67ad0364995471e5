//! Events: what happened, or happened once more.

use super::object::{Kind, Object, Passing, Target};
use super::{Signal, Waitable, signals};
use crate::platform::{Boost, Parking};
use crate::sync::constructors;

/// Something that happens. NT's `KEVENT`.
///
/// A *notification* event that is set lets everybody pass until it is reset; a *synchronisation* event lets one pass,
/// which resets it.
pub struct Event<P: Parking> {
    object: Object<P>,
}

/// Whether an event was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Was {
    /// It was.
    Set,
    /// It was not.
    Clear,
}

impl Was {
    const fn of(available: u32) -> Self {
        if available == 0 { Self::Clear } else { Self::Set }
    }
}

impl<P: Parking> Event<P> {
    constructors! {
        /// Returns a notification event that is not set.
        pub fn notification() -> Self {
            Self { object: Object::new(Kind::EVENT, 0, Passing::Free) }
        }

        /// Returns a synchronisation event that is not set.
        pub fn synchronisation() -> Self {
            Self { object: Object::new(Kind::EVENT, 0, Passing::Takes) }
        }
    }

    /// Sets the event, lets those pass who wait for it, and tells whether it was set before. The threads that pass get
    /// `boost` on their priority.
    ///
    /// Highest level: Dispatch. Cost: one lock, and linear in the threads that wait.
    pub fn set(&self, boost: Boost) -> Was {
        signals::<P>("Event::set");
        let mut state = self.object.lock();
        let was = Was::of(core::mem::replace(&mut state.signal.available, 1));
        if was == Was::Clear {
            state.wake(boost);
        }
        was
    }

    /// Resets the event, and tells whether it was set. Highest level: Dispatch. Cost: one lock.
    pub fn reset(&self) -> Was {
        signals::<P>("Event::reset");
        Was::of(core::mem::replace(&mut self.object.lock().signal.available, 0))
    }

    /// Tells whether the event is set; others may set and reset it at any time. Highest level: Dispatch. Cost: one lock.
    pub fn was(&self) -> Was {
        signals::<P>("Event::was");
        Was::of(self.object.lock().signal.available)
    }
}

impl<P: Parking> Waitable<P> for Event<P> {
    fn target(&self) -> Target<'_, P> {
        Target::new(&self.object)
    }
}

impl<P: Parking> Signal for Event<P> {
    /// Sets the event without a boost, as NT's timers do.
    fn signal(&self) {
        self.set(Boost::NONE);
    }
}

impl<P: Parking> core::fmt::Debug for Event<P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Event({:#x})", self.target().address())
    }
}
