//! The moments at which a store can be watched.

use xtcore::PhysAddr;

use super::Ram;

/// What is called at each [`Stop`]. It owns what it captures; share findings through `Rc<Cell<_>>`.
pub type Hook = Box<dyn FnMut(&mut Ram, Stop)>;

/// Where in a store the machine stands still.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Moment {
    /// Nothing is written yet. What happens here happens between software's load and its store.
    Before,
    /// One half of a plain 64-bit store is written, the other is not: 32-bit machines only.
    Between,
    /// Everything is written.
    After,
}

/// One stop of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stop {
    /// Where in the store.
    pub moment: Moment,
    /// Address of the store; for a torn one, of the whole eight bytes.
    pub at: PhysAddr,
}
