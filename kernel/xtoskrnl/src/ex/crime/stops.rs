//! Bug checks that go wrong themselves.

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
