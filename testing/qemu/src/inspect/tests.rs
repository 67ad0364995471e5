//! Comparisons and counts, each also with something wrong that has to be found.

use serde_json::json;

use super::differences::{with_listing, with_ranges};
use super::*;
use crate::monitor::tlb;

const RW: Rights = Rights::READ.with(Rights::WRITE);
const RX: Rights = Rights::READ.with(Rights::EXECUTE);

fn leaf(page: u64, target: u64, bytes: u64, rights: Rights) -> Leaf {
    // Present, accessed, dirty; writable as the rights say; no-execute unless they allow it.
    let mut entry = target | 0x61;
    if rights.contains(Rights::WRITE) {
        entry |= 1 << 1;
    }
    if !rights.contains(Rights::EXECUTE) {
        entry |= 1 << 63;
    }
    if bytes > PAGE_BYTES {
        entry |= 1 << 7;
    }
    Leaf { page: VirtAddr::new(page), target: PhysAddr::new(target), bytes, rights, entry }
}

fn leaves() -> Vec<Leaf> {
    vec![
        leaf(0x1000, 0x5000, 0x1000, RW),
        leaf(0x2000, 0x6000, 0x1000, RW),
        leaf(0x20_0000, 0x40_0000, 0x20_0000, RX),
    ]
}

fn listing(text: &str) -> Vec<tlb::Line> {
    match tlb::parse(text) {
        Listing::Leaves(lines) => lines,
        other => panic!("{other:?}"),
    }
}

const AGREED: &str = "0000000000001000: 0000000000005000 X--DA---W\r\n\
    0000000000002000: 0000000000006000 X--DA---W\r\n\
    0000000000200000: 0000000000400000 --PDA----\r\n";

#[test]
fn the_same_mappings_have_no_difference() {
    assert_eq!(with_listing(&leaves(), &listing(AGREED)).count, 0);
}

#[test]
fn every_kind_of_difference_from_the_emulator_is_counted() {
    let without_second: String = AGREED
        .lines()
        .filter(|line| !line.contains("6000"))
        .fold(String::new(), |text, line| text + line + "\r\n");
    let with_more = format!("{AGREED}0000000000400000: 0000000000600000 --P------\r\n");
    for (text, count) in [
        (AGREED.replace("0000000000006000", "0000000000007000"), 1),
        (AGREED.replace("X--DA---W", "X--DA----"), 2),
        (AGREED.replace("--PDA----", "X-PDA----"), 1),
        (without_second, 1),
        (with_more, 1),
        (String::new(), 3),
    ] {
        let differences = with_listing(&leaves(), &listing(&text));
        assert_eq!(differences.count, count, "{text}");
        assert_eq!(differences.words.len() as u64, count);
    }
}

#[test]
fn runs_are_the_same_however_they_were_cut() {
    let pages = (0..8).map(|index| leaf(0x1000 * index, 0x9000 + 0x1000 * index, 0x1000, RW).run());
    let halves = [
        Run { bytes: 0x3000, ..leaf(0, 0x9000, 0x1000, RW).run() },
        Run { bytes: 0x5000, ..leaf(0x3000, 0xC000, 0x1000, RW).run() },
    ];
    assert_eq!(coalesce(pages), coalesce(halves));
    assert_eq!(coalesce(halves).len(), 1);
}

#[test]
fn runs_end_where_anything_changes() {
    let first = leaf(0x1000, 0x5000, 0x1000, RW).run();
    for next in [
        leaf(0x3000, 0x6000, 0x1000, RW).run(),
        leaf(0x2000, 0x7000, 0x1000, RW).run(),
        leaf(0x2000, 0x6000, 0x1000, RX).run(),
        Run { page_bytes: 0x20_0000, ..leaf(0x2000, 0x6000, 0x1000, RW).run() },
    ] {
        assert_eq!(coalesce([first, next]).len(), 2, "{next}");
    }
}

#[test]
fn a_kernel_that_hides_or_invents_a_mapping_is_found() {
    let own: Vec<Run> = coalesce(leaves().iter().map(Leaf::run));
    assert_eq!(with_ranges(&own, &own).count, 0);
    assert_eq!(with_ranges(&own, &own[1..]).count, 1);
    assert_eq!(with_ranges(&own[..1], &own).count, 1);
    let mut wrong = own.clone();
    wrong[0].rights = RX;
    assert_eq!(with_ranges(&own, &wrong).count, 2, "one run too few and one too many");
}

#[test]
fn the_self_map_is_left_out_of_the_kernels_list() {
    let inside = 0xFFFF_F680_0000_0000;
    let self_map = VirtRange::with_length(VirtAddr::new(inside), 1 << 39);
    let own = [leaf(0x1000, 0x5000, 0x1000, RW), leaf(inside, 0x5000, 0x1000, RW)];
    let kernels = [own[0].run()];
    assert_eq!(compare_ranges(&own, &kernels, self_map, true).count, 0);
    assert_eq!(compare_ranges(&own, &kernels, None, true).count, 1);
}

/// Memory in which only the entries given are not zero.
struct Sparse<'a>(&'a [(u64, u64)]);

impl PhysicalMemory for Sparse<'_> {
    fn read_u32(&self, at: PhysAddr) -> Option<u32> {
        self.read_u64(at).map(|value| value as u32)
    }

    fn read_u64(&self, at: PhysAddr) -> Option<u64> {
        Some(self.0.iter().find(|(place, _)| *place == at.get()).map_or(0, |(_, value)| *value))
    }
}

#[test]
fn the_self_map_is_found_in_whatever_slot_it_is() {
    let found = |mode, entries: &[(u64, u64)]| {
        let facts = xtsim::Facts::modern(mode, PhysAddr::new(0x7000));
        let (slot, region) = walk::self_map(&Sparse(entries), &facts)?;
        Some((slot, region.start().get(), region.bytes()))
    };
    for slot in [0x100, 0x155, 0x1FE] {
        // Another table first, a slot that names the root but is not present, and the right one.
        let entries = [(0x7000, 0x9003), (0x7008, 0x7002), (0x7000 + slot * 8, 0x8000_0000_0000_7063)];
        let base = |shift| ((slot << shift) as i64) << (64 - shift - 9) >> (64 - shift - 9);
        assert_eq!(found(PagingMode::Pml4, &entries), Some((slot, base(39) as u64, 1 << 39)));
        assert_eq!(found(PagingMode::Pml5, &entries), Some((slot, base(48) as u64, 1 << 48)));
        assert_eq!(found(PagingMode::Pml4, &entries[..2]), None);
    }
    let narrow = [(0x7000, 0x7083), (0x7C00, 0x7063)];
    assert_eq!(
        found(PagingMode::Pml2, &narrow),
        Some((0x300, 0xC000_0000, 4 << 20)),
        "a large page is no table"
    );
    let directories = [(0x7000, 0x1001), (0x7008, 0x2001), (0x7010, 0x3001), (0x7018, 0x4001)];
    let wide = [directories.as_slice(), &[(0x4000, 0x1063), (0x4008, 0x2063)]].concat();
    assert_eq!(found(PagingMode::Pml3, &wide), Some((0x600, 0xC000_0000, 8 << 20)));
}

#[test]
fn the_right_to_execute_counts_only_where_it_can_be_denied() {
    let own = [leaf(0x1000, 0x5000, 0x1000, RX)];
    let kernels = [Run { rights: Rights::READ, ..own[0].run() }];
    assert_eq!(compare_ranges(&own, &kernels, None, true).count, 2);
    assert_eq!(compare_ranges(&own, &kernels, None, false).count, 0);
}

#[test]
fn a_page_with_both_rights_and_a_frame_with_two_mappings_are_counted() {
    let mut findings = Findings { no_execute: true, ..Findings::default() };
    findings.count_rights(&leaves(), None);
    assert_eq!((findings.writable_and_executable, findings.frames_both), (Some(0), Some(FrameCount::ZERO)));

    let mut both_ways = leaves();
    both_ways.push(leaf(0x80_0000, 0x41_0000, 0x1000, RW));
    let mut findings = Findings { no_execute: true, ..Findings::default() };
    findings.count_rights(&both_ways, None);
    assert_eq!((findings.writable_and_executable, findings.frames_both), (Some(0), Some(FrameCount::ONE)));

    let mut at_once = leaves();
    at_once.push(leaf(0x80_0000, 0x80_0000, 0x20_0000, RW.with(Rights::EXECUTE)));
    let mut findings = Findings { no_execute: true, ..Findings::default() };
    findings.count_rights(&at_once, None);
    assert_eq!(findings.writable_and_executable, Some(512));
}

#[test]
fn without_no_execute_writable_code_is_counted() {
    let code = || Some(Extents::new([(PhysAddr::new(0x6000), 0x2000)]));
    let mut findings = Findings::default();
    findings.count_rights(&leaves(), code());
    assert_eq!((findings.writable_and_executable, findings.frames_both), (None, Some(FrameCount::ONE)));
    let mut findings = Findings::default();
    findings.count_rights(&leaves(), None);
    assert_eq!(findings.frames_both, None, "nothing is known of code");
}

#[test]
fn extents_join_and_intersect() {
    let left = Extents::new([
        (PhysAddr::new(0x3000), 0x1000),
        (PhysAddr::new(0), 0x2000),
        (PhysAddr::new(0x1000), 0x2000),
    ]);
    assert_eq!(left, Extents::new([(PhysAddr::new(0), 0x4000)]));
    let right = Extents::new([(PhysAddr::new(0x1000), 0x1000), (PhysAddr::new(0x3000), 0x9000)]);
    assert_eq!(left.shared_frames(&right), (FrameCount::new(2), Some(PhysAddr::new(0x1000))));
    assert_eq!(right.shared_frames(&left), left.shared_frames(&right));
    assert_eq!(left.shared_frames(&Extents::default()), (FrameCount::ZERO, None));
}

#[test]
fn translations_must_agree_three_times() {
    let pair = [(VirtAddr::new(0x1000), PhysAddr::new(0x5000))];
    let own = |_| Some(0x5000);
    assert_eq!(compare_translations(&pair, &[Some(0x5000)], own).count, 0);
    assert_eq!(compare_translations(&pair, &[Some(0x6000)], own).count, 1);
    assert_eq!(compare_translations(&pair, &[None], own).count, 1);
    assert_eq!(compare_translations(&pair, &[Some(0x5000)], |_| None).count, 1);
    assert_eq!(address_in("gpa: 0x5000\r\n"), Some(0x5000));
    assert_eq!(address_in("gpa: 0\r\n"), Some(0), "the emulator leaves the prefix out here");
    assert_eq!(address_in("Unmapped\r\n"), None);
}

/// What the inspection finds on a guest without a fault.
fn sound() -> Findings {
    Findings {
        mode: Some(PagingMode::Pml4),
        no_execute: true,
        self_map_slot: Some(0x155),
        write_protect: true,
        writable_and_executable: Some(0),
        frames_both: Some(FrameCount::ZERO),
        listing_compared: true,
        walker_differences: 0,
        translations_compared: TRANSLATIONS_REQUIRED,
        remarks: Vec::new(),
    }
}

/// What such a guest reports.
fn report() -> Map<String, Value> {
    let report = json!({
        "paging": "pml4", "nx": true, "self_map_slot": 0x155, "wx_pages_kernel": 0,
        "frames_writable_and_executable": 0,
    });
    report.as_object().expect("an object").clone()
}

#[test]
fn fewer_translations_than_required_are_a_complaint() {
    for count in [0, 1, TRANSLATIONS_REQUIRED - 1] {
        let few = Findings { translations_compared: count, ..sound() };
        let complaint = few.complaint(&report()).expect("too few");
        assert!(complaint.starts_with(&format!("{count} translations compared")), "{complaint}");
    }
    let more = Findings { translations_compared: TRANSLATIONS_REQUIRED + 1, ..sound() };
    assert_eq!(more.complaint(&report()), None);
}

#[test]
fn a_listing_that_cannot_be_compared_is_a_complaint() {
    for listing in [Listing::PagingOff, Listing::Unsupported("a line of a new kind".to_owned())] {
        let mut findings = Findings { listing_compared: false, ..sound() };
        findings.take_listing(&leaves(), listing, PagingMode::Pml4);
        let complaint = findings.complaint(&report()).expect("nothing was compared");
        assert!(complaint.contains("listing"), "{complaint}");
        assert_eq!(findings.remarks.len(), 1);
    }
    let mut findings = Findings { listing_compared: false, ..sound() };
    findings.take_listing(&leaves(), tlb::parse(AGREED), PagingMode::Pml4);
    assert_eq!(findings.complaint(&report()), None);
}

#[test]
fn each_finding_is_a_complaint() {
    let (sound, report) = (sound(), &report());
    assert_eq!(sound.complaint(report), None);
    for wrong in [
        Findings { mode: None, ..sound.clone() },
        Findings { mode: Some(PagingMode::Pml5), ..sound.clone() },
        Findings { no_execute: false, ..sound.clone() },
        Findings { self_map_slot: None, ..sound.clone() },
        Findings { self_map_slot: Some(0x1ED), ..sound.clone() },
        Findings { write_protect: false, ..sound.clone() },
        Findings { writable_and_executable: Some(1), ..sound.clone() },
        Findings { frames_both: Some(FrameCount::ONE), ..sound.clone() },
        Findings { walker_differences: 1, ..sound.clone() },
        Findings { translations_compared: 0, ..sound.clone() },
    ] {
        assert!(wrong.complaint(report).is_some(), "{wrong:?}");
    }
    for key in ["wx_pages_kernel", "frames_writable_and_executable", "paging", "nx", "self_map_slot"] {
        let mut without = report.clone();
        without.remove(key);
        assert!(sound.complaint(&without).is_some(), "{key}");
    }
}
