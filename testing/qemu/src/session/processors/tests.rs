//! Reports with one thing wrong.

use serde_json::{Map, Value, json};
use xtcore::choice::Architecture;

use super::complaint;
use crate::guest::{Arrangement, EspFiles, Guest};

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
        "processors": {
            "wanted": cpus, "running": cpus, "silent": 0, "silent_apic_ids": [], "left_behind": 0,
            "start_pages": 2, "wrong": 0, "placed": cpus - 1, "misplaced": 0, "each": each(cpus, 1, 1),
        },
    });
    report.as_object().cloned().unwrap_or_default()
}

/// Processors that sit as they are arranged.
fn each(cpus: u64, sockets: u64, threads: u64) -> Vec<Value> {
    let seat = |cpu: u64| {
        let (package, core, thread) = (cpu * sockets / cpus, cpu / threads, cpu % threads);
        json!({ "cpu": cpu, "package": package, "core": core, "thread": thread, "apic_id": cpu, "ran": 1 })
    };
    (0..cpus).map(seat).collect()
}

#[test]
fn a_processor_is_silent_only_if_it_was_told_to_be() {
    let mut silent = report(2);
    silent["processors"]["silent"] = json!(1);
    silent["processors"]["silent_apic_ids"] = json!([1]);
    assert_eq!(complaint(&guest(3, "SILENT=1"), &silent), None);
    assert!(complaint(&guest(3, ""), &silent).is_some());
    assert!(complaint(&guest(3, "SILENT=3"), &silent).is_some(), "there is none of that number");
    assert!(complaint(&guest(3, "SILENT=1"), &report(3)).is_some(), "it answered nevertheless");
    for (key, value) in
        [("silent_apic_ids", json!([])), ("left_behind", json!(4)), ("left_behind", json!(null))]
    {
        let mut wrong = silent.clone();
        wrong["processors"][key] = value;
        assert!(complaint(&guest(3, "SILENT=1"), &wrong).is_some(), "{key}");
    }
}

#[test]
fn processors_sit_as_they_are_arranged() {
    let mut arranged = guest(8, "");
    arranged.arrangement = Arrangement { sockets: 2, threads: 2 };
    let mut good = report(8);
    good["processors"]["each"] = json!(each(8, 2, 2));
    assert_eq!(complaint(&arranged, &good), None);
    for (sockets, threads) in [(1, 2), (2, 1), (4, 2), (2, 4)] {
        let mut wrong = good.clone();
        wrong["processors"]["each"] = json!(each(8, sockets, threads));
        assert!(complaint(&arranged, &wrong).is_some(), "{sockets} packages, {threads} threads");
    }
    for (key, value) in [("ran", json!(0)), ("apic_id", json!(0)), ("cpu", json!(0)), ("core", json!(null))] {
        let mut wrong = good.clone();
        wrong["processors"]["each"][3][key] = value;
        assert!(complaint(&arranged, &wrong).is_some(), "{key}");
    }
    let mut wrong = good.clone();
    wrong["processors"]["placed"] = json!(6);
    assert!(complaint(&arranged, &wrong).is_some());
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
        ("processors", "left_behind"),
        ("processors", "wrong"),
        ("processors", "misplaced"),
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
