//! Contradictions are found also between boots, and nothing that is missing passes for order.

use serde_json::{Map, Value, json};

use super::{Graph, promised};

fn report(pairs: &[[&str; 2]]) -> Map<String, Value> {
    let mut classes: Vec<&str> = pairs.iter().flatten().copied().collect();
    classes.sort_unstable();
    classes.dedup();
    let classes: Vec<Value> =
        classes.iter().map(|name| json!({ "name": name, "level": "dispatch" })).collect();
    object(json!({ "locks": { "classes": classes, "edges": pairs, "left_out": 0 }, "bugcheck": null }))
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("no object") };
    map
}

fn graph(boots: &[&[[&str; 2]]]) -> Graph {
    let mut graph = Graph::default();
    for (number, pairs) in boots.iter().enumerate() {
        graph.add(&format!("boot {number}"), &report(pairs)).expect("a good report");
    }
    graph
}

#[test]
fn boots_that_agree_are_in_order() {
    let graph = graph(&[&[["a", "b"], ["b", "c"]], &[["a", "c"], ["a", "b"], ["b", "b"]]]);
    assert_eq!(graph.check(), Ok(()));
    assert_eq!(graph.to_string(), "3 classes of locks, 4 pairs, 2 boots");
}

#[test]
fn a_circle_that_no_boot_saw_alone_is_found_and_named() {
    let graph = graph(&[&[["a", "b"]], &[["b", "c"]], &[["c", "a"]]]);
    let found = graph.check().expect_err("a circle");
    assert!(found.contains("`b` is taken under `a` (boot 0)"), "{found}");
}

#[test]
fn the_document_must_know_each_class_and_have_the_same_order() {
    let seen = graph(&[&[["outer", "inner one"]]]);
    let page = "# Locks\n\n| # | class |\n|---|---|\n| 1 | `outer` | text |\n| 2 | `inner one` |\n\n`last`\n";
    assert_eq!(promised(page), ["outer", "inner one"]);
    assert_eq!(seen.compare(&promised(page)), Ok(()));
    let other = ["inner one".to_owned(), "outer".to_owned()];
    assert!(seen.compare(&other).is_err_and(|text| text.contains("the other way round")));
    assert!(seen.compare(&other[..1]).is_err_and(|text| text.contains("does not know the lock `outer`")));
}

#[test]
fn a_list_that_is_missing_empty_or_cut_short_is_no_order() {
    let good = report(&[["a", "b"]]);
    let cases = [
        ("no list", json!({ "locks": null })),
        ("no classes", json!({ "locks": { "edges": [["a", "b"]], "left_out": 0 } })),
        ("nothing seen", json!({ "locks": { "classes": [], "edges": [], "left_out": 0 } })),
        ("half a pair", json!({ "locks": { "classes": [], "edges": [["a"]], "left_out": 0 } })),
        ("left out", json!({ "locks": { "classes": [], "edges": [["a", "b"]], "left_out": 1 } })),
        ("no count", json!({ "locks": { "classes": [], "edges": [["a", "b"]] } })),
    ];
    for (what, wrong) in cases {
        assert!(Graph::default().add("boot", &object(wrong)).is_err(), "{what}");
    }
    assert_eq!(Graph::default().add("boot", &good), Ok(()));
}

#[test]
fn a_boot_that_was_stopped_has_no_list_to_give() {
    let mut graph = Graph::default();
    let stopped = object(json!({ "locks": null, "bugcheck": { "code": 196 } }));
    assert_eq!(graph.add("boot", &stopped), Ok(()));
    assert_eq!(graph, Graph::default());
}
