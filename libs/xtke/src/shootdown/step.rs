//! The steps of the protocol that its models break, to show that they would be missed.
//!
//! Outside of models each step is taken, and the question costs nothing.

/// A step that a model can leave out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(loom), allow(dead_code, reason = "only models choose among them"))]
pub(super) enum Step {
    /// A processor forgets before it answers.
    ForgetFirst,
    /// It looks how far it was asked before it empties the inbox.
    TallyFirst,
    /// Having answered, it looks again.
    LookAgain,
    /// An initiator serves its own inbox while it waits.
    ServeWhileWaiting,
    /// An initiator no longer waits for one that has left.
    HeedLeaving,
    /// Who enters forgets everything.
    ForgetOnEntering,
    /// Who enters says so before it forgets.
    EnterFirst,
    /// An initiator's change is visible before it looks who runs.
    ChangeFirst,
    /// An initiator that found itself alone makes sure of it when it has forgotten.
    StillAlone,
}

/// Tells whether a step is taken.
#[cfg(not(loom))]
#[inline(always)]
pub(super) const fn taken(_: Step) -> bool {
    true
}

#[cfg(loom)]
pub(super) use modelled::taken;

/// The same under a model. All threads of a model are run by one thread of the host.
#[cfg(loom)]
pub(super) mod modelled {
    extern crate std;
    use std::cell::Cell;

    use super::Step;

    std::thread_local! {
        static BROKEN: Cell<Option<Step>> = const { Cell::new(None) };
    }

    /// Makes the calling thread of the host explore the protocol with one step left out.
    #[cfg(test)]
    pub(in crate::shootdown) fn leave_out(broken: Option<Step>) {
        BROKEN.set(broken);
    }

    pub(in crate::shootdown) fn taken(step: Step) -> bool {
        BROKEN.get() != Some(step)
    }
}
