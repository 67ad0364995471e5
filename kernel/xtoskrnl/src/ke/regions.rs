//! What an address is for: the layout as far as a bug check needs it.

use core::fmt;

use spin::Once;
use xtcore::VirtAddr;
use xtlayout::Layout;

use super::stacks::{self, Spot};

static LAYOUT: Once<Layout> = Once::new();

/// Makes the layout known; the first call counts.
pub(crate) fn publish(layout: &Layout) {
    LAYOUT.call_once(|| layout.clone());
}

/// An address, to be described.
pub(crate) struct Place(pub(crate) VirtAddr);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match stacks::find(self.0) {
            Some(Spot::Inside(stack)) => return write!(out, "on the {}", stack.name),
            Some(Spot::Guard(stack)) => return write!(out, "in the guard of the {}", stack.name),
            None => {}
        }
        let Some(layout) = LAYOUT.get() else { return out.write_str("before there is a layout") };
        if let Some(region) = layout.find(self.0) {
            return write!(out, "in the {}", region.kind.name());
        }
        let guard = layout.guard();
        for region in layout.regions() {
            if region.range.start().bytes_since(self.0).is_some_and(|bytes| bytes <= guard) {
                return write!(out, "in the guard below the {}", region.kind.name());
            }
            if self.0.bytes_since(region.range.end()).is_some_and(|bytes| bytes < guard) {
                return write!(out, "in the guard above the {}", region.kind.name());
            }
        }
        out.write_str("in no region of the kernel")
    }
}
