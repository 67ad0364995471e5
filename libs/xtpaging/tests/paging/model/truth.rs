//! What ought to be mapped: runs of pages in a sorted map, without levels, tables or bits.

use std::collections::BTreeMap;

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::Attributes;

/// Pages that follow one another, on frames that follow one another, with the same attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run<A = Attributes> {
    pub(crate) pages: VirtRange,
    pub(crate) first: Frame,
    pub(crate) attributes: A,
}

impl<A: Copy + PartialEq> Run<A> {
    /// Returns the frame of an address inside.
    pub(crate) fn frame_at(&self, address: VirtAddr) -> Frame {
        let pages = (address.get() - self.pages.start().get()) / PAGE_BYTES;
        self.first.saturating_add(FrameCount::new(pages))
    }

    fn part(&self, pages: VirtRange) -> Self {
        Self { pages, first: self.frame_at(pages.start()), attributes: self.attributes }
    }

    /// Appends a run to a list, joining it to the last one where it continues that.
    pub(crate) fn append(list: &mut Vec<Self>, added: Self) {
        if let Some(last) = list.last_mut()
            && last.pages.end() == added.pages.start()
            && last.frame_at(added.pages.start()) == added.first
            && last.attributes == added.attributes
        {
            last.pages = VirtRange::new(last.pages.start(), added.pages.end()).expect("ascending runs");
        } else {
            list.push(added);
        }
    }
}

/// The model.
#[derive(Default)]
pub(crate) struct Truth {
    runs: BTreeMap<VirtAddr, Run>,
}

impl Truth {
    /// Returns the run that contains `address`.
    pub(crate) fn find(&self, address: VirtAddr) -> Option<&Run> {
        let (_, run) = self.runs.range(..=address).next_back()?;
        run.pages.contains(address).then_some(run)
    }

    /// Returns the parts of runs that lie in `pages`, ascending.
    pub(crate) fn within(&self, pages: VirtRange) -> Vec<Run> {
        let before = self.find(pages.start()).map(|run| run.pages.start()).unwrap_or(pages.start());
        self.runs
            .range(before..pages.end())
            .map(|(_, run)| {
                let (start, end) = (run.pages.start().max(pages.start()), run.pages.end().min(pages.end()));
                run.part(VirtRange::new(start, end).expect("overlapping ranges"))
            })
            .collect()
    }

    /// Returns the first frame of a range whose pages could be one page.
    pub(crate) fn one_run(&self, pages: VirtRange) -> Option<Frame> {
        let mut list = Vec::new();
        self.within(pages).into_iter().for_each(|run| Run::append(&mut list, run));
        match list.as_slice() {
            [run] if run.pages == pages => Some(run.first),
            _ => None,
        }
    }

    /// Returns the first page of the range that is mapped.
    pub(crate) fn first_mapped(&self, pages: VirtRange) -> Option<VirtAddr> {
        self.within(pages).first().map(|run| run.pages.start())
    }

    /// Returns the first page of the range that is not mapped.
    pub(crate) fn first_absent(&self, pages: VirtRange) -> Option<VirtAddr> {
        let mut at = pages.start();
        for run in self.within(pages) {
            if run.pages.start() > at {
                break;
            }
            at = run.pages.end();
        }
        (at < pages.end()).then_some(at)
    }

    /// Returns the frames of a range in the order of its addresses; neighbours are joined.
    pub(crate) fn frames(&self, pages: VirtRange) -> Vec<FrameRange> {
        join(
            self.within(pages)
                .iter()
                .map(|run| FrameRange::with_count(run.first, FrameCount::holding(run.pages.bytes()))),
        )
    }

    pub(crate) fn insert(&mut self, run: Run) {
        assert!(self.within(run.pages).is_empty(), "the model already maps part of {run:?}");
        self.runs.insert(run.pages.start(), run);
    }

    pub(crate) fn remove(&mut self, pages: VirtRange) {
        self.cut(pages.start());
        self.cut(pages.end());
        self.runs.retain(|start, _| !pages.contains(*start));
    }

    pub(crate) fn protect(&mut self, pages: VirtRange, attributes: Attributes) {
        self.cut(pages.start());
        self.cut(pages.end());
        for (_, run) in self.runs.range_mut(pages.start()..pages.end()) {
            run.attributes = attributes;
        }
    }

    /// Returns everything, neighbours joined, with attributes seen through `view`.
    pub(crate) fn all<A: Copy + PartialEq>(&self, view: impl Fn(&Run) -> A) -> Vec<Run<A>> {
        let mut list = Vec::new();
        for run in self.runs.values() {
            Run::append(&mut list, Run { pages: run.pages, first: run.first, attributes: view(run) });
        }
        list
    }

    fn cut(&mut self, at: VirtAddr) {
        let Some(run) = self.find(at).copied().filter(|run| run.pages.start() != at) else { return };
        for (start, end) in [(run.pages.start(), at), (at, run.pages.end())] {
            self.runs.insert(start, run.part(VirtRange::new(start, end).expect("a cut inside")));
        }
    }
}

/// Joins neighbouring ranges of frames.
pub(crate) fn join(ranges: impl Iterator<Item = FrameRange>) -> Vec<FrameRange> {
    let mut joined: Vec<FrameRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end() == range.start() => {
                *last = FrameRange::new(last.start(), range.end()).expect("ascending frames");
            }
            _ => joined.push(range),
        }
    }
    joined
}
