//! The rows of a report, and the page.

use serde_json::{Map, Value};

use super::{Cell, Figures, MODES, PROCESSORS, Row, page, rows, starts};

/// A report with the rows that must be there, and one more.
fn report(first: &str) -> Map<String, Value> {
    let text = format!(
        r#"{{"bench":[{first},
            {{"name":"context switch, by yielding","count":200,"ticks":320000}},
            {{"name":"1 page, map, unmap and forget","count":1,"ticks":17}},
            {{"name":"2048 pages in runs, map, unmap and forget","count":1,"ticks":16000}},
            {{"name":"2048 pages one by one, map, unmap and forget","count":1,"ticks":32000}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

const FRAME: &str = r#"{"name":"frame, allocate and free","count":10,"ticks":6416}"#;

fn figures() -> Figures {
    let rows = rows(&report(FRAME)).unwrap();
    let of_mode = |mode| PROCESSORS.map(|processors| Cell { mode, processors });
    MODES.into_iter().flat_map(of_mode).map(|cell| (cell, rows.clone())).collect()
}

#[test]
fn ticks_become_instructions_and_are_never_rounded_in_our_favour() {
    let rows = rows(&report(FRAME)).unwrap();
    let each: Vec<u64> = rows.iter().map(Row::each).collect();
    assert_eq!(each, [41, 100, 2, 1000, 2000]);
}

#[test]
fn a_row_that_makes_no_sense_is_refused() {
    for row in
        [r#"{"name":"x","count":0,"ticks":1}"#, r#"{"count":1,"ticks":1}"#, r#"{"name":"x","count":1}"#]
    {
        assert!(rows(&report(row)).is_err(), "{row}");
    }
    assert!(rows(&Map::new()).is_err());
}

#[test]
fn a_row_that_the_page_is_about_must_be_there() {
    let error = rows(&report(r#"{"name":"something else","count":1,"ticks":1}"#)).unwrap_err();
    assert!(error.to_string().contains("frame, allocate and free"), "{error}");
}

#[test]
fn a_goal_that_is_missed_stands_out() {
    let text = page::files(&figures()).remove(0).1;
    assert!(
        text.contains("| frame, allocate and free | **41** | **41** | **41** | **41** | at most 40 |"),
        "{text}"
    );
    let reached = figures().into_iter().map(|(cell, mut rows)| {
        rows[0].instructions -= 1;
        (cell, rows)
    });
    let text = page::files(&reached.collect()).remove(0).1;
    assert!(text.contains("| frame, allocate and free | 40 | 40 | 40 | 40 | at most 40 |"), "{text}");
}

#[test]
fn each_number_of_processors_has_a_column_and_a_missing_boot_an_empty_cell() {
    let mut figures = figures();
    figures.retain(|(cell, _)| cell.processors != 4);
    let text = page::files(&figures).remove(0).1;
    assert!(
        text.contains("| 2048 pages in runs, map, unmap and forget, pml5 | 1000 | 1000 | | 1000 |"),
        "{text}"
    );
}

#[test]
fn a_mode_that_boots_with_one_processor_only_is_not_among_those_by_processors() {
    let mut figures = figures();
    figures.retain(|(cell, _)| starts(cell));
    let text = page::files(&figures).remove(0).1;
    let rows = |mode: &str| text.lines().filter(|line| line.ends_with("|") && line.contains(mode)).count();
    assert_eq!(
        (rows(", pml2 |"), rows(", pml3 |"), rows(", pml4 |"), rows(", pml5 |")),
        (0, 0, 4, 4),
        "{text}"
    );
    assert!(text.contains("| context switch, by yielding | 100 | 100 | 100 | 100 | |"), "{text}");
}

#[test]
fn every_plot_that_the_page_names_is_among_the_files() {
    let files = page::files(&figures());
    let text = &files[0].1;
    let named: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("![")?.split_once("](")?.1.strip_suffix(')'))
        .collect();
    assert_eq!(named.len(), 2);
    for name in named {
        let (_, plot) = files.iter().find(|(file, _)| *file == name).unwrap();
        assert!(plot.ends_with("</svg>\n"), "{name}");
    }
}
