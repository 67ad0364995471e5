//! The translation caches of the processor that changes a translation: what an obligation is discharged to.
//!
//! Other processors are not told. That is right as long as they use no memory whose translation changes, which is what
//! `ke::processors` demands of everything that runs there: they idle, on the image, their own stacks and blocks. Whoever lets
//! them do more must have them forget, too, before an obligation is discharged.

use xtpaging::{Invalidation, Tlb};

use crate::ar::control::{invalidate_all, invalidate_page};

/// Up to so many pages are forgotten one by one; beyond, forgetting everything is cheaper.
const SINGLE_PAGES: u64 = 64;

/// The TLB of this processor, the only one that uses memory whose translation changes.
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
