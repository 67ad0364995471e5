//! Finding the free run from which a range is taken.

use xtcore::{PAGE_SHIFT, VirtRange};

use super::classes::Class;
use super::error::NoPages;
use super::record::Edge;
use super::{Arena, Run};
use crate::backing::Backing;

/// What is wanted, after it was checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pages: usize,
    /// In pages, a power of two.
    alignment: u64,
    /// The page number, in the whole address space, at which the region begins.
    base: u64,
}

/// A range that suits, and the free run that contains it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) from: Run,
    pub(super) taken: Run,
}

impl Request {
    /// Checks what a caller asks of a region.
    pub(super) fn new(region: VirtRange, pages: u64, alignment: u64) -> Result<Self, NoPages> {
        if pages == 0 || pages > region.bytes() >> PAGE_SHIFT {
            return Err(NoPages::Size { pages });
        }
        if !alignment.is_power_of_two() || alignment.trailing_zeros() > u64::BITS - PAGE_SHIFT {
            return Err(NoPages::Alignment { alignment });
        }
        let base = region.start().get() >> PAGE_SHIFT;
        // No region has more pages than a `usize` can count.
        let pages = usize::try_from(pages).map_err(|_| NoPages::Size { pages })?;
        Ok(Self { pages, alignment, base })
    }

    /// Returns the first suitable range in a free run.
    fn fit(&self, from: Run) -> Option<Fit> {
        let first = self.base + from.start as u64;
        let skipped = first.checked_next_multiple_of(self.alignment)? - first;
        let start = from.start.checked_add(usize::try_from(skipped).ok()?)?;
        let end = start.checked_add(self.pages)?;
        (end <= from.end).then_some(Fit { from, taken: Run { start, end } })
    }

    /// Returns the lowest class in which every run has a suitable range, wherever it lies.
    fn sure_class(&self) -> Option<Class> {
        let slack = usize::try_from(self.alignment - 1).ok()?;
        Class::at_least(self.pages.checked_add(slack)?)
    }
}

impl<B: Backing> Arena<'_, B> {
    /// Returns a range that suits, or `None` when there is none.
    ///
    /// The run that was freed last among those of about the right length comes first: it fits best, and its books are
    /// still in the caches. Then any that is surely long enough, then the fresh pages. Only then all runs that may
    /// or may not do are tried.
    pub(super) fn find(&self, request: &Request) -> Option<Fit> {
        let own = Class::of(request.pages);
        let sure = request.sure_class();
        let first =
            |class: Class| self.classes.first(class).and_then(|start| request.fit(self.free_run(start)?));
        first(own)
            .or_else(|| first(self.classes.lowest_from(sure?)?))
            .or_else(|| request.fit(Run { start: self.fresh, end: self.pages }))
            .or_else(|| self.search(request, own, sure))
    }

    /// Tries every run of the classes from `lowest` up to `end`.
    #[cold]
    fn search(&self, request: &Request, lowest: Class, end: Option<Class>) -> Option<Fit> {
        let mut from = Some(lowest);
        while let Some(class) = from.and_then(|class| self.classes.lowest_from(class))
            && end.is_none_or(|end| class < end)
        {
            let mut next = self.classes.first(class);
            while let Some(start) = next {
                if let Some(fit) = self.free_run(start).and_then(|run| request.fit(run)) {
                    return Some(fit);
                }
                next = self.record(start).links().next;
            }
            from = class.next();
        }
        None
    }

    /// Returns the free run that begins at a page named by a list.
    fn free_run(&self, start: usize) -> Option<Run> {
        match self.record(start).edge() {
            Edge::Free { pages } => Some(Run { start, end: start + pages }),
            Edge::None | Edge::Used { .. } | Edge::Tail { .. } => None,
        }
    }
}
