//! The goals, and how far each is reached.

use super::results::Results;

/// Which page a goal stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suite {
    /// Frame allocators.
    Frames,
    /// Pools.
    Pools,
    /// Page tables.
    Paging,
}

impl Suite {
    /// All suites.
    pub(super) const ALL: [Self; 3] = [Self::Frames, Self::Pools, Self::Paging];

    /// Returns the beginning of its tests' names; also the name of its page.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Pools => "pools",
            Self::Paging => "paging",
        }
    }

    /// Returns the suite of a test.
    fn of(test: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| test.split('/').next() == Some(suite.name()))
    }

    /// Returns the name that our subject has in it.
    pub(super) const fn ours(self) -> &'static str {
        match self {
            Self::Frames | Self::Pools => "xtmm",
            Self::Paging => "xtpaging",
        }
    }
}

/// What is compared with what.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    /// The best of these peers takes at least so many times what we take.
    Ahead { peers: &'static [&'static str], at_least: f64 },
    /// We take at most so many times what another subject takes.
    Within { ours: &'static str, other: &'static str, at_most: f64 },
    /// We take at most so many times what we take in another test.
    Growth { from: &'static str, at_most: f64 },
    /// The figure itself is at most this.
    Value { at_most: f64 },
}

/// One goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Goal {
    /// What it is about, in words.
    pub(super) what: &'static str,
    /// The test.
    pub(super) test: &'static str,
    measure: Measure,
}

const fn ahead(
    what: &'static str,
    test: &'static str,
    peers: &'static [&'static str],
    at_least: f64,
) -> Goal {
    Goal { what, test, measure: Measure::Ahead { peers, at_least } }
}

const BITMAP: &str = "bitmap-allocator";
const BITMAP_LOCKED: &str = "bitmap-allocator, locked";
const BUDDY: &str = "buddy_system_allocator, locked";
const EVERY: &[&str] = &[BITMAP, BITMAP_LOCKED, BUDDY];
const LOCKED: &[&str] = &[BITMAP_LOCKED, BUDDY];
const KERNEL_HEAPS: &[&str] = &["talc, locked", "rlsf, locked"];
const MAPPERS: &[&str] = &["page_table_multiarch", "x86_64"];

/// All goals.
const GOALS: &[Goal] = &[
    ahead("one frame, allocated and freed", "frames/lifo", EVERY, 10.0),
    Goal {
        what: "the same, against an array",
        test: "frames/lifo",
        measure: Measure::Within { ours: "xtmm", other: "array", at_most: 2.0 },
    },
    ahead("random free and allocation, 16 GiB", "frames/random/16GiB", EVERY, 5.0),
    Goal {
        what: "the same, grown from 1 to 64 GiB",
        test: "frames/random/64GiB",
        measure: Measure::Growth { from: "frames/random/1GiB", at_most: 8.0 },
    },
    ahead("allocation of everything", "frames/bulk-allocate", &[BITMAP_LOCKED], 5.0),
    ahead("free of everything, shuffled", "frames/bulk-free-shuffled", &[BITMAP_LOCKED], 1.5),
    ahead("bursts of 1024", "frames/burst", &[BITMAP, BITMAP_LOCKED], 5.0),
    ahead("2 MiB, allocated and freed", "frames/large-pair", EVERY, 5.0),
    ahead("2 MiB, allocation of everything", "frames/large-bulk", EVERY, 5.0),
    ahead("two threads, random", "frames/two-threads-random", LOCKED, 10.0),
    ahead("one thread allocates, another frees", "frames/two-threads-transfer", LOCKED, 5.0),
    Goal {
        what: "set-up, 1 TiB against 16 GiB (PFN entries and records become resident with use)",
        test: "frames/set-up/1TiB",
        measure: Measure::Growth { from: "frames/set-up/16GiB", at_most: 1.2 },
    },
    Goal {
        what: "set-up, 12 TiB against 16 GiB (the same)",
        test: "frames/set-up/12TiB",
        measure: Measure::Growth { from: "frames/set-up/16GiB", at_most: 1.2 },
    },
    ahead("64 bytes, allocated and freed", "pools/pair-64", KERNEL_HEAPS, 3.0),
    ahead("the same", "pools/pair-64", &["mimalloc"], 0.9),
    ahead("churn of 16 K blocks", "pools/churn-16K", KERNEL_HEAPS, 2.0),
    ahead("the same", "pools/churn-16K", &["jemalloc"], 0.9),
    ahead("churn of 256 K blocks", "pools/churn-256K", KERNEL_HEAPS, 4.0),
    ahead("the same", "pools/churn-256K", &["jemalloc"], 1.1),
    ahead("a quarter freed on the other processor", "pools/remote-25", KERNEL_HEAPS, 2.5),
    ahead("the same", "pools/remote-25", &["jemalloc"], 0.9),
    Goal {
        what: "memory per byte in use, after a shift of sizes",
        test: "pools/footprint-shifted",
        measure: Measure::Value { at_most: 1.20 },
    },
    ahead("map 2048 pages", "paging/map-range", MAPPERS, 8.0),
    ahead("unmap 2048 pages", "paging/unmap-range", MAPPERS, 8.0),
    ahead("map one page, sequentially", "paging/map-single", MAPPERS, 2.5),
    ahead("translate, random", "paging/translate-random", MAPPERS, 1.0),
    Goal {
        what: "mode known at run time, against a constant",
        test: "paging/dispatch",
        measure: Measure::Within { ours: "run-time mode", other: "constant mode", at_most: 1.05 },
    },
];

/// How far a goal is reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// The goal.
    pub(super) goal: &'static Goal,
    /// Our figure, with its unit.
    pub(super) ours: String,
    /// What it is compared with, in words.
    pub(super) other: String,
    /// The ratio that counts.
    pub(super) ratio: f64,
}

impl Judged {
    /// Tells whether the goal is reached.
    pub(super) fn is_reached(&self) -> bool {
        match self.goal.measure {
            Measure::Ahead { at_least, .. } => self.ratio >= at_least,
            _ => self.ratio <= self.goal.limit(),
        }
    }

    /// Returns "reached", or how much is missing.
    pub(super) fn verdict(&self) -> String {
        if self.is_reached() {
            return "reached".to_owned();
        }
        let part = self.ratio / self.goal.limit();
        // Rounded away from zero: what falls short must not look as if it did not.
        let missing = ((1.0 - part).abs() * 100.0).ceil();
        let word = if part < 1.0 { "short" } else { "over" };
        format!("{word} by {missing:.0} %")
    }
}

impl Goal {
    /// Returns the number that the goal names.
    const fn limit(&self) -> f64 {
        match self.measure {
            Measure::Ahead { at_least, .. } => at_least,
            Measure::Within { at_most, .. }
            | Measure::Growth { at_most, .. }
            | Measure::Value { at_most } => at_most,
        }
    }

    /// Returns the goal as the table shows it.
    pub(super) fn demand(&self) -> String {
        match self.measure {
            Measure::Ahead { at_least, .. } => format!("≥ {at_least}"),
            _ => format!("≤ {}", self.limit()),
        }
    }

    /// Compares. Returns `None` when a figure was not measured.
    fn judge(&'static self, results: &Results) -> Option<Judged> {
        let suite = Suite::of(self.test)?;
        let figure = |test: &str, subject: &str| {
            let series = results.find(test, subject)?;
            Some((series.median(), shown(series.median(), &series.unit)))
        };
        let (ours, other, ratio) = match self.measure {
            Measure::Ahead { peers, .. } => {
                let (value, text) = figure(self.test, suite.ours())?;
                let measured = peers.iter().filter_map(|peer| Some((*peer, figure(self.test, peer)?)));
                let (peer, (best, its)) = measured.min_by(|one, other| one.1.0.total_cmp(&other.1.0))?;
                (text, format!("{peer}: {its}"), best / value)
            }
            Measure::Within { ours, other, .. } => {
                let ((value, text), (base, its)) = (figure(self.test, ours)?, figure(self.test, other)?);
                (text, format!("{other}: {its}"), value / base)
            }
            Measure::Growth { from, .. } => {
                let ((value, text), (base, its)) =
                    (figure(self.test, suite.ours())?, figure(from, suite.ours())?);
                let size = from.rsplit('/').next().unwrap_or(from);
                (text, format!("{size}: {its}"), value / base)
            }
            Measure::Value { .. } => {
                let (value, text) = figure(self.test, suite.ours())?;
                (text, String::new(), value)
            }
        };
        Some(Judged { goal: self, ours, other, ratio })
    }
}

/// Returns the goals of a suite whose figures were measured.
pub(super) fn judge(results: &Results, suite: Suite) -> Vec<Judged> {
    let goals = GOALS.iter().filter(|goal| Suite::of(goal.test) == Some(suite));
    goals.filter_map(|goal| goal.judge(results)).collect()
}

/// A figure with its unit, to three digits.
pub(super) fn shown(value: f64, unit: &str) -> String {
    let unit = match unit {
        "bytes/byte" => "",
        "us" => " µs",
        _ => " ns",
    };
    let digits = match value {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}
