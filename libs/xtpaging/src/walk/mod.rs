//! Looking at an address space without changing it: one address, every entry, and the audit.

mod audit;
mod find;
mod visit;

pub use audit::{Audit, Code, audit};
pub use find::{Found, NotFound, find, translate};
pub use visit::{Leaf, Node, SelfMapPolicy, visit};
