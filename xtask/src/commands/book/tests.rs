//! What is copied for the book, and what its links are taken for.

use super::{built, stage};
use crate::documents::{Page, Pages};

fn pages() -> Pages {
    let all = [
        ("docs/SUMMARY.md", "# Summary\n\n[XTOS](../README.md)\n\n- [One](one.md)\n"),
        (
            "docs/one.md",
            "![p](pictures/p.png) [r](../README.md) {{#include ../libs/x.rs}} [s](https://example.org/x)",
        ),
        ("README.md", "[one](docs/one.md#top)"),
        ("docs/other.md", "[q](q.png)"),
    ];
    all.iter().map(|(path, text)| ((*path).to_owned(), Page::parse(path, text))).collect()
}

#[test]
fn the_book_consists_of_its_pages_and_of_what_they_show() {
    let pages = pages();
    let files = stage::files(&pages["docs/SUMMARY.md"], &pages).unwrap();
    assert!(files.iter().eq(["README.md", "docs/one.md", "docs/pictures/p.png", "libs/x.rs"]), "{files:?}");
}

#[test]
fn a_page_that_is_listed_and_not_there_is_an_error() {
    let mut pages = pages();
    pages.remove("docs/one.md");
    let error = stage::files(&pages["docs/SUMMARY.md"], &pages).unwrap_err();
    assert_eq!(error.to_string(), "docs/SUMMARY.md:5: there is no docs/one.md");
}

#[test]
fn the_contents_are_named_from_the_root() {
    let moved = stage::moved(&pages()["docs/SUMMARY.md"]);
    assert_eq!(moved, "# Summary\n\n[XTOS](README.md)\n\n- [One](docs/one.md)\n");
}

#[test]
fn links_to_other_sites_and_into_the_page_itself_are_not_followed() {
    let html = "<a href=\"one.html#top\"> <img src=\"p.png\"> <a href=\"https://example.org\"> <a href=\"#here\"> \
                <script src=\"/absolute.js\">";
    assert_eq!(built::targets(html), ["one.html", "p.png"]);
}

#[test]
fn a_dead_link_is_told_with_its_page() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("a.html"), "<a href=\"sub/b.html\">").unwrap();
    std::fs::write(folder.path().join("sub/b.html"), "<a href=\"../a.html\"> <a href=\"c.html\">").unwrap();
    let dead = built::dead_links(folder.path()).unwrap();
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert!(dead[0].ends_with("b.html: the link c.html leads nowhere"), "{dead:?}");
}
