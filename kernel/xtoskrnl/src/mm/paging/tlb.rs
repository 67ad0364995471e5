//! The translation caches, with one processor: what an obligation is discharged to.

use xtpaging::{Invalidation, Tlb};

use crate::ar::control::{invalidate_all, invalidate_page};

/// Up to so many pages are forgotten one by one; beyond, forgetting everything is cheaper.
const SINGLE_PAGES: u64 = 64;

/// The TLB of this processor, the only one that runs.
pub(crate) struct LocalTlb;

impl Tlb for LocalTlb {
    fn invalidate(&mut self, what: &Invalidation) {
        if what.count() <= SINGLE_PAGES {
            what.addresses().for_each(invalidate_page);
        } else {
            invalidate_all();
        }
    }
}
