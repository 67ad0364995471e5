//! The three forms, over every sample.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::text::{COLUMNS, Paint};
use super::{page, picture, text};
use crate::commands::map::class::Class;
use crate::commands::map::model::{Address, Kind, Picture, Region, Space, Span, Track};
use crate::commands::map::samples;
use crate::svg::Scheme;

const SCHEMES: [Scheme; 3] = [Scheme::Readers, Scheme::Light, Scheme::Dark];

/// A machine whose kernel was given names that no kernel has.
fn hostile() -> Picture {
    let span = Span::new(Address::new(0_u64), Address::new(0x1000_u64)).unwrap();
    let name = "</title><script>alert(\"1\")</script>&'\u{1b}[31m";
    let region = Region { name: name.to_owned(), class: Class::Other, span, note: name.to_owned() };
    let space = Space {
        kind: Kind::Physical,
        title: name.to_owned(),
        facts: vec![name.to_owned()],
        axis: span,
        tracks: vec![Track::new(name, vec![region])],
    };
    Picture { title: name.to_owned(), spaces: vec![space] }
}

/// The groups of regions of a picture.
fn regions<'a, 'i>(document: &'a Document<'i>) -> Vec<Node<'a, 'i>> {
    document.descendants().filter(|node| node.attribute("class") == Some("region")).collect()
}

#[test]
fn an_image_is_well_formed_in_every_scheme() {
    for sample in samples::all().into_iter().chain([hostile()]) {
        for scheme in SCHEMES {
            let svg = picture::draw(&sample, scheme);
            let document = Document::parse(&svg).unwrap();
            assert_eq!(document.root_element().tag_name().name(), "svg");
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "a number went wrong");
        }
    }
}

#[test]
fn every_region_is_in_the_image_with_its_place_and_its_name() {
    for sample in samples::all() {
        let svg = picture::draw(&sample, Scheme::Readers);
        let document = Document::parse(&svg).unwrap();
        let mut drawn: HashMap<(String, String), usize> = HashMap::new();
        for node in regions(&document) {
            let attribute = |name| node.attribute(name).unwrap().to_owned();
            *drawn.entry((attribute("data-name"), attribute("data-start"))).or_default() += 1;
            assert!(node.children().any(|child| child.tag_name().name() == "title"));
            assert!(node.children().any(|child| child.tag_name().name() == "rect"), "something to point at");
        }
        let mut expected: HashMap<(String, String), usize> = HashMap::new();
        for (_, region) in sample.spaces.iter().flat_map(Space::regions) {
            let key = (region.name.clone(), format!("{:#x}", region.span.start().get()));
            *expected.entry(key).or_default() += 1;
        }
        assert_eq!(drawn, expected);
    }
}

#[test]
fn the_blocks_of_a_track_never_overlap() {
    for sample in samples::all() {
        let svg = picture::draw(&Picture { spaces: sample.spaces[..1].to_vec(), ..sample }, Scheme::Light);
        let document = Document::parse(&svg).unwrap();
        let number = |node: &Node<'_, '_>, name| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let tints = document
            .descendants()
            .filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("tint ")));
        let boxes: Vec<[f64; 4]> =
            tints.map(|node| ["x", "y", "width", "height"].map(|name| number(&node, name))).collect();
        for (index, [x, y, width, height]) in boxes.iter().enumerate() {
            assert!(*width > 0.0 && *height > 0.0);
            for [x2, y2, width2, height2] in &boxes[index + 1..] {
                let beside = x + width <= x2 + 0.05 || x2 + width2 <= x + 0.05;
                let apart = y + height <= y2 + 0.05 || y2 + height2 <= y + 0.05;
                assert!(beside || apart, "{:?} {:?}", boxes[index], [x2, y2, width2, height2]);
            }
        }
    }
}

#[test]
fn everything_lies_inside_the_image() {
    for sample in samples::all() {
        let svg = picture::draw(&sample, Scheme::Light);
        let document = Document::parse(&svg).unwrap();
        let size = ["width", "height"]
            .map(|name| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap());
        for node in document.descendants().filter(|node| node.tag_name().name() == "rect") {
            let place =
                ["x", "width"].map(|name| node.attribute(name).unwrap_or("0").parse::<f64>().unwrap());
            assert!(place[0] >= 0.0 && place[0] + place[1] <= size[0] + 0.1, "{node:?}");
        }
    }
}

#[test]
fn names_are_escaped_wherever_they_stand() {
    let sample = hostile();
    for drawn in [picture::draw(&sample, Scheme::Dark), page::draw(&sample, Scheme::Dark)] {
        assert!(!drawn.contains("<script>alert"), "{drawn}");
        assert!(drawn.contains("&lt;script&gt;alert(&quot;1&quot;)"));
        assert!(!drawn.contains('\u{1b}'));
    }
    assert!(!text::draw(&sample, Paint::Plain).contains('\u{1b}'), "a terminal obeys what it is sent");
}

#[test]
fn image_and_page_fetch_nothing() {
    let sample = samples::machine();
    for drawn in [picture::draw(&sample, Scheme::Readers), page::draw(&sample, Scheme::Readers)] {
        let without_names = drawn.replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http:", "https:", "src=", "href=", "@import", "fetch(", "url(//"] {
            assert!(!without_names.contains(foreign), "{foreign}");
        }
    }
}

#[test]
fn the_page_holds_what_its_script_searches() {
    let sample = samples::machine();
    let page = page::draw(&sample, Scheme::Readers);
    for (_, region) in sample.spaces.iter().flat_map(Space::regions) {
        let data = format!(
            "data-start=\"{:#x}\" data-end=\"{:#x}\"",
            region.span.start().get(),
            region.span.end().get()
        );
        assert!(page.contains(&data), "{region:?}");
        assert!(page.contains(&format!("data-name=\"{}\"", region.name)));
    }
    for id in ["search", "found", "told"] {
        assert!(
            page.contains(&format!("id=\"{id}\"")) && page.contains(&format!("getElementById(\"{id}\")"))
        );
    }
}

#[test]
fn a_fixed_scheme_does_not_ask_the_reader() {
    let sample = samples::machine();
    for draw in [picture::draw, page::draw] {
        assert!(draw(&sample, Scheme::Readers).contains("prefers-color-scheme"));
        assert!(!draw(&sample, Scheme::Light).contains("prefers-color-scheme"));
        assert!(!draw(&sample, Scheme::Dark).contains("prefers-color-scheme"));
    }
}

#[test]
fn text_fits_eighty_columns_and_names_every_region() {
    for sample in samples::all() {
        let text = text::draw(&sample, Paint::Plain);
        for line in text.lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
        for (_, region) in sample.spaces.iter().flat_map(Space::regions) {
            let start = region.span.start().to_string();
            let beginning: String = region.name.chars().take(6).collect();
            let found = text.lines().any(|line| line.contains(&start) && line.contains(beginning.as_str()));
            assert!(found, "{region:?}\n{text}");
        }
    }
}

#[test]
fn colours_add_nothing_but_colours() {
    for sample in samples::all() {
        let coloured = text::draw(&sample, Paint::Coloured);
        assert!(coloured.contains("\u{1b}[38;5;"));
        let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        let bare = console::strip_ansi_codes(&coloured).into_owned();
        assert_eq!(lines(&bare), lines(&text::draw(&sample, Paint::Plain)));
    }
}
