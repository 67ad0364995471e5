//! Rows come out of what tests and boots tell, and say so when they were told nothing.

use serde_json::json;

use super::gathered::Gathered;
use super::goals::{GOALS, MAPS, MODEL, Need, SOAK};
use super::suites::{about, sum, told};
use super::{Found, Row, Verdict, page, select};
use crate::test::Depth;

fn goal(id: &str) -> &'static super::Goal {
    GOALS.iter().find(|goal| goal.id == id).expect("a goal of this name")
}

fn found(id: &str, gathered: &Gathered) -> Found {
    goal(id).judge(gathered)
}

#[test]
fn lines_are_found_whatever_stands_before_them() {
    let output = "running 1 test\ntest a ... XTOS-EVIDENCE {\"what\":\"a\",\"count\":3}\nXTOS-EVIDENCE {\"what\":\"b\"}\nok\n";
    let told = told(output).expect("two objects");
    assert_eq!((told.len(), about(&told, "b").count(), sum(&told, "a", "count")), (2, 1, 3));
    assert!(super::suites::told("XTOS-EVIDENCE {").is_err());
}

#[test]
fn names_of_goals_are_unique_and_unknown_ones_are_refused() {
    let mut ids: Vec<&str> = GOALS.iter().map(|goal| goal.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), GOALS.len());
    assert_eq!(select(&[]).expect("all").len(), GOALS.len());
    assert_eq!(select(&["r5".to_owned()]).expect("one").len(), 1);
    let error = select(&["R99".to_owned()]).expect_err("there is none");
    assert!(error.to_string().contains("R99") && error.to_string().contains("R15"), "{error}");
}

#[test]
fn every_requirement_for_reliability_has_a_row_and_needs_something() {
    for number in 1..=15 {
        assert!(!goal(&format!("R{number}")).needs.is_empty());
    }
    assert!(GOALS.iter().all(|goal| !goal.needs.is_empty()));
}

#[test]
fn without_anything_run_no_row_claims_anything() {
    let nothing = Gathered::nothing(Depth::Usual);
    for goal in GOALS {
        let found = goal.judge(&nothing);
        assert!(matches!(found.verdict, Verdict::NotRun(_)), "{}: {found:?}", goal.id);
    }
}

#[test]
fn a_count_below_the_size_of_a_release_holds_so_far_and_falls_short_in_a_release() {
    let maps = |count: u64| vec![json!({ "what": "random maps", "count": count })];
    let verdict =
        |depth, count| found("R1", &Gathered::nothing(depth).with_suite(MAPS, Ok(maps(count)))).verdict;
    assert!(matches!(verdict(Depth::Usual, 100_000), Verdict::Smaller(_)));
    assert!(matches!(verdict(Depth::Full, 100_000), Verdict::Short(_)));
    assert_eq!(verdict(Depth::Full, 10_000_000), Verdict::Reached);
}

#[test]
fn the_mode_that_was_tried_least_counts() {
    let told = ["pml2", "pml3"]
        .iter()
        .zip([7_u64, 5])
        .map(|(mode, count)| json!({ "what": "page-table actions", "mode": mode, "count": count }));
    let gathered = Gathered::nothing(Depth::Usual).with_suite(MODEL, Ok(told.collect()));
    assert!(found("R5", &gathered).figure.starts_with("5 actions in each of 2 modes"));
}

#[test]
fn what_failed_is_told_in_its_row_and_nowhere_else() {
    let gathered = Gathered::nothing(Depth::Usual)
        .with_suite(SOAK, Err("the footprint grows".to_owned()))
        .with_suite(MAPS, Ok(vec![json!({ "what": "random maps", "count": 100_000 })]));
    assert_eq!(found("R13", &gathered).verdict, Verdict::NotRun("the footprint grows".to_owned()));
    assert!(matches!(found("R1", &gathered).verdict, Verdict::Smaller(_)));
}

#[test]
fn the_page_has_a_row_and_a_command_for_each_goal() {
    let gathered = Gathered::nothing(Depth::Usual);
    let rows: Vec<Row> = GOALS.iter().map(|goal| Row { goal, found: goal.judge(&gathered) }).collect();
    let text = page::page(&rows, &gathered, Depth::Usual);
    for goal in GOALS {
        assert!(text.contains(&format!("| {} | {}", goal.id, goal.what)), "{}", goal.id);
        assert!(text.contains(&format!("`cargo xtask evidence --only {}`", goal.id)), "{}", goal.id);
    }
    let columns = |line: &&str| line.matches(" | ").count();
    let table: Vec<&str> = page::table(&rows).leak().lines().collect();
    assert!(table.iter().skip(2).all(|line| columns(line) == 4), "{table:#?}");
    let data: serde_json::Value =
        serde_json::from_str(&page::data(&rows, Depth::Full).expect("JSON")).expect("JSON");
    assert_eq!(data["rows"].as_array().map(Vec::len), Some(GOALS.len()));
    assert!(data["rows"][0]["repeat"].as_str().is_some_and(|command| command.ends_with("--full")));
}

#[test]
fn suites_name_packages_and_tests_that_are_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for suite in GOALS.iter().flat_map(|goal| goal.needs).filter_map(|need| match need {
        Need::Tests(suite) => Some(suite),
        _ => None,
    }) {
        let places = ["libs", "boot"].map(|folder| root.join(folder).join(suite.package).join("tests"));
        let is_there = |place: &std::path::PathBuf| {
            place.join(format!("{}.rs", suite.target)).is_file() || place.join(suite.target).is_dir()
        };
        assert!(places.iter().any(is_there), "{}", suite.command());
    }
}
