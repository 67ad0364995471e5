//! The targets' names, and their seeds.

use super::names;

#[test]
fn each_target_has_seeds() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let targets = names(&manifest).expect("targets");
    assert!(targets.len() >= 11, "{targets:?}");
    for target in targets {
        let seeds = root.join("seeds").join(&target).read_dir().map(Iterator::count).unwrap_or_default();
        assert!(seeds > 0, "{target} has no seeds");
    }
}

#[test]
fn a_manifest_without_binaries_is_an_error() {
    assert!(names("[package]\nname = \"x\"\n").is_err());
    assert!(names("[[bin]]\npath = \"x\"\n").is_err());
}
