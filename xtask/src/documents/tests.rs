//! Each check is shown what it must refuse and what it must let pass.

use super::{Fault, Page, Pages, builds, commands, links, parameters, readmes, resolve, summary};

fn pages(all: &[(&str, &str)]) -> Pages {
    all.iter().map(|(path, text)| ((*path).to_owned(), Page::parse(path, text))).collect()
}

fn lines(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

fn link_faults(text: &str) -> Vec<String> {
    let all = pages(&[
        ("docs/one.md", text),
        ("docs/two.md", "# Two words: *and* `code`\n\n## Twice\n\n## Twice\n"),
    ]);
    lines(&links::check(&all["docs/one.md"], &all, &|path| path == "libs/x.rs" || all.contains_key(path)))
}

#[test]
fn links_to_pages_anchors_files_and_other_sites_pass() {
    let text = "# Here\n[a](two.md) [b](two.md#two-words-and-code) [c](two.md#twice-1) [d](#here) [e](../libs/x.rs) \
                [f](https://example.org/nothing) [g](mailto:someone@example.org)\n";
    assert_eq!(link_faults(text), [] as [String; 0]);
}

#[test]
fn links_that_lead_nowhere_are_faults() {
    assert_eq!(link_faults("\n[a](three.md)\n"), ["docs/one.md:2: the link `three.md` leads to no file"]);
    assert_eq!(link_faults("![a](x.png)"), ["docs/one.md:1: the link `x.png` leads to no file"]);
    assert_eq!(
        link_faults("[a](../../x.md)"),
        ["docs/one.md:1: the link `../../x.md` leads out of the repository"]
    );
    assert_eq!(
        link_faults("[a](two.md#twice-2)"),
        ["docs/one.md:1: the link `two.md#twice-2` names a heading that is not there"]
    );
    assert_eq!(link_faults("[a](../libs)"), ["docs/one.md:1: the link `../libs` leads to no file"]);
}

#[test]
fn what_looks_like_a_link_in_code_is_none() {
    assert_eq!(link_faults("`[a](three.md)`\n\n```text\n[b](three.md)\n```\n"), [] as [String; 0]);
}

#[test]
fn an_included_file_is_there_and_has_no_links_that_would_move() {
    assert_eq!(link_faults("{{#include ../libs/x.rs}}"), [] as [String; 0]);
    assert_eq!(link_faults("{{#include two.md}}"), [] as [String; 0]);
    assert_eq!(
        link_faults("{{#include ../libs/y.rs}}"),
        ["docs/one.md:1: `../libs/y.rs` is included and not there"]
    );
    let all = pages(&[("docs/one.md", "{{#include ../README.md}}"), ("README.md", "[a](docs/one.md)")]);
    let faults = links::check(&all["docs/one.md"], &all, &|path| all.contains_key(path));
    assert_eq!(lines(&faults), ["docs/one.md:1: `../README.md` is included and has relative links"]);
}

#[test]
fn paths_are_resolved_from_the_folder_of_the_page() {
    assert_eq!(resolve("docs/adr/a.md", "../b.md#c").as_deref(), Some("docs/b.md"));
    assert_eq!(resolve("README.md", "./docs/x.md").as_deref(), Some("docs/x.md"));
    assert_eq!(resolve("README.md", "../x.md"), None);
    assert_eq!(resolve("README.md", "/etc/passwd"), None);
}

#[test]
fn the_table_of_contents_names_every_page_once() {
    let contents = "# Summary\n\n- [One](one.md)\n- [Again](one.md)\n";
    let all = pages(&[
        ("docs/SUMMARY.md", contents),
        ("docs/one.md", "{{#include ../shown.md}}"),
        ("docs/two.md", ""),
        ("shown.md", ""),
    ]);
    assert_eq!(
        lines(&summary::check(&all["docs/SUMMARY.md"], &all)),
        ["docs/SUMMARY.md:4: `one.md` is listed twice", "docs/two.md: docs/SUMMARY.md does not name it"]
    );
}

#[test]
fn commands_that_can_be_typed_pass() {
    let text = "Run `cargo xtask doctor`, see `cargo xtask --help`.\n\n    cargo xtask run --paging pml5 --exit     boots\n\
                \n```sh\ncargo xtask run --params \"EXIT STRESS=off\"\n```\n";
    assert_eq!(lines(&commands::check(&Page::parse("x.md", text))), [] as [String; 0]);
}

#[test]
fn what_is_only_spoken_of_may_lack_arguments() {
    let check = |text| lines(&commands::check(&Page::parse("x.md", text)));
    assert_eq!(check("`cargo xtask`, or `cargo xtask image`"), [] as [String; 0]);
    assert!(check("    cargo xtask image\n")[0].contains("required arguments were not provided"));
}

#[test]
fn commands_and_options_that_do_not_exist_are_faults() {
    let text = "Run `cargo xtask fly`.\n\n    cargo xtask run --padding pml5\n\n`cargo xtask test boot --filter \"x`\n";
    let found = lines(&commands::check(&Page::parse("x.md", text)));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("x.md:1: `cargo xtask fly`: error: unrecognized subcommand"), "{found:?}");
    assert!(
        found[1].starts_with("x.md:3: `cargo xtask run --padding pml5`: error: unexpected argument"),
        "{found:?}"
    );
    assert!(found[2].contains("a quotation mark is missing"), "{found:?}");
}

#[test]
fn parameters_are_found_however_they_are_asked_for() {
    let source = "a.has(\"EXIT\") b.value(\"TIME\") number(\"MAXCPUS\") choose(parameters, \"CLOCK\", c) d.value(\"other\") \
                  e.get(\"NOT\")";
    assert_eq!(parameters::asked_in(source), ["TIME", "EXIT", "MAXCPUS", "CLOCK"]);
}

#[test]
fn a_parameter_without_a_row_and_a_row_without_a_parameter_are_faults() {
    let asked = ["EXIT".to_owned(), "TIME".to_owned()];
    let good = Page::parse("p.md", "| `EXIT` | ends |\n| `TIME=moment` | sets |\n");
    assert_eq!(lines(&parameters::check(&good, &asked)), [] as [String; 0]);
    let bad = Page::parse("p.md", "| `EXIT` | ends |\n| `EXIT` | again |\n| `WARP=n` | no |\n");
    assert_eq!(
        lines(&parameters::check(&bad, &asked)),
        [
            "p.md:2: `EXIT` has two rows",
            "p.md:3: nobody asks for `WARP`",
            "p.md: `TIME` is asked for and has no row"
        ]
    );
}

#[test]
fn paths_that_a_page_speaks_of_are_there() {
    let page = Page::parse("x.md", "`libs/x.rs`, `libs/y.rs`, `libs/*/src`, `a/b`\n\n`docs/`\n");
    let found = links::check_paths(&page, &|path| path == "libs/x.rs" || path == "docs/");
    assert_eq!(lines(&found), ["x.md:1: there is no `libs/y.rs`"]);
}

#[test]
fn the_first_page_of_a_library_says_how_much_of_it_is_unsafe() {
    assert_eq!(readmes::library("libs/xtmm/README.md"), Some("xtmm"));
    assert_eq!(readmes::library("libs/xtrtl/tests/data/README.md"), None);
    let safe = Page::parse("libs/a/README.md", "No `unsafe`. Rust 1.95 or later.");
    let none = ["#![no_std]".to_owned()];
    let one = ["#![allow(\n    unsafe_code,\n    reason = \"r\"\n)]".to_owned(), String::new()];
    assert_eq!(lines(&readmes::check(&safe, &none, "1.95")), [] as [String; 0]);
    assert_eq!(
        lines(&readmes::check(&safe, &one, "1.96")),
        [
            "libs/a/README.md: does not say \"`unsafe` in 1 of its files\"",
            "libs/a/README.md: does not say \"Rust 1.96 or later\""
        ]
    );
}

#[test]
fn the_oldest_compiler_is_the_workspaces() {
    assert_eq!(readmes::rust_version("[workspace.package]\nrust-version = \"1.95\"\n").unwrap(), "1.95");
    assert!(readmes::rust_version("[workspace]\n").is_err());
}

#[test]
fn examples_and_tests_that_cargo_is_to_run_are_there() {
    let text = "`cargo test -p xta --test one`, `cargo test -p xtb --test one`\n\n    cargo run -p xta --example shown     shows\n    cargo doc -p xta\n\n\
                `cargo test -p xta --test two`\n\n```sh\ncargo run --release -p xta --example lost\n```\n";
    let is_file = |path: &str| {
        matches!(path, "libs/xta/tests/one/main.rs" | "boot/xtb/tests/one.rs" | "libs/xta/examples/shown.rs")
    };
    assert_eq!(
        lines(&builds::check(&Page::parse("x.md", text), &is_file)),
        [
            "x.md:6: `cargo test -p xta --test two`: there is no xta/tests/two.rs",
            "x.md:9: `cargo run --release -p xta --example lost`: there is no xta/examples/lost.rs"
        ]
    );
}
