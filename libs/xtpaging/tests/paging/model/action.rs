//! Random actions: where, what, and onto which frames.

use std::ops::Range;

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtpaging::entry::Format;
use xtpaging::{Attributes, Mapping, Privilege, Scope};
use xtsim::SplitMix64;

use super::truth::Truth;

/// What is done to a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Map(Mapping),
    Streak(Pages),
    Unmap(VirtRange),
    Protect(VirtRange, Attributes),
    Split(VirtRange),
    Merge(VirtRange, Level),
}

impl Action {
    pub(super) fn pages(&self) -> VirtRange {
        match self {
            Self::Map(mapping) => mapping.pages,
            Self::Streak(pages) => pages.mapping.pages,
            Self::Unmap(pages) | Self::Protect(pages, _) | Self::Split(pages) | Self::Merge(pages, _) => {
                *pages
            }
        }
    }
}

/// Pages that are mapped one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    pub(super) mapping: Mapping,
    /// How many of them, before whoever does it loses interest.
    pub(super) mapped: u64,
    /// 1 to give neighbours each other's frames.
    twist: u64,
}

impl Pages {
    /// Returns what is mapped, page by page.
    pub(super) fn each(&self) -> impl Iterator<Item = (VirtRange, Frame)> {
        let Self { mapping, mapped, twist } = *self;
        (0..mapped).map(move |page| {
            let start = VirtAddr::new(mapping.pages.start().get() + page * PAGE_BYTES);
            let offset = if page ^ twist < mapped { page ^ twist } else { page };
            let frame = mapping.first.saturating_add(FrameCount::new(offset));
            (VirtRange::with_length(start, PAGE_BYTES).expect("a page"), frame)
        })
    }
}

/// What decides: a seed in the tests, the bytes of a fuzzer in its target.
pub(crate) trait Chance {
    /// Returns a number of a range that is not empty.
    fn in_range(&mut self, range: Range<u64>) -> u64;

    /// Returns true once in `times`, on average.
    fn one_in(&mut self, times: u64) -> bool {
        self.in_range(0..times) == 0
    }

    /// Picks an element, or returns `None` from an empty slice.
    fn choose<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.in_range(0..from.len() as u64) as usize) }
    }
}

impl Chance for SplitMix64 {
    fn in_range(&mut self, range: Range<u64>) -> u64 {
        self.in_range(range)
    }
}

/// Chooses actions.
pub(super) struct Chooser<C> {
    random: C,
    format: Format,
    areas: Vec<VirtRange>,
    /// Two of the mode's largest pages, where those are 1 GiB.
    giant: Option<VirtRange>,
    attributes: Vec<Attributes>,
}

impl<C: Chance> Chooser<C> {
    pub(super) fn new(format: Format, attributes: Vec<Attributes>, random: C) -> Self {
        let giant = (format.largest_page() == Level::PDPT).then(|| {
            let start = format.geometry().kernel_base().get() + (8 << 30);
            VirtRange::new(VirtAddr::new(start), VirtAddr::new(start + (2 << 30))).expect("ascending")
        });
        Self { random, areas: areas(format.mode()), giant, format, attributes }
    }

    /// Returns all that the actions may touch.
    pub(super) fn areas(&self) -> impl Iterator<Item = VirtRange> {
        self.areas.iter().copied().chain(self.giant)
    }

    pub(super) fn random(&mut self) -> &mut C {
        &mut self.random
    }

    pub(super) fn next(&mut self, truth: &Truth) -> Action {
        let giant = self.giant.filter(|_| self.random.one_in(500));
        let area = giant.unwrap_or_else(|| *self.random.choose(&self.areas).expect("areas"));
        let wanted = if giant.is_some() { self.giant_range(area) } else { self.range(area) };
        match self.random.in_range(0..20) {
            0..8 => {
                // Mostly into a gap; sometimes over what is mapped, which must be refused.
                let pages = match self.random.in_range(0..8) {
                    0 => wanted,
                    1..4 => gap(truth, if giant.is_some() { wanted } else { self.around(wanted, area) }),
                    _ => gap(truth, wanted),
                };
                let mapping = self.mapping(pages, giant.is_some());
                if giant.is_none() && self.random.one_in(4) {
                    self.streak(mapping)
                } else {
                    Action::Map(mapping)
                }
            }
            8..13 => {
                // Often as much as there is, so that room for large pages comes back.
                let wanted = if self.random.one_in(2) { self.around(wanted, area) } else { wanted };
                Action::Unmap(self.mapped(truth, wanted))
            }
            13..17 => {
                let pages = self.mapped(truth, wanted);
                Action::Protect(pages, self.attributes(pages))
            }
            17 => {
                let somewhere = self.mapped(truth, wanted);
                Action::Split(self.like_a_large_page(truth, area).unwrap_or(somewhere))
            }
            _ => {
                let level = if giant.is_some() { Level::PDPT } else { Level::PD };
                let wanted = self.like_a_large_page(truth, area).unwrap_or(wanted);
                let start = wanted.start().align_down(self.format.geometry().page_bytes(level));
                let pages = VirtRange::with_length(start, PAGE_BYTES).expect("a page");
                Action::Merge(pages, level)
            }
        }
    }

    /// The same frames, where entries can name them, page by page; sometimes not to the end.
    fn streak(&mut self, mapping: Mapping) -> Action {
        let count = FrameCount::holding(mapping.pages.bytes());
        if mapping.first.saturating_add(count) > self.format.frame_limit() {
            return Action::Map(mapping);
        }
        let count = count.get();
        let mapped = if self.random.one_in(3) { self.random.in_range(0..count) } else { count };
        let twist = u64::from(mapped < 64 && self.random.one_in(2));
        Action::Streak(Pages { mapping, mapped, twist })
    }

    /// Mostly a page inside what is one large page of the area, or could be one.
    fn like_a_large_page(&mut self, truth: &Truth, area: VirtRange) -> Option<VirtRange> {
        let geometry = self.format.geometry();
        let level = if Some(area) == self.giant { Level::PDPT } else { Level::PD };
        let (bytes, frames) = (geometry.page_bytes(level), geometry.page_frames(level));
        let first = area.start().align_up(bytes)?;
        let starts = (0..area.bytes() / bytes).map(|index| VirtAddr::new(first.get() + index * bytes));
        let wholes: Vec<_> = starts
            .filter_map(|start| VirtRange::with_length(start, bytes))
            .filter(|whole| truth.one_run(*whole).is_some_and(|first| first.is_aligned(frames)))
            .collect();
        let whole = self.random.choose(&wholes).copied().filter(|_| !self.random.one_in(4))?;
        let page = self.random.in_range(0..bytes / PAGE_BYTES) * PAGE_BYTES;
        VirtRange::with_length(VirtAddr::new(whole.start().get() + page), PAGE_BYTES)
    }

    fn attributes(&mut self, pages: VirtRange) -> Attributes {
        let mut attributes = *self.random.choose(&self.attributes).expect("attributes");
        // Sometimes a user's page is wanted in the kernel's half, which must be refused.
        if pages.start() >= self.format.geometry().kernel_base() && !self.random.one_in(16) {
            attributes.privilege = Privilege::Supervisor;
        }
        // What cannot be global comes back as local.
        if self.format.capabilities().global.is_present() {
            attributes
        } else {
            attributes.with_scope(Scope::Local)
        }
    }

    /// Mostly what is mapped at the start of the wish; sometimes the wish, which may have holes.
    fn mapped(&mut self, truth: &Truth, wanted: VirtRange) -> VirtRange {
        if self.random.one_in(8) {
            return wanted;
        }
        let Some(first) = truth.first_mapped(wanted) else { return wanted };
        let rest = VirtRange::new(first, wanted.end()).expect("a part of the wish");
        VirtRange::new(first, truth.first_absent(rest).unwrap_or(rest.end())).expect("at least one page")
    }

    /// Returns the large page of the area around the start of a wish.
    fn around(&self, wanted: VirtRange, area: VirtRange) -> VirtRange {
        let large = self.format.geometry().page_bytes(Level::PD);
        let start = wanted.start().align_down(large);
        let end = start.get().saturating_add(large).min(area.end().get());
        VirtRange::new(start.max(area.start()), VirtAddr::new(end)).expect("a part of the area")
    }

    fn range(&mut self, area: VirtRange) -> VirtRange {
        let large = self.format.geometry().page_bytes(Level::PD);
        let pages = area.bytes() / PAGE_BYTES;
        let mut start = area.start().get() + self.random.in_range(0..pages) * PAGE_BYTES;
        let bytes = match self.random.in_range(0..40) {
            0..20 => self.random.in_range(1..9) * PAGE_BYTES,
            20..24 => self.random.in_range(1..100) * PAGE_BYTES,
            24 => self.random.in_range(1..2 * large / PAGE_BYTES) * PAGE_BYTES,
            _ => {
                start = (start & !(large - 1)).max(area.start().get());
                large + self.random.in_range(0..4) / 3 * large
            }
        };
        let end = start.saturating_add(bytes).min(area.end().get());
        VirtRange::new(VirtAddr::new(start), VirtAddr::new(end)).expect("a part of the area")
    }

    fn giant_range(&mut self, area: VirtRange) -> VirtRange {
        let start = area.start().get() + self.random.in_range(0..2) * (1 << 30);
        // Whole giants, whole large pages, or a few pages in the middle of one.
        let (start, bytes) = match self.random.in_range(0..3) {
            0 => (start, 1 << 30),
            1 => (start + self.random.in_range(0..512) * (1 << 21), 1 << 21),
            _ => (start + self.random.in_range(0..1 << 17) * PAGE_BYTES, 3 * PAGE_BYTES),
        };
        VirtRange::with_length(VirtAddr::new(start), bytes).expect("a part of the area")
    }

    fn mapping(&mut self, pages: VirtRange, giant: bool) -> Mapping {
        let limit = self.format.frame_limit().number();
        let count = FrameCount::holding(pages.bytes()).get();
        let alignment: u64 =
            if giant { 1 << 18 } else { self.format.geometry().page_frames(Level::PD).get() };
        let base = match self.random.in_range(0..16) {
            0..8 => self.random.in_range(0..limit),
            8..10 => 0,
            // Around 4 GiB, and around frame 2^32.
            10..12 => (1 << 20) - alignment,
            12 => (1 << 32) - alignment,
            // The last frames that an entry can name, and one too many.
            13..15 => limit - count,
            _ => limit - count + 1,
        };
        let offset = pages.start().get() / PAGE_BYTES % alignment;
        let aligned = (base & !(alignment - 1)) + offset;
        let fits = base + count <= limit && aligned + count <= limit;
        let first = if giant || fits && !self.random.one_in(4) { aligned } else { base };
        let first = if giant && first + count > limit { offset } else { first };
        let largest = if giant || !self.random.one_in(6) { Level::PML5 } else { Level::PT };
        Mapping { pages, first: Frame::new(first), attributes: self.attributes(pages), largest }
    }
}

/// Returns the first part of the wish that is not mapped; the wish itself when all of it is.
fn gap(truth: &Truth, wanted: VirtRange) -> VirtRange {
    let Some(start) = truth.first_absent(wanted) else { return wanted };
    let rest = VirtRange::new(start, wanted.end()).expect("a part of the wish");
    VirtRange::new(start, truth.first_mapped(rest).unwrap_or(rest.end())).expect("at least one page")
}

/// The ends of both halves, and where tables of every level meet.
fn areas(mode: PagingMode) -> Vec<VirtRange> {
    let geometry = mode.geometry();
    let large = geometry.page_bytes(Level::PD);
    let kernel = geometry.kernel_base().get();
    let user_end = if geometry.virtual_bits() == 32 { kernel } else { 1 << (geometry.virtual_bits() - 1) };
    let top = if geometry.virtual_bits() == 32 { 1 << 32 } else { !(PAGE_BYTES - 1) };
    let above_root = geometry.page_bytes(geometry.root()).max(1 << 28);
    [
        (0, 3 * large),
        (user_end - 3 * large, user_end),
        (kernel, kernel + 3 * large),
        (above_root - 2 * large, above_root + 2 * large),
        ((top & !(large - 1)) - 3 * large, top),
    ]
    .into_iter()
    .map(|(start, end)| VirtRange::new(VirtAddr::new(start), VirtAddr::new(end)).expect("ascending"))
    .collect()
}
