//! What is wanted of a library before it is packed.

use serde_json::json;

use super::{faults, typed_line};

#[test]
fn a_library_with_everything_has_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        std::fs::write(folder.path().join(file), "text").unwrap();
    }
    let package = json!({
        "name": "xtgood", "description": "d", "license": "MIT", "readme": "README.md", "rust_version": "1.95",
        "keywords": ["kernel"], "categories": ["no-std"], "manifest_path": folder.path().join("Cargo.toml"),
    });
    assert_eq!(faults(&package), [] as [String; 0]);
}

#[test]
fn everything_that_is_missing_is_told() {
    let package = json!({
        "name": "xtbad", "description": "", "license": null, "readme": "README.md", "rust_version": "1.95",
        "keywords": ["a", "b", "c", "d", "e", "f", "much-too-long-a-keyword-for-a-registry"], "categories": [],
        "manifest_path": "/nowhere/Cargo.toml",
    });
    let found = faults(&package);
    let wanted = [
        "xtbad has no description",
        "xtbad has no license",
        "xtbad has 7 keywords, 1 to 5 are taken",
        "xtbad has the keyword much-too-long-a-keyword-for-a-registry, which is longer than 20 characters",
        "xtbad has 0 categories, 1 to 5 are taken",
        "xtbad has no README.md in its folder",
        "xtbad has no LICENSE-APACHE in its folder",
        "xtbad has no LICENSE-MIT in its folder",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn the_line_to_type_names_all_of_them() {
    assert_eq!(typed_line(&[json!({"name": "a"}), json!({"name": "b"})]), "cargo publish -p a -p b");
}
