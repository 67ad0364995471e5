//! What the host benchmark's lines become: verdicts, pages, plots.

use super::goals::{self, Suite, shown};
use super::page::{pages, versions_in};
use super::plot::{Bars, Beside, Group, Line, Lines};
use super::published;
use super::results::{Progress, Results};

/// Results with these medians.
fn results(figures: &[(&str, &str, f64)]) -> Results {
    let mut results = Results::default();
    for (test, subject, value) in figures {
        let unit = if test.contains("footprint") { "bytes/byte" } else { "ns" };
        let line = format!(
            r#"{{"kind":"samples","test":"{test}","subject":"{subject}","unit":"{unit}","samples":[{value}]}}"#
        );
        assert_eq!(results.take(&line).unwrap(), None);
    }
    results
}

fn verdicts(results: &Results, suite: Suite) -> Vec<(&'static str, String)> {
    goals::judge(results, suite).iter().map(|one| (one.goal.what, one.verdict())).collect()
}

#[test]
fn the_median_is_the_middle_whatever_the_order() {
    let mut results = Results::default();
    let line = |samples: &str| {
        format!(r#"{{"kind":"samples","test":"t","subject":"s","unit":"ns","samples":[{samples}]}}"#)
    };
    let median = |results: &Results| Some(results.find("t", "s")?.median());
    results.take(&line("9, 1, 2")).unwrap();
    assert_eq!(median(&results), Some(2.0));
    assert_eq!(results.find("t", "s").unwrap().spread(), (1.0, 9.0));
    let mut results = Results::default();
    results.take(&line("4, 1, 2, 100")).unwrap();
    assert_eq!(median(&results), Some(3.0));
    assert!(results.take(&line("")).is_err());
    assert!(results.take(&line("\"fast\"")).is_err());
}

#[test]
fn a_line_that_is_no_report_is_refused() {
    let mut results = Results::default();
    assert!(results.take("thread main panicked").is_err());
    assert!(results.take(r#"{"kind":"surprise"}"#).is_err());
    let line = r#"{"kind":"progress","done":3,"of":7,"what":"frames: xtmm"}"#;
    let progress = Progress { done: 3, of: 7, what: "frames: xtmm".to_owned() };
    assert_eq!(results.take(line).unwrap(), Some(progress));
}

#[test]
fn it_is_the_best_peer_that_counts() {
    let results = results(&[
        ("pools/pair-64", "xtmm", 5.0),
        ("pools/pair-64", "talc, locked", 20.0),
        ("pools/pair-64", "rlsf, locked", 15.0),
        ("pools/pair-64", "mimalloc", 5.0),
    ]);
    let judged = goals::judge(&results, Suite::Pools);
    assert_eq!(judged.len(), 2);
    assert!(judged[0].other.starts_with("rlsf"), "{judged:?}");
    assert!((judged[0].ratio - 3.0).abs() < 1e-9);
    assert!(judged.iter().all(goals::Judged::is_reached));
}

#[test]
fn what_falls_short_never_looks_as_if_it_did_not() {
    let just_short = results(&[("pools/pair-64", "xtmm", 1.0), ("pools/pair-64", "mimalloc", 0.899)]);
    assert_eq!(verdicts(&just_short, Suite::Pools)[0].1, "short by 1 %");
    let too_much = results(&[("pools/footprint-shifted", "xtmm", 1.5)]);
    assert_eq!(verdicts(&too_much, Suite::Pools)[0].1, "over by 25 %");
    let equal = results(&[("pools/footprint-shifted", "xtmm", 1.2)]);
    assert_eq!(verdicts(&equal, Suite::Pools)[0].1, "reached");
}

#[test]
fn growth_is_measured_against_our_own_smaller_test() {
    let results = results(&[
        ("frames/random/1GiB", "xtmm", 2.0),
        ("frames/random/64GiB", "xtmm", 17.0),
        ("frames/random/1GiB", "bitmap-allocator", 1.0),
    ]);
    let judged = goals::judge(&results, Suite::Frames);
    assert_eq!(judged.len(), 1);
    assert!((judged[0].ratio - 8.5).abs() < 1e-9);
    assert!(!judged[0].is_reached());
    assert_eq!(judged[0].other, "1GiB: 2.00 ns");
}

#[test]
fn goals_without_figures_are_left_out() {
    assert!(goals::judge(&results(&[("frames/lifo", "array", 1.0)]), Suite::Frames).is_empty());
}

#[test]
fn figures_have_three_digits() {
    assert_eq!(shown(0.4567, "ns"), "0.46 ns");
    assert_eq!(shown(45.67, "ns"), "45.7 ns");
    assert_eq!(shown(456.7, "us"), "457 µs");
    assert_eq!(shown(1.204, "bytes/byte"), "1.20");
}

#[test]
fn each_suite_has_a_page_with_its_figures_and_every_plot_it_names() {
    let results = results(&[
        ("frames/lifo", "xtmm", 1.0),
        ("frames/lifo", "array", 0.5),
        ("frames/random/1GiB", "xtmm", 2.0),
        ("frames/random/64GiB", "xtmm", 6.0),
        ("pools/footprint-shifted", "xtmm", 1.1),
        ("paging/map-range", "xtpaging", 0.3),
    ]);
    let pages = pages(&results);
    let text = |name: &str| &pages.iter().find(|(file, _)| file == name).unwrap().1;
    assert!(text("frames.md").contains("| lifo | 1.00 ns (1.00–1.00) | 0.50 ns (0.50–0.50) |"));
    assert!(
        text("frames.md")
            .contains("| the same, against an array | 1.00 ns | array: 0.50 ns | 2.00 | ≤ 2 | reached |")
    );
    let why = "\n\n## Where it is short, and why\n\n";
    assert!(!text("pools.md").contains(why), "it is not");
    let larger = self::pages(&self::results(&[("pools/footprint-shifted", "xtmm", 1.5)]));
    assert!(larger.iter().any(|(file, text)| file == "pools.md" && text.contains(why)));
    for suite in Suite::ALL {
        let page = text(&format!("{}.md", suite.name()));
        for named in page.lines().filter_map(|line| line.strip_prefix("![")?.split_once("](")) {
            assert!(text(named.1.trim_end_matches(')')).ends_with("</svg>\n"));
        }
    }
}

fn one_group(beside: Beside, bars: Vec<(String, f64, String)>) -> String {
    Bars { title: "t".to_owned(), beside, groups: vec![Group { name: "g".to_owned(), bars }] }.svg()
}

#[test]
fn rivals_are_told_by_their_ratio_to_the_first() {
    let bars: Vec<_> = [("ours", 2.0), ("theirs", 19.0), ("faster", 1.0)]
        .map(|(name, time)| (name.to_owned(), time, format!("{time} ns")))
        .into();
    let plot = one_group(Beside::TheFirst, bars.clone());
    assert!(
        plot.contains(">2 ns<") && plot.contains(">19 ns, ×9.50<") && plot.contains(">1 ns, ×0.50<"),
        "{plot}"
    );
    assert!(!one_group(Beside::Nothing, bars).contains(", ×"));
}

#[test]
fn the_names_of_lines_that_end_together_can_be_read() {
    let line = |name: &str, end: f64| Line {
        name: name.to_owned(),
        points: vec![(1.0, "1".to_owned(), 5.0), (8.0, "8".to_owned(), end)],
    };
    let lines = vec![line("upper", 900.0), line("lower", 5.0), line("twin", 5.0), line("other", 890.0)];
    let svg = Lines { title: "t".to_owned(), lines }.svg();
    let height = |name: &str| -> f64 {
        let (before, _) = svg.split_once(&format!(">{name}</text>")).unwrap();
        before.rsplit_once("y=\"").unwrap().1.trim_end_matches('"').parse().unwrap()
    };
    let mut heights = ["upper", "lower", "twin", "other"].map(height);
    assert!(heights[0] < heights[3] && heights[3] < heights[1], "each beside its line: {heights:?}");
    heights.sort_by(f64::total_cmp);
    assert!(heights.windows(2).all(|two| two[1] - two[0] >= 16.0), "{heights:?}");
    assert!(heights[3] < 390.0, "inside the picture");
}

#[test]
fn an_axis_ends_close_to_what_it_holds() {
    let bars = |most: f64| vec![("x".to_owned(), 1.1, String::new()), ("y".to_owned(), most, String::new())];
    let narrow = one_group(Beside::Nothing, bars(1.6));
    assert!(
        narrow.contains(">1</text>") && narrow.contains(">2</text>") && !narrow.contains(">5</text>"),
        "{narrow}"
    );
    let wide = one_group(Beside::Nothing, bars(3e6));
    assert!(
        wide.contains(">10k</text>") && wide.contains(">1M</text>") && !wide.contains(">2k</text>"),
        "{wide}"
    );
}

#[test]
fn a_plot_keeps_everything_inside_itself() {
    let point = |at: f64, height: f64| (at, format!("{at}"), height);
    let line = Line { name: "a < b".to_owned(), points: vec![point(1.0, 0.0), point(64.0, 1e9)] };
    let svg = Lines { title: "t".to_owned(), lines: vec![line] }.svg();
    assert!(svg.contains("a &lt; b"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let bars = vec![("x".to_owned(), 3.0, "3 ns".to_owned()), ("y".to_owned(), 0.0, "0 ns".to_owned())];
    let svg = one_group(Beside::Nothing, bars);
    assert!(svg.contains("3 ns") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let empty = Lines { title: "t".to_owned(), lines: Vec::new() }.svg();
    assert!(!empty.contains("NaN"), "{empty}");
}

#[test]
fn a_longer_bar_is_a_larger_figure() {
    let bars = vec![("x".to_owned(), 3.0, "3".to_owned()), ("y".to_owned(), 30.0, "30".to_owned())];
    let svg = one_group(Beside::Nothing, bars);
    let widths: Vec<f64> = svg
        .split("<rect class=\"f")
        .skip(1)
        .filter_map(|rest| rest.split_once("width=\"")?.1.split('"').next()?.parse().ok())
        .collect();
    assert!(matches!(widths.as_slice(), [short, long] if short < long), "{widths:?}");
}

#[test]
fn only_packages_that_the_benchmark_names_are_told_with_their_versions() {
    let lock = r#"
        [[package]]
        name = "xtbench"
        version = "0.0.0"
        dependencies = ["talc", "spin 0.10.0", "xtmm"]
        [[package]]
        name = "talc"
        version = "5.1.1"
        source = "registry"
        [[package]]
        name = "spin"
        version = "0.10.0"
        source = "registry"
        [[package]]
        name = "spin"
        version = "0.9.8"
        source = "registry"
        [[package]]
        name = "unnamed"
        version = "1.0.0"
        source = "registry"
        [[package]]
        name = "xtmm"
        version = "0.1.0"
    "#;
    let versions = versions_in(lock).unwrap();
    let versions: Vec<_> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    assert_eq!(versions, ["spin 0.10.0", "talc 5.1.1"]);
    assert!(versions_in("").is_err());
}

#[test]
fn published_goals_are_read_back_with_their_verdicts() {
    let page = "# Pools\n\n## Goals\n\n| what | ours | beside | ratio | goal | |\n|---|---|---|---|---|---|\n\
                | a | 1 ns | b: 2 ns | 2.00 | \u{2265} 1 | reached |\n| c | 1 ns | b: 2 ns | 2.00 | \u{2265} 3 | **short by 34 %** |\n\n\
                ## All figures\n\n| x | y |\n|---|---|\n| z | reached |\n";
    let found = published::judgements(page);
    let verdicts: Vec<(&str, &str)> =
        found.iter().map(|one| (one.what.as_str(), one.verdict.as_str())).collect();
    assert_eq!(verdicts, [("a", "reached"), ("c", "short by 34 %")]);
    assert_eq!(found.iter().filter(|one| one.is_reached()).count(), 1);
    assert!(published::judgements("# Pools\n").is_empty());
}
