//! Reports with one thing wrong.

use serde_json::{Map, Value, json};
use xtcore::choice::Architecture;

use super::complaint;
use crate::guest::{EspFiles, Guest};

fn guest(processors: u32, parameters: &str) -> Guest {
    let mut guest = Guest::new(Architecture::Amd64, EspFiles::new("l".into(), "k".into()), "w".into());
    guest.processors = processors;
    guest.parameters = parameters.to_owned();
    guest
}

fn report(cpus: u64) -> Map<String, Value> {
    let report = json!({
        "cpus": cpus,
        "delivery": { "delivered": 9, "deferred": 4, "spurious": 0, "unexpected": 0, "lost": 0, "complaints": 0 },
        "contexts": { "handovers": 2000, "wrong": 0 },
        "processors": { "wanted": cpus, "running": cpus, "silent": 0, "start_pages": 2, "wrong": 0 },
    });
    report.as_object().cloned().unwrap_or_default()
}

#[test]
fn all_processors_must_run_unless_a_parameter_limits_them() {
    assert_eq!(complaint(&guest(4, "STRESS=off"), &report(4)), None);
    assert!(complaint(&guest(4, "STRESS=off"), &report(3)).is_some_and(|text| text.contains('4')));
    assert_eq!(complaint(&guest(4, "maxcpus=3"), &report(3)), None);
    assert!(complaint(&guest(4, "MAXCPUS=3"), &report(4)).is_some());
    assert_eq!(complaint(&guest(4, "MAXCPUS=0"), &report(1)), None);
    assert_eq!(complaint(&guest(2, "MAXCPUS=64"), &report(2)), None);
}

#[test]
fn every_count_of_something_wrong_must_be_there_and_zero() {
    for (object, key) in [
        ("delivery", "lost"),
        ("delivery", "unexpected"),
        ("delivery", "complaints"),
        ("contexts", "wrong"),
        ("processors", "silent"),
        ("processors", "wrong"),
    ] {
        for wrong in [json!(1), Value::Null] {
            let mut report = report(1);
            report[object][key] = wrong;
            assert!(
                complaint(&guest(1, ""), &report).is_some_and(|text| text.contains(key)),
                "{object}.{key}"
            );
        }
    }
}

#[test]
fn a_check_that_has_shown_nothing_is_no_pass() {
    for (object, key) in [("delivery", "delivered"), ("delivery", "deferred"), ("contexts", "handovers")] {
        let mut report = report(1);
        report[object][key] = json!(0);
        assert!(complaint(&guest(1, ""), &report).is_some(), "{object}.{key}");
    }
}

#[test]
fn a_report_without_interrupts_is_no_pass() {
    let mut report = report(1);
    report["delivery"] = Value::Null;
    assert!(complaint(&guest(1, ""), &report).is_some());
}
