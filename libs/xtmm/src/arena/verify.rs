//! Walking over all runs: for pictures of the region, for telling crimes apart, and to check the books.

use xtcore::{PAGE_BYTES, VirtRange};

use super::classes::Class;
use super::error::{ArenaCrime, Corruption};
use super::record::Edge;
use super::{Arena, Run};
use crate::backing::Backing;

/// What a run of pages is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// An allocation.
    Allocated,
    /// Free again.
    Free,
    /// After the last allocation.
    Fresh,
}

impl<B: Backing> Arena<'_, B> {
    /// Returns all runs in the order of their addresses; they cover the region without gaps. Cost: a record for each.
    pub fn runs(&self) -> impl Iterator<Item = (VirtRange, Use)> {
        let fresh = (self.fresh < self.pages).then_some(Run { start: self.fresh, end: self.pages });
        self.chain()
            .map(|(run, what)| (self.range(run), what))
            .chain(fresh.map(|run| (self.range(run), Use::Fresh)))
    }

    /// Returns the runs below the fresh pages, up to where a run should begin and doesn't.
    fn chain(&self) -> impl Iterator<Item = (Run, Use)> {
        let mut start = 0;
        core::iter::from_fn(move || {
            let (pages, what) = match self.known(start)?.edge() {
                Edge::Free { pages } => (pages, Use::Free),
                Edge::Used { pages } => (pages, Use::Allocated),
                Edge::None | Edge::Tail { .. } => return None,
            };
            let end = start.checked_add(pages).filter(|end| start < *end && *end <= self.fresh)?;
            let run = Run { start, end };
            start = end;
            Some((run, what))
        })
    }

    /// Tells what is wrong with a range that is not an allocation.
    #[cold]
    pub(super) fn explain(&self, range: VirtRange) -> ArenaCrime {
        let inside = self.region.contains(range.start()) && range.end() <= self.region.end();
        if range.is_empty() || !range.is_aligned(PAGE_BYTES) || !inside {
            return ArenaCrime::Foreign { range };
        }
        let holder = self.runs().find(|(run, _)| run.contains(range.start()));
        match holder {
            Some((allocation, Use::Allocated)) if allocation.start() == range.start() => {
                ArenaCrime::WrongExtent { range, allocation }
            }
            Some((allocation, Use::Allocated)) => ArenaCrime::Interior { range, allocation },
            Some((free, Use::Free | Use::Fresh)) => ArenaCrime::DoubleFree { range, free },
            None => ArenaCrime::Foreign { range },
        }
    }

    /// Checks every run, every list and the counters against each other. Cost: a few records for each run.
    ///
    /// # Errors
    /// The first [`Corruption`] that is met.
    pub fn verify(&self) -> Result<(), Corruption> {
        let (mut end, mut allocated, mut allocations, mut free_runs) = (0, 0, 0, 0);
        let mut after_free = false;
        for (run, what) in self.chain() {
            if what == Use::Free {
                if after_free || run.end == self.fresh {
                    return Err(Corruption::Unmerged { at: self.address(run.start) });
                }
                self.verify_free(run)?;
                free_runs += 1;
            } else {
                allocated += run.pages();
                allocations += 1;
            }
            after_free = what == Use::Free;
            end = run.end;
        }
        if end != self.fresh {
            return Err(Corruption::Chain { at: self.address(end) });
        }
        self.verify_lists(free_runs)?;
        let counted = (self.counts.pages, self.counts.allocations, self.counts.free_runs);
        if (allocated, allocations, free_runs) != counted {
            return Err(Corruption::Counts {
                allocated: allocated as u64,
                counted: self.counts.pages as u64,
            });
        }
        Ok(())
    }

    /// Checks the records of a free run, and that its neighbours in the list agree with them.
    fn verify_free(&self, run: Run) -> Result<(), Corruption> {
        let last = self.known(run.end - 1).map(|record| record.edge());
        let expected = match run.pages() {
            1 => Edge::Free { pages: 1 },
            pages => Edge::Tail { pages },
        };
        if last != Some(expected) {
            return Err(Corruption::Tail { run: self.range(run) });
        }
        let links = self.record(run.start).links();
        let class = Class::of(run.pages());
        let before = match links.previous {
            Some(previous) => self.known(previous).and_then(|record| record.links().next),
            None => self.classes.first(class),
        };
        let behind = links.next.map(|next| self.known(next).and_then(|record| record.links().previous));
        if before == Some(run.start) && behind.is_none_or(|behind| behind == Some(run.start)) {
            Ok(())
        } else {
            Err(Corruption::List { at: self.address(run.start) })
        }
    }

    /// Checks that the lists hold free runs of their own class, and as many as there are.
    fn verify_lists(&self, free_runs: usize) -> Result<(), Corruption> {
        let mut left = free_runs;
        let mut from = Some(Class::of(1));
        while let Some(class) = from.and_then(|class| self.classes.lowest_from(class)) {
            let mut next = self.classes.first(class);
            while let Some(start) = next {
                let wrong = Corruption::List { at: self.address(start) };
                let record = self.known(start).ok_or(wrong)?;
                let fits = matches!(record.edge(), Edge::Free { pages } if Class::of(pages) == class);
                // A list that runs in a circle has more members than there are free runs.
                left = left.checked_sub(1).filter(|_| fits).ok_or(wrong)?;
                next = record.links().next;
            }
            from = class.next();
        }
        if left == 0 { Ok(()) } else { Err(Corruption::List { at: self.region.start() }) }
    }
}
