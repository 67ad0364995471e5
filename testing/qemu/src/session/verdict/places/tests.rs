//! Places that are not those asked for are found.

use serde_json::json;
use xtcore::choice::Architecture;

use super::*;
use crate::guest::EspFiles;

/// Tells whether a boot with these parameters, that reports this, is complained about.
fn complains(parameters: &str, seed: Value, slide: u64, slot: u64) -> bool {
    let mut guest = Guest::new(Architecture::Amd64, EspFiles::new("l".into(), "k".into()), "w".into());
    guest.parameters = parameters.to_owned();
    let report = json!({ "paging": "pml4", "seed": seed, "slide": slide, "self_map_slot": slot });
    complaint(&guest, report.as_object().expect("an object")).is_some()
}

#[test]
fn random_is_what_everybody_gets_who_asks_for_nothing() {
    assert!(!complains("EXIT", json!("0x123456789abcdef0"), 0x10000, 0x155));
    // One seed in many leaves everything where it is.
    assert!(!complains("EXIT", json!("0x1"), 0, 0x1ED));
    assert!(complains("EXIT", json!(null), 0x10000, 0x155));
    assert!(complains("EXIT", json!("many"), 0x10000, 0x155));
}

#[test]
fn a_seed_is_the_one_asked_for_and_the_last_one_counts() {
    assert!(!complains("KASLRSEED=255", json!("0xff"), 0x10000, 0x155));
    assert!(!complains("kaslrseed=1 KASLRSEED=0xFF", json!("0xff"), 0x10000, 0x155));
    assert!(complains("KASLRSEED=0xFF KASLRSEED=1", json!("0xff"), 0x10000, 0x155));
    assert!(complains("KASLRSEED=1", json!(null), 0x10000, 0x155));
}

#[test]
fn nokaslr_means_the_standard_places() {
    for parameters in ["NOKASLR", "KASLRSEED=7 nokaslr"] {
        assert!(!complains(parameters, json!(null), 0, 0x1ED));
        assert!(complains(parameters, json!("0x7"), 0, 0x1ED));
        assert!(complains(parameters, json!(null), 0x10000, 0x1ED));
        assert!(complains(parameters, json!(null), 0, 0x155));
    }
}

#[test]
fn a_report_that_says_nothing_is_a_complaint() {
    let guest = Guest::new(Architecture::I686, EspFiles::new("l".into(), "k".into()), "w".into());
    assert!(complaint(&guest, &Map::new()).is_some());
}

#[test]
fn the_digest_is_that_of_the_file_on_the_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kernel = folder.path().join("kernel");
    std::fs::write(&kernel, "abc").expect("written");
    let guest = Guest::new(Architecture::Amd64, EspFiles::new("l".into(), kernel), "w".into());
    // FIPS 180-4, appendix B.1.
    let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (told, wrong) in [(json!(right), false), (json!(&right[1..]), true), (json!(null), true)] {
        let report = json!({ "seed": "0x1", "slide": 0, "self_map_slot": 0x155, "kernel_sha256": told });
        assert_eq!(complaint(&guest, report.as_object().expect("an object")).is_some(), wrong, "{told}");
    }
}
