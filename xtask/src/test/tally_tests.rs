//! Result lines and exit statuses.

use std::time::Duration;

use anyhow::bail;

use super::{Finding, Tally, line};

#[test]
fn a_failure_decides_the_exit_status() {
    let tally = Tally::new(None);
    tally.step("one", || Ok(Finding::Pass(String::new())));
    tally.step("two", || Ok(Finding::Fail("broken".to_owned())));
    assert_eq!(tally.finish(), 1);
}

#[test]
fn an_error_is_a_failure() {
    let tally = Tally::new(None);
    tally.step("one", || Ok(Finding::Pass(String::new())));
    tally.step("two", || bail!("no such file"));
    assert_eq!(tally.finish(), 1);
}

#[test]
fn passes_and_skips_are_a_success_but_nothing_at_all_is_not() {
    let tally = Tally::new(None);
    tally.step("one", || Ok(Finding::Pass(String::new())));
    tally.step("two", || Ok(Finding::Skip("not here".to_owned())));
    assert_eq!(tally.finish(), 0);
    assert_eq!(Tally::new(None).finish(), 1);
}

#[test]
fn steps_that_were_not_asked_for_do_not_run() {
    let tally = Tally::new(Some("wanted".to_owned()));
    tally.step("other", || bail!("must not run"));
    tally.step("host/wanted", || Ok(Finding::Pass(String::new())));
    assert_eq!(tally.finish(), 0);
}

#[test]
fn steps_side_by_side_are_all_counted() {
    let tally = Tally::new(None);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| tally.step("one", || Ok(Finding::Pass(String::new()))));
        }
        scope.spawn(|| tally.step("another", || bail!("broken")));
    });
    let sum = tally.sum();
    assert_eq!((sum.passed, &sum.failed[..]), (4, &["another".to_owned()][..]));
}

#[test]
fn a_failure_shows_its_text_below_the_line() {
    let shown = line("a", Duration::from_millis(1500), &Finding::Fail("one\ntwo\n".to_owned()));
    assert!(shown.starts_with("FAIL  a "), "{shown}");
    assert!(shown.contains("1.5 s\n      one\n      two"), "{shown}");
}
