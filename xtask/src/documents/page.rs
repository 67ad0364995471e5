//! What a page in Markdown refers to, and what can be referred to in it.

use std::collections::BTreeSet;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// How a command of ours begins.
const COMMAND: &str = "cargo xtask";

/// How every command of cargo's begins.
const CARGO: &str = "cargo";

/// The directive by which the book shows a file.
const INCLUDE: &str = "{{#include ";

/// How the path of a file or a folder in the checkout begins.
const FOLDERS: [&str; 8] = ["boot/", "kernel/", "libs/", "testing/", "xtask/", "docs/", "fuzz/", "benches/"];

/// Something that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// As it is written.
    pub(crate) target: String,
    /// The line, the first is 1.
    pub(crate) line: usize,
}

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    path: String,
    text: String,
    links: Vec<Reference>,
    includes: Vec<Reference>,
    commands: Vec<Reference>,
    mentions: Vec<Reference>,
    builds: Vec<Reference>,
    paths: Vec<Reference>,
    anchors: BTreeSet<String>,
}

impl Page {
    /// Reads the page `text`, which lies at `path` in the checkout.
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let mut page = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            links: Vec::new(),
            includes: includes(text),
            commands: Vec::new(),
            mentions: Vec::new(),
            builds: Vec::new(),
            paths: Vec::new(),
            anchors: BTreeSet::new(),
        };
        let mut heading: Option<String> = None;
        let mut is_in_block = false;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text.get(..range.start).map_or(1, |before| before.matches('\n').count() + 1);
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(Reference { target: dest_url.into_string(), line });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_))) => {
                    is_in_block = true;
                }
                Event::End(TagEnd::CodeBlock) => is_in_block = false,
                Event::Text(words) => {
                    if is_in_block {
                        let lines = (line..).zip(words.lines());
                        for (line, text) in lines {
                            page.commands.extend(command(COMMAND, text, line));
                            page.builds.extend(command(CARGO, text, line));
                        }
                    }
                    heading.iter_mut().for_each(|heading| heading.push_str(&words));
                }
                Event::Code(words) => {
                    page.mentions.extend(command(COMMAND, &words, line));
                    page.builds.extend(command(CARGO, &words, line));
                    if is_path(&words) {
                        page.paths.push(Reference { target: words.to_string(), line });
                    }
                    heading.iter_mut().for_each(|heading| heading.push_str(&words));
                }
                _ => {}
            }
        }
        page
    }

    /// Where it lies in the checkout.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Links and pictures.
    pub(crate) fn links(&self) -> &[Reference] {
        &self.links
    }

    /// Files that the book shows in it.
    pub(crate) fn includes(&self) -> &[Reference] {
        &self.includes
    }

    /// Commands of ours in blocks of code: to be typed as they are.
    pub(super) fn commands(&self) -> &[Reference] {
        &self.commands
    }

    /// Commands of ours between words, which may leave out what they need.
    pub(super) fn mentions(&self) -> &[Reference] {
        &self.mentions
    }

    /// Commands of cargo's, in blocks of code and between words.
    pub(super) fn builds(&self) -> &[Reference] {
        &self.builds
    }

    /// Files and folders of the checkout that the page speaks of.
    pub(super) fn paths(&self) -> &[Reference] {
        &self.paths
    }

    /// Tells whether a heading of the page has this anchor.
    pub(super) fn has_anchor(&self, anchor: &str) -> bool {
        self.anchors.contains(anchor)
    }

    /// Headings of one name are numbered, as forges and the book do it.
    fn add_anchor(&mut self, heading: &str) {
        let anchor = anchor(heading);
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(numbered).find(|name| !self.anchors.contains(name));
        self.anchors.extend(free);
    }
}

/// The anchor of a heading: letters and digits in lower case, blanks as hyphens, the rest left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.map(|one| if one == ' ' { '-' } else { one }).flat_map(char::to_lowercase).collect()
}

fn includes(text: &str) -> Vec<Reference> {
    let found = text.lines().zip(1..).filter_map(|(words, line)| {
        let (target, _) = words.split_once(INCLUDE)?.1.split_once("}}")?;
        Some(Reference { target: target.trim().to_owned(), line })
    });
    found.collect()
}

/// Tells whether words in back quotes name a file or a folder of the checkout.
fn is_path(words: &str) -> bool {
    let is_whole =
        words.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '/' | '.' | '_' | '-'));
    is_whole && FOLDERS.iter().any(|folder| words.starts_with(folder))
}

/// The command in a line that begins so, without what is said about it behind two blanks.
fn command(beginning: &str, text: &str, line: usize) -> Option<Reference> {
    let text = text.trim();
    let rest = text.strip_prefix(beginning)?;
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let typed = text.split("  ").next().unwrap_or_default();
    Some(Reference { target: typed.to_owned(), line })
}
