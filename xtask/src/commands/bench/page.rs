//! The pages: for each suite the goals, every figure, and plots.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use super::goals::{self, Suite, shown};
use super::plot::{Bars, Beside, Group, Line, Lines};
use super::results::Results;

/// How the figures came to be, for the reader of any of the pages.
const METHOD: &str = "\
Written by `cargo xtask bench`; a complete run on a quiet machine repeats it, and `--filter` shows a part of it. All
subjects live in one binary and take turns. The figures are CPU time of the thread, so being preempted does not count;
a cell is the median of the repeats, and in brackets stand the smallest and the largest. The tests gate nothing: what
counts are ratios within one run.
";

/// What is left out of a suite or must be known to read it.
const fn remarks(suite: Suite) -> &'static str {
    match suite {
        Suite::Frames => {
            "\
No memory stands behind the frames: only the allocators' own books are touched. xtmm's figures include what a kernel
does to stay on its processor; the peers are measured without a lock where one thread uses them, and behind a spin
lock. \"random\" replaces random ones of a quarter of all frames, \"burst\" frees 1024 random frames before it
allocates as many. LLFree, the fastest frame allocator that has been published, is not in the crate registry and so
not here. \"2 MiB\" of the array is one of its elements.
"
        }
        Suite::Pools => {
            "\
Every subject is called through `&dyn GlobalAlloc`, and every new block gets one word written; \"null\" allocates
nothing, so its figure is what the harness costs, and it is contained in all others. Sizes are mixed from 9 bytes to
4 KiB, half of them below 64. \"remote\" has two threads with 16 K blocks each, a quarter of which the other one
frees. \"footprint\" is resident memory per byte asked for, of 200,000 written blocks: after four random
replacements of all (\"steady\"), and after three quarters have been replaced by blocks of twice the size
(\"shifted\"). xtmm runs with tags, certain detection of double frees and canaries, as in a kernel by default.
"
        }
        Suite::Paging => {
            "\
131,072 pages in PML4, tables in a buffer that stands for physical memory, nothing to flush. x86_64 has no operation
on ranges: it maps page by page. xtpaging counts the pages of each table and frees empty ones; the peers do neither.
"
        }
    }
}

/// What is known about why goals are not reached.
const fn reasons(suite: Suite) -> Option<&'static str> {
    match suite {
        Suite::Frames => Some(include_str!("short/frames.txt")),
        Suite::Pools => Some(include_str!("short/pools.txt")),
        Suite::Paging => None,
    }
}

/// Returns the files of all pages, with their names.
pub(super) fn pages(results: &Results) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for suite in Suite::ALL {
        let plots = plots(results, suite);
        files.push((format!("{}.md", suite.name()), page(results, suite, &plots)));
        files.extend(plots.into_iter().map(|plot| (plot.file, plot.svg)));
    }
    files
}

/// A picture.
struct Plot {
    file: String,
    caption: &'static str,
    svg: String,
}

fn page(results: &Results, suite: Suite, plots: &[Plot]) -> String {
    let title = match suite {
        Suite::Frames => "Frame allocators",
        Suite::Pools => "Pools",
        Suite::Paging => "Page tables",
    };
    let mut text = format!("# {title} beside their peers\n\n{METHOD}\n{}", remarks(suite));
    for notice in results.notices.iter().filter(|notice| notice.contains(suite.name())) {
        let _ = writeln!(text, "\nNote: {notice}.");
    }
    text.push_str("\n## Goals\n\n| what | ours | beside | ratio | goal | |\n|---|---|---|---|---|---|\n");
    let judged = goals::judge(results, suite);
    for one in &judged {
        let verdict = one.verdict();
        let verdict = if one.is_reached() { verdict } else { format!("**{verdict}**") };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {} | {verdict} |",
            one.goal.what,
            one.ours,
            one.other,
            one.ratio,
            one.goal.demand(),
        );
    }
    let is_short = judged.iter().any(|one| !one.is_reached());
    if let Some(reasons) = reasons(suite).filter(|_| is_short) {
        let _ = write!(text, "\n## Where it is short, and why\n\n{reasons}");
    }
    for plot in plots {
        let _ = write!(text, "\n![{}]({})\n", plot.caption, plot.file);
    }
    text.push_str("\n## All figures\n\n");
    figures(&mut text, results, suite);
    text.push_str("\n## Where\n\n| | |\n|---|---|\n");
    for (name, value) in &results.environment {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text
}

/// Appends a table with one row a test and one column a subject.
fn figures(text: &mut String, results: &Results, suite: Suite) {
    let subjects = results.distinct(suite.name(), |series| &series.subject);
    let _ = writeln!(text, "| |{} |\n|---|{}", subjects.join(" | "), "---|".repeat(subjects.len()));
    for test in results.distinct(suite.name(), |series| &series.test) {
        let _ = write!(text, "| {} |", short(test));
        for subject in &subjects {
            match results.find(test, subject) {
                None => text.push_str(" |"),
                Some(series) => {
                    let (least, most) = series.spread();
                    let plain = |value| shown(value, "bytes/byte");
                    let median = shown(series.median(), &series.unit);
                    let _ = write!(text, " {median} ({}–{}) |", plain(least), plain(most));
                }
            }
        }
        text.push('\n');
    }
}

/// A test's name without its suite.
fn short(test: &str) -> &str {
    test.split_once('/').map_or(test, |(_, rest)| rest)
}

fn plots(results: &Results, suite: Suite) -> Vec<Plot> {
    match suite {
        Suite::Frames => vec![
            bars(results, suite, "frames.svg", "Time of an operation; × is the ratio to ours", |test| {
                !test.contains("random/") && !test.contains("set-up")
            }),
            lines(
                results,
                "frames-growth.svg",
                "Random free and allocation, by size of memory",
                "frames/random/",
                "ns",
            ),
            lines(results, "frames-set-up.svg", "Set-up, by size of memory", "frames/set-up/", "µs"),
        ],
        Suite::Pools => vec![
            bars(results, suite, "pools.svg", "Time of an operation; × is the ratio to ours", |test| {
                !test.contains("footprint")
            }),
            bars(
                results,
                suite,
                "pools-footprint.svg",
                "Memory per byte in use; × is the ratio to ours",
                |test| test.contains("footprint"),
            ),
        ],
        Suite::Paging => {
            vec![bars(results, suite, "paging.svg", "Time of an operation; × is the ratio to ours", |_| {
                true
            })]
        }
    }
}

fn bars(
    results: &Results,
    suite: Suite,
    file: &str,
    caption: &'static str,
    wanted: fn(&str) -> bool,
) -> Plot {
    let groups =
        results.distinct(suite.name(), |series| &series.test).into_iter().filter(|test| wanted(test));
    let groups = groups.map(|test| {
        let of_test = results.series.iter().filter(|series| series.test == test);
        let bars = of_test
            .map(|series| (series.subject.clone(), series.median(), shown(series.median(), &series.unit)));
        Group { name: short(test).to_owned(), bars: bars.collect() }
    });
    let svg = Bars { title: caption.to_owned(), beside: Beside::TheFirst, groups: groups.collect() }.svg();
    Plot { file: file.to_owned(), caption, svg }
}

fn lines(results: &Results, file: &str, caption: &'static str, tests: &str, unit: &str) -> Plot {
    let subjects = results.distinct(tests, |series| &series.subject);
    let lines = subjects.into_iter().map(|subject| {
        let of_subject = results.series.iter().filter(|series| series.subject == subject);
        let points = of_subject.filter_map(|series| {
            let size = series.test.strip_prefix(tests)?;
            Some((gib(size)?, size.to_owned(), series.median()))
        });
        Line { name: subject.to_owned(), points: points.collect() }
    });
    let svg = Lines { title: format!("{caption} ({unit})"), lines: lines.collect() }.svg();
    Plot { file: file.to_owned(), caption, svg }
}

/// A size such as `16GiB` or `12TiB`, in GiB.
fn gib(size: &str) -> Option<f64> {
    let number = |digits: &str| digits.parse::<f64>().ok();
    match (size.strip_suffix("GiB"), size.strip_suffix("TiB")) {
        (Some(digits), _) => number(digits),
        (_, Some(digits)) => Some(number(digits)? * 1024.0),
        _ => None,
    }
}

/// Returns the versions of the foreign packages that `xtbench` names in the lock file.
pub(super) fn versions_in(lock: &str) -> Result<BTreeMap<String, String>> {
    let lock: Table = lock.parse()?;
    let packages = lock.get("package").and_then(Value::as_array).context("it lists no packages")?;
    let text = |package: &Value, field: &str| package.get(field).and_then(Value::as_str).map(str::to_owned);
    let own = packages.iter().find(|package| text(package, "name").as_deref() == Some("xtbench"));
    let named = own.and_then(|own| own.get("dependencies")).and_then(Value::as_array);
    let named = named.context("xtbench is not in it")?;
    let mut versions = BTreeMap::new();
    for package in packages.iter().filter(|package| package.get("source").is_some()) {
        let (Some(name), Some(version)) = (text(package, "name"), text(package, "version")) else { continue };
        // Where two versions exist, the dependency is named with its version.
        let is_named = named
            .iter()
            .filter_map(Value::as_str)
            .any(|dependency| dependency == name || dependency == format!("{name} {version}"));
        if is_named {
            versions.insert(name, version);
        }
    }
    Ok(versions)
}
