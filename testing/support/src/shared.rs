//! Parts of a simulated machine that several of its users reach.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// A value that several users reach, one after another: in a [`RefCell`], or in whatever a test needs besides.
pub trait Shared<T> {
    /// Lends the value.
    fn see(&self) -> impl Deref<Target = T>;

    /// Lends the value for a change.
    fn lend(&self) -> impl DerefMut<Target = T>;
}

impl<T> Shared<T> for RefCell<T> {
    fn see(&self) -> impl Deref<Target = T> {
        self.borrow()
    }

    fn lend(&self) -> impl DerefMut<Target = T> {
        self.borrow_mut()
    }
}
