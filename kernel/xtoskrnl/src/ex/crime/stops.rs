//! Bug checks that go wrong themselves, or come at a bad moment.

use core::fmt;

use xtcore::VirtAddr;

use super::{Aftermath, read};
use crate::ke::bugcheck::{Code, bug_check};
use crate::mm::Memory;

/// A sentence that cannot be said.
struct Unspeakable;

impl fmt::Display for Unspeakable {
    #[inline(never)]
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address of another crime: functions with the same code would share one name.
        read(VirtAddr::new(0x18));
        Ok(())
    }
}

/// A stop that stumbles over its own words: the second one must tell what the first one could not.
pub(super) fn stumble(_: &'static Memory) -> Aftermath {
    bug_check(Code::MemoryManagement, [0; 4], None, format_args!("{Unspeakable}"))
}

/// A fault while the page tables are locked: who looks at the dead machine must see them nevertheless.
pub(super) fn inside(memory: &'static Memory) -> Aftermath {
    memory.space().inspect(|_, _| read(VirtAddr::new(0x28)));
    Aftermath::Unpunished
}
