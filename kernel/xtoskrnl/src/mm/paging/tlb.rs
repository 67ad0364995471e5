//! The translation caches: what an obligation is discharged to.

use xtpaging::{Invalidation, Tlb};

use crate::ke::translations;

/// The TLBs of all processors that run.
pub(crate) struct EveryTlb;

impl Tlb for EveryTlb {
    fn invalidate(&mut self, what: &Invalidation<'_>) {
        translations::forget(what.spans());
    }
}
