//! Memory maps for tests: written as numbers, encoded as firmware would, sanitised, and held against the model.

use std::fs;
use std::path::Path;

use xtboot::map::{Edge, RawMap, SanitiseError, Sanitised, TooManyRuns, edges_needed, runs_bound, sanitise};
use xtcore::{Frame, FrameCount, MemoryKind, MemoryRun};

use super::model::{self, Piece};

/// A firmware descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Given {
    pub number: u32,
    pub start: u64,
    pub pages: u64,
    pub attributes: u64,
}

/// Shorthand for a descriptor with the attribute write-back.
pub const fn given(number: u32, start: u64, pages: u64) -> Given {
    Given { number, start, pages, attributes: 0xF }
}

/// A run to fill buffers with; no test may find it in a result.
pub const UNSET: MemoryRun = MemoryRun::new(Frame::new(0xDEAD), FrameCount::new(0xBEEF), MemoryKind::Bad);

/// Encodes a map with descriptors `stride` bytes apart; what firmware leaves between them is filled with 0xAF.
pub fn encode(map: &[Given], stride: usize) -> Vec<u8> {
    let mut bytes = vec![0xAF; map.len() * stride];
    for (place, given) in bytes.chunks_exact_mut(stride).zip(map) {
        place[0..4].copy_from_slice(&given.number.to_le_bytes());
        place[8..16].copy_from_slice(&given.start.to_le_bytes());
        place[24..32].copy_from_slice(&given.pages.to_le_bytes());
        place[32..40].copy_from_slice(&given.attributes.to_le_bytes());
    }
    bytes
}

/// Sanitises with buffers of the documented sizes, and gives the result to `read`.
pub fn with_sanitised<T>(map: RawMap<'_>, read: impl FnOnce(Sanitised<'_>) -> T) -> T {
    let mut scratch = vec![Edge::EMPTY; edges_needed(map.len())];
    let mut out = vec![UNSET; runs_bound(map.len())];
    read(sanitise(map, &mut scratch, &mut out).expect("the documented buffer sizes are enough"))
}

/// Sanitises a map at the usual stride of 48.
pub fn runs_of(map: &[Given]) -> Vec<MemoryRun> {
    let bytes = encode(map, 48);
    with_sanitised(RawMap::new(&bytes, 48).unwrap(), |map| map.runs().to_vec())
}

/// The runs in the model's form.
pub fn pieces_of(runs: &[MemoryRun]) -> Vec<Piece> {
    runs.iter()
        .map(|run| (run.frames.start().number().into(), run.frames.end().number().into(), run.kind.name()))
        .collect()
}

/// A firmware type whose memory has that kind, for feeding a sanitised map back.
fn firmware_type(kind: MemoryKind) -> (u32, u64) {
    match kind {
        MemoryKind::Free => (7, 0xF),
        MemoryKind::FirmwareTemporary => (4, 0xF),
        MemoryKind::LoaderTemporary => (2, 0xF),
        MemoryKind::AcpiReclaimable => (9, 0xF),
        MemoryKind::AcpiNvs => (10, 0xF),
        MemoryKind::RuntimeCode => (5, 0xF),
        MemoryKind::RuntimeData => (6, 0xF),
        MemoryKind::Device => (11, 0x1),
        MemoryKind::Persistent => (14, 0xF),
        MemoryKind::Unaccepted => (15, 0xF),
        MemoryKind::SpecialPurpose => (7, 0x4000F),
        MemoryKind::Reserved => (0, 0xF),
        MemoryKind::Bad => (8, 0xF),
        other => panic!("{other:?} cannot come from firmware"),
    }
}

/// Holds everything that the sanitiser promises against one map.
pub fn check_promises(map: &[Given], stride: usize) {
    let bytes = encode(map, stride);
    let raw = RawMap::new(&bytes, stride).unwrap();
    let (runs, counts) = with_sanitised(raw, |map| (map.runs().to_vec(), map.counts()));

    for run in &runs {
        assert!(!run.frames.is_empty(), "{run:?} is empty");
        assert!(run.frames.end() <= Frame::new(1 << 52), "{run:?} leaves the address space");
    }
    for pair in runs.windows(2) {
        assert!(pair[0].frames.end() <= pair[1].frames.start(), "{pair:?} are unsorted or overlap");
        let touch = pair[0].frames.end() == pair[1].frames.start();
        assert!(!touch || pair[0].kind != pair[1].kind, "{pair:?} could be one");
    }
    // Sameness with the model says the rest: free only inside conventional, totals conserved, the right kind wins.
    assert_eq!(pieces_of(&runs), model::sanitise(map));

    assert_eq!(counts.given as usize, map.len());
    assert_eq!(counts.kept as usize, model::kept(map));
    assert_eq!(counts.given, counts.kept + counts.dropped);
    assert!(counts.merged <= counts.kept);

    let mut backwards = map.to_vec();
    backwards.reverse();
    let bytes = encode(&backwards, stride);
    let again =
        with_sanitised(RawMap::new(&bytes, stride).unwrap(), |map| (map.runs().to_vec(), map.counts()));
    assert_eq!((runs.clone(), counts), again, "the order of the descriptors mattered");

    let fed_back: Vec<Given> = runs
        .iter()
        .map(|run| {
            let (number, attributes) = firmware_type(run.kind);
            let start = run.frames.start().address().get();
            Given { number, start, pages: run.frames.count().get(), attributes }
        })
        .collect();
    assert_eq!(runs_of(&fed_back), runs, "sanitising twice changed something");

    if let Some(fewer) = runs.len().checked_sub(1) {
        let mut scratch = vec![Edge::EMPTY; edges_needed(map.len())];
        let mut out = vec![UNSET; fewer];
        let error = TooManyRuns { needed: runs.len(), available: fewer };
        assert_eq!(sanitise(raw, &mut scratch, &mut out), Err(SanitiseError::Runs(error)));
    }
}

/// The real maps of `testing/data/memmaps`, by file name, sorted.
pub fn real_maps() -> Vec<(String, Vec<Given>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testing/data/memmaps");
    let mut maps: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text.lines().skip(1).map(parse).collect())
        })
        .collect();
    maps.sort_by(|one: &(String, _), other| one.0.cmp(&other.0));
    maps
}

fn parse(line: &str) -> Given {
    let numbers: Vec<u64> = line
        .split(',')
        .map(|field| match field.trim().strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
            None => field.trim().parse().unwrap(),
        })
        .collect();
    let [_, start, end, number, attributes] = numbers[..] else {
        panic!("{line} does not have five columns")
    };
    assert_eq!((end - start) % 4096, 0);
    Given { number: u32::try_from(number).unwrap(), start, pages: (end - start) / 4096, attributes }
}
