//! Scale, rows and lenses, over every sample.

use super::lanes;
use super::lens::{self, Bar, Target};
use super::rows::{Content, Rows};
use crate::commands::map::class::Class;
use crate::commands::map::model::{Address, Region, Space, Span, Track};
use crate::commands::map::samples;

fn spaces() -> Vec<Space> {
    samples::all().into_iter().flat_map(|picture| picture.spaces).collect()
}

fn span(start: u64, end: u64) -> Span {
    Span::new(Address::new(start), Address::new(end)).unwrap()
}

fn region(name: &str, start: u64, end: u64) -> Region {
    Region { name: name.to_owned(), class: Class::Other, span: span(start, end), note: String::new() }
}

#[test]
fn rows_follow_each_other_and_cover_the_whole_space() {
    for space in spaces() {
        let rows = Rows::of(&space);
        let all = rows.all();
        assert_eq!(all.first().unwrap().span.start(), space.axis.start());
        assert_eq!(all.last().unwrap().span.end(), space.axis.end());
        for two in all.windows(2) {
            assert_eq!(two[0].span.end(), two[1].span.start(), "no address is lost");
            assert!(two[0].top + two[0].height <= two[1].top + 1e-9, "rows overlap");
        }
        assert!(all.iter().all(|row| row.height >= 12.0), "a row can be read");
    }
}

#[test]
fn every_region_has_exactly_the_rows_of_its_bytes() {
    for space in spaces() {
        let rows = Rows::of(&space);
        for (_, region) in space.regions() {
            let covered = rows.of_region(region);
            assert!(!covered.is_empty(), "{region:?}");
            assert_eq!(rows.get(covered.start).unwrap().span.start(), region.span.start());
            assert_eq!(rows.get(covered.end - 1).unwrap().span.end(), region.span.end());
        }
    }
}

#[test]
fn a_bar_is_monotone_and_maps_its_ends_to_its_ends() {
    for space in spaces() {
        let rows = Rows::of(&space);
        for bar in lens::bars(space.axis, &rows) {
            let [top, bottom] = bar.extent;
            assert!(top < bottom);
            assert!((bar.at(bar.span.start()) - top).abs() < 1e-6);
            assert!((bar.at(bar.span.end()) - bottom).abs() < 1e-6);
            let mut last = top;
            for row in rows.all() {
                let here = bar.at(row.span.start());
                assert!((last..=bottom).contains(&here), "{here} after {last}");
                last = here;
            }
        }
    }
}

#[test]
fn half_of_the_bytes_take_half_of_a_bar() {
    let bar = Bar {
        column: 0,
        span: Span::new(Address::new(1_u128 << 63), Address::END).unwrap(),
        extent: [10.0, 110.0],
        enlarges: 1.0,
        links: Vec::new(),
    };
    let middle = bar.at(Address::new(3_u128 << 62));
    assert!((middle - 60.0).abs() < 1e-9, "{middle}");
    assert!((bar.at(Address::new(7_u64)) - 10.0).abs() < 1e-9, "what lies outside is drawn at the end");
}

#[test]
fn a_lens_enlarges_and_lies_beside_the_rows_that_it_explains() {
    for space in spaces() {
        let rows = Rows::of(&space);
        let bars = lens::bars(space.axis, &rows);
        for bar in &bars {
            for link in bar.links.iter().filter(|link| link.to == Target::Lens) {
                let lens = bars.iter().find(|lens| lens.column == bar.column + 1 && lens.span == link.span);
                let lens = lens.expect("a link to a lens has one");
                assert_eq!(lens.extent, rows.extent(&link.rows));
                assert!(lens.enlarges > bar.enlarges);
            }
        }
    }
}

#[test]
fn links_never_cross() {
    for space in spaces() {
        let rows = Rows::of(&space);
        for bar in lens::bars(space.axis, &rows) {
            for two in bar.links.windows(2) {
                assert!(two[0].span.end() <= two[1].span.start());
                assert!(two[0].rows.end <= two[1].rows.start);
            }
        }
    }
}

#[test]
fn every_row_with_regions_is_reached_from_the_first_bar() {
    for space in spaces() {
        let rows = Rows::of(&space);
        let bars = lens::bars(space.axis, &rows);
        let mut reached = vec![false; rows.all().len()];
        for link in bars.iter().flat_map(|bar| &bar.links).filter(|link| link.to == Target::Row) {
            for row in link.rows.clone() {
                assert!(!reached[row], "row {row} is reached twice");
                reached[row] = true;
            }
        }
        for (row, reached) in rows.all().iter().zip(reached) {
            assert_eq!(reached, row.content == Content::Regions, "{row:?}");
        }
    }
}

#[test]
fn four_kib_beside_twelve_tib_is_enlarged_until_it_can_be_seen() {
    let machine = samples::machine();
    let space = machine.spaces.last().unwrap();
    let rows = Rows::of(space);
    let bars = lens::bars(space.axis, &rows);
    let table = space.regions().find(|(_, region)| region.name == "page tables").unwrap().1;
    assert!(bars[0].at(table.span.end()) - bars[0].at(table.span.start()) < 1e-3, "a speck at first");
    let best = bars
        .iter()
        .filter(|bar| bar.span.holds(table.span))
        .map(|bar| bar.at(table.span.end()) - bar.at(table.span.start()))
        .fold(0.0, f64::max);
    assert!(best >= 4.0, "{best} pixels");
}

#[test]
fn regions_that_overlap_stand_side_by_side_and_others_have_the_whole_width() {
    let regions = vec![region("a", 0, 0x3000), region("b", 0x1000, 0x5000), region("c", 0x6000, 0x7000)];
    let track = Track::new("t", regions);
    let space = Space {
        kind: crate::commands::map::model::Kind::Physical,
        title: String::new(),
        facts: Vec::new(),
        axis: span(0, 0x8000),
        tracks: vec![track.clone()],
    };
    let rows = Rows::of(&space);
    let blocks = lanes::blocks(&track, &rows);
    let lanes: Vec<(usize, usize)> = blocks.iter().map(|block| (block.lane, block.lanes)).collect();
    assert_eq!(lanes, [(0, 2), (1, 2), (0, 1)]);
    for (index, one) in blocks.iter().enumerate() {
        for other in &blocks[index + 1..] {
            let share_rows = one.rows.start < other.rows.end && other.rows.start < one.rows.end;
            assert!(!share_rows || one.lane != other.lane, "{one:?} {other:?}");
        }
    }
}
