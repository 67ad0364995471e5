//! Pools and heaps, all through `&dyn GlobalAlloc`, so that each call costs every subject the same.
//!
//! The subject "null" allocates nothing: it shows what the harness itself costs. Allocators without a lock of their own
//! stand behind a spin lock.

mod churn;
mod footprint;
mod mix;
mod ours;
mod peers;
mod remote;

use std::alloc::GlobalAlloc;

use anyhow::Result;

pub(crate) use footprint::footprint;

use crate::harness::{Plan, notice};

/// A heap that lives as long as the process.
pub(super) type Heap = &'static (dyn GlobalAlloc + Sync);

/// How to make a subject's heap.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    /// Its name.
    pub(super) name: &'static str,
    /// Makes it; called once in a process.
    pub(super) make: fn() -> Result<Heap>,
}

/// All subjects, ours first.
pub(super) fn subjects() -> Vec<Subject> {
    let mut subjects = vec![Subject { name: "xtmm", make: ours::make }];
    subjects.extend(peers::SUBJECTS);
    subjects
}

/// Adds the suite to the plan.
pub(crate) fn add(plan: &mut Plan) {
    if cfg!(not(feature = "c-peers")) {
        notice("mimalloc and jemalloc are left out: this was built without the feature c-peers");
    }
    let two = crate::harness::clock::processors() >= 2;
    if !two {
        notice("pools with two threads are left out: there is one processor");
    }
    // Each is made on first use, and then serves all tests.
    let heaps: Vec<_> =
        subjects().into_iter().map(|subject| (subject.name, peers::Lazy::new(subject))).collect();
    for (name, heap) in &heaps {
        churn::pairs(plan, name, heap);
    }
    for live in churn::LIVE {
        for (name, heap) in &heaps {
            churn::add(plan, name, heap, live);
        }
    }
    for (name, heap) in heaps.iter().filter(|_| two) {
        remote::add(plan, name, heap);
    }
    for (name, _) in heaps.iter().filter(|(name, _)| *name != "null") {
        footprint::add(plan, name);
    }
}
