//! The objects of a wait, for whoever looks at a machine that stands still: no lock is taken, and nothing is read that
//! is not there.
#![allow(unsafe_code, reason = "objects are found through the frames of threads that sleep")]

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::MAX_OBJECTS;
use super::object::{Kind, Object, Target};
use crate::platform::Parking;
use crate::sleep::{IsThere, read};

/// Somebody holds what would have to be looked at; it may be the one who was interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

/// What a wait should lead to is not there, or is something else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Damaged {
    /// Where it should be.
    pub at: usize,
}

impl fmt::Display for Damaged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "what lies at {:#x} is not what a wait leads to", self.at)
    }
}

/// An object that is waited for.
pub struct Waited<P: Parking> {
    /// Its address, as the object's own description has it.
    pub address: usize,
    /// What it is.
    pub kind: &'static str,
    /// The thread that owns it, if it is a mutex that has an owner. The thread's record may be damaged like everything else.
    pub owner: Result<Option<NonNull<P::Thread>>, Busy>,
}

impl<P: Parking> fmt::Debug for Waited<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:#x}, {:?}", self.kind, self.address, self.owner)
    }
}

/// The objects of a wait, in the order in which the waiter named them.
#[derive(Clone, Copy)]
pub struct Objects<'a, P: Parking> {
    first: *const Target<'static, P>,
    count: usize,
    is_there: IsThere<'a>,
    platform: PhantomData<fn() -> P>,
}

impl<'a, P: Parking> Objects<'a, P> {
    /// Finds the objects of a wait by what its note says.
    ///
    /// # Errors
    /// [`Damaged`], when there cannot be so many.
    ///
    /// # Safety
    /// The note was read; as long as the answer is used, nobody goes on who could change an object or leave the wait.
    pub(crate) unsafe fn find(
        first: *const (),
        count: usize,
        is_there: IsThere<'a>,
    ) -> Result<Self, Damaged> {
        let fits = (1..=MAX_OBJECTS).contains(&count);
        let damaged = Damaged { at: first.addr() };
        fits.then_some(Self { first: first.cast(), count, is_there, platform: PhantomData }).ok_or(damaged)
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns each object; [`Damaged`] in place of one that is not there.
    pub fn iter(&self) -> impl Iterator<Item = Result<Waited<P>, Damaged>> {
        (0..self.count).map(|index| self.at(self.first.wrapping_add(index)))
    }

    fn at(&self, target: *const Target<'static, P>) -> Result<Waited<P>, Damaged> {
        // The object's address, where a target has it.
        let place = target.wrapping_byte_add(core::mem::offset_of!(Target<'static, P>, object));
        // SAFETY: any bits are an address, and who made the objects knows that the frame stands still.
        let object = unsafe { read(place.cast::<*const Object<P>>(), self.is_there) };
        let object = object.ok_or(Damaged { at: target.addr() })?;
        let damaged = Damaged { at: object.addr() };
        if object.is_null() || !object.is_aligned() || !(self.is_there)(object.addr(), size_of::<Object<P>>())
        {
            return Err(damaged);
        }
        // SAFETY: there is aligned memory, as was asked. What a wait leads to is an object that outlives it, or was
        // overwritten, which whoever looks accepts.
        let object = unsafe { &*object };
        let kind = match object.kind {
            Kind::EVENT => "event",
            Kind::SEMAPHORE => "semaphore",
            Kind::MUTEX => "mutex",
            Kind::THREAD_END => "end of a thread",
            _ => return Err(damaged),
        };
        // SAFETY: who made the objects said that nobody goes on who could change one.
        let owner = unsafe { object.peek_owner() };
        Ok(Waited { address: damaged.at, kind, owner })
    }
}

impl<P: Parking> fmt::Debug for Objects<'_, P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}
