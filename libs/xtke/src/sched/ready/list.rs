//! Lists of threads, linked through the threads themselves.
//!
//! A list holds the claims of what stands in it. Each unlinking checks that the neighbours agree: a record that somebody
//! overwrote stops the machine, instead of spreading.
//!
//! It is no [`xtrtl::list::Queue`]: in a ring, taking the first out writes to the last as well. Here that is another thread's
//! record, a cache line more for each switch, and the list has its two ends in the processor's own block anyway.
#![allow(unsafe_code, reason = "links are pointers")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::misuse::Misuse;
use crate::sched::machine::Switching;
use crate::sched::thread::Thread;

/// A thread's neighbours in a list.
pub(crate) struct Links<P: Switching> {
    next: Option<NonNull<Thread<P>>>,
    previous: Option<NonNull<Thread<P>>>,
}

impl<P: Switching> Links<P> {
    /// Of a thread that stands in no list.
    pub(crate) const NONE: Self = Self { next: None, previous: None };
}

/// Which links of a thread a list uses.
pub(crate) trait Anchor<P: Switching> {
    /// What the list is called when it is found broken.
    const NAME: &'static str;

    /// Returns the links.
    fn links(thread: &Thread<P>) -> &UnsafeCell<Links<P>>;
}

/// A list. Whoever has it exclusively may touch the links of what stands in it.
pub(crate) struct List<P: Switching, A> {
    first: Option<NonNull<Thread<P>>>,
    last: Option<NonNull<Thread<P>>>,
    anchor: PhantomData<fn() -> A>,
}

// SAFETY: a list owns the right to the links of its threads, and threads' records are `Send` and `Sync`.
unsafe impl<P: Switching, A> Send for List<P, A> {}

impl<P: Switching, A: Anchor<P>> List<P, A> {
    pub(crate) const fn new() -> Self {
        Self { first: None, last: None, anchor: PhantomData }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Returns the thread that stands first.
    pub(crate) fn first(&self) -> Option<&Thread<P>> {
        // SAFETY: what stands in a list is alive, as `push_*` demands.
        self.first.map(|first| unsafe { first.as_ref() })
    }

    /// Returns the threads in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Thread<P>> {
        core::iter::successors(self.first(), |thread| {
            // SAFETY: the list is borrowed, so that nobody writes to the links of what stands in it.
            let next = unsafe { (*A::links(thread).get()).next };
            // SAFETY: it stands in the list as well, so it is alive.
            next.map(|next| unsafe { next.as_ref() })
        })
    }

    /// Returns the threads in their order, up to the first that `is_there` says is not: for whoever believes no link.
    pub(crate) fn sound<'a>(
        &'a self,
        is_there: &'a dyn Fn(NonNull<Thread<P>>) -> bool,
    ) -> impl Iterator<Item = &'a Thread<P>> {
        let first = self.first.filter(|first| is_there(*first));
        core::iter::successors(first, move |thread| {
            // SAFETY: there is memory, as was asked; what stands in a list is alive, or was overwritten, which the
            // caller accepts.
            let links = A::links(unsafe { thread.as_ref() }).get();
            // SAFETY: the list is borrowed, so that nobody writes to the links of what stands in it.
            let next = unsafe { (*links).next };
            next.filter(|next| next.is_aligned() && is_there(*next))
        })
        // SAFETY: none is yielded that `is_there` has not found; the caller accepts one that was overwritten.
        .map(|thread| unsafe { thread.as_ref() })
    }

    /// Puts a thread behind all others.
    ///
    /// # Safety
    /// The thread stands in no list of this anchor, and lives until it is removed.
    pub(crate) unsafe fn push_back(&mut self, thread: NonNull<Thread<P>>) {
        // SAFETY: the caller keeps it alive and has it in no list, so its links are the caller's.
        unsafe { *Self::links(thread) = Links { next: None, previous: self.last } };
        match self.last {
            None => self.first = Some(thread),
            // SAFETY: the last of this list stands in it, and the list is borrowed exclusively.
            Some(last) => unsafe { Self::links(last) }.next = Some(thread),
        }
        self.last = Some(thread);
    }

    /// Puts a thread before all others.
    ///
    /// # Safety
    /// The thread stands in no list of this anchor, and lives until it is removed.
    pub(crate) unsafe fn push_front(&mut self, thread: NonNull<Thread<P>>) {
        // SAFETY: nobody else uses the links of a thread that is in no list, and the caller keeps it alive.
        unsafe { *Self::links(thread) = Links { next: self.first, previous: None } };
        match self.first {
            None => self.last = Some(thread),
            // SAFETY: the first of this list stands in it, and the list is borrowed exclusively.
            Some(first) => unsafe { Self::links(first) }.previous = Some(thread),
        }
        self.first = Some(thread);
    }

    /// Takes a thread out.
    ///
    /// # Safety
    /// It stands in this list.
    pub(crate) unsafe fn remove(&mut self, thread: NonNull<Thread<P>>) {
        // SAFETY: it stands in this list, which is borrowed exclusively, so its links are ours to take.
        let links = unsafe { core::mem::replace(Self::links(thread), Links::NONE) };
        let me = Some(thread);
        let before = match links.previous {
            None => &mut self.first,
            // SAFETY: a neighbour stands in this list, too.
            Some(previous) => &mut unsafe { Self::links(previous) }.next,
        };
        if core::mem::replace(before, links.next) != me {
            Self::broken(thread);
        }
        let after = match links.next {
            None => &mut self.last,
            // SAFETY: a neighbour stands in this list, too, and the borrow of the other one has ended.
            Some(next) => &mut unsafe { Self::links(next) }.previous,
        };
        if core::mem::replace(after, links.previous) != me {
            Self::broken(thread);
        }
    }

    /// Takes the first thread out.
    pub(crate) fn pop_front(&mut self) -> Option<NonNull<Thread<P>>> {
        let first = self.first?;
        // SAFETY: it is the first of this list.
        unsafe { self.remove(first) };
        Some(first)
    }

    fn broken(thread: NonNull<Thread<P>>) -> ! {
        P::misuse(Misuse::CorruptQueue { queue: A::NAME, entry: thread.addr().get() })
    }

    /// Returns a thread's links, to change them.
    ///
    /// # Safety
    /// The thread is alive, its links belong to the caller, and nobody else has a reference to them while this one is used.
    unsafe fn links<'a>(thread: NonNull<Thread<P>>) -> &'a mut Links<P> {
        // SAFETY: the caller says that it is alive.
        let links = A::links(unsafe { thread.as_ref() }).get();
        // SAFETY: the caller says that they are its own, and that nobody else uses them meanwhile.
        unsafe { &mut *links }
    }
}
