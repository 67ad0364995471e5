//! What a compiler says about itself, read.

use super::{Version, older};

#[test]
fn the_answer_of_a_compiler_is_read() {
    let version = Version::parse(
        "rustc 1.96.0 (ac68faa20 2026-05-25)\nbinary: rustc\ncommit-hash: ac68faa20c58\nhost: x86_64-unknown-linux-gnu\n\
         release: 1.96.0\nLLVM version: 22.1.8\n",
    )
    .unwrap();
    assert_eq!(version.release, "1.96.0");
    assert_eq!(version.commit, "ac68faa20c58");
    assert_eq!(version.host, "x86_64-unknown-linux-gnu");
    assert_eq!(version.llvm, "22");
}

#[test]
fn an_answer_without_a_release_is_an_error() {
    assert!(Version::parse("rustc 1.96.0\nhost: x86_64-unknown-linux-gnu").is_err());
}

#[test]
fn releases_compare_by_number() {
    assert!(older("1.63.0", "1.95"));
    assert!(older("1.85.0+dfsg3-1~deb12u3", "1.95"));
    assert!(older("1.9.0", "1.10"));
}

#[test]
fn an_equal_or_newer_release_is_not_older() {
    assert!(!older("1.95.0", "1.95"));
    assert!(!older("1.96.0+dfsg1-1~deb12u2", "1.95"));
    assert!(!older("2.0.0", "1.95"));
}
