//! Which examples are run, and when one of them prints something else.

use super::{Example, difference, find};

#[test]
fn examples_are_those_with_a_file_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let place = |path: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        file
    };
    place("one/Cargo.toml");
    place("one/examples/shown.rs");
    let expected = place("one/examples/shown.out");
    place("one/examples/speed.rs");
    place("two/Cargo.toml");
    place("three/notes.txt");
    let (examples, without) = find(folder.path()).unwrap();
    assert_eq!(examples, [Example { package: "one".to_owned(), name: "shown".to_owned(), expected }]);
    assert_eq!(without, ["two"]);
}

#[test]
fn the_first_line_that_differs_is_shown() {
    assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(difference("a\nb\n", "a\nc\n").unwrap(), "line 2:\n  wanted  b\n  printed c");
    assert_eq!(difference("a\n", "a\nb\n").unwrap(), "line 2:\n  wanted  nothing\n  printed b");
    assert_eq!(difference("a\nb\n", "a\n").unwrap(), "line 2:\n  wanted  b\n  printed nothing");
}
