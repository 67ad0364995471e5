//! The firmware's memory map of a real laptop through the sanitiser: 8 GiB, descriptors of length zero, no order.
//!
//! `cargo run --example sanitise_map` takes that one; a path names another file with the same columns.

use std::path::PathBuf;

use xtboot::map::{DESCRIPTOR_BYTES, Edge, RawMap, Summary, edges_needed, runs_bound, sanitise};
use xtcore::{Frame, FrameCount, MemoryKind, MemoryRun, PagingMode};

const LAPTOP: &str = "../../testing/data/memmaps/04_lenovo_x240_8GB_zero-length.csv";

/// A number as the file has it: hexadecimal behind 0x, else decimal.
fn number(field: &str) -> u64 {
    match field.trim().strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => field.trim().parse(),
    }
    .expect("the file holds numbers")
}

/// Writes a line `idx,start,end,type,attr` as firmware does: an `EFI_MEMORY_DESCRIPTOR`.
fn descriptor(line: &str) -> [u8; DESCRIPTOR_BYTES] {
    let fields: Vec<u64> = line.split(',').map(number).collect();
    let [_, start, end, kind, attributes] = fields[..] else { panic!("five columns are expected: {line}") };
    let mut bytes = [0; DESCRIPTOR_BYTES];
    bytes[0..4].copy_from_slice(&(kind as u32).to_le_bytes());
    bytes[8..16].copy_from_slice(&start.to_le_bytes());
    bytes[24..32].copy_from_slice(&((end - start) / 4096).to_le_bytes());
    bytes[32..40].copy_from_slice(&attributes.to_le_bytes());
    bytes
}

fn main() {
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(LAPTOP), PathBuf::from);
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let bytes: Vec<u8> = text.lines().skip(1).flat_map(descriptor).collect();
    let map = RawMap::new(&bytes, DESCRIPTOR_BYTES).expect("the stride is a descriptor's");

    // Every buffer is the caller's, and the crate says beforehand how large it has to be.
    let mut scratch = vec![Edge::EMPTY; edges_needed(map.len())];
    let nothing = MemoryRun::new(Frame::new(0), FrameCount::ZERO, MemoryKind::Reserved);
    let mut out = vec![nothing; runs_bound(map.len())];
    let clean = sanitise(map, &mut scratch, &mut out).expect("the buffers are large enough");

    let counts = clean.counts();
    println!("{} descriptors: {} kept, {} dropped", counts.given, counts.kept, counts.dropped);
    // Sorted, disjoint, and each of one kind; neighbours of one kind have become one run.
    for pair in clean.runs().windows(2) {
        assert!(pair[0].frames.end() <= pair[1].frames.start());
    }
    for kind in MemoryKind::ALL {
        let runs = clean.runs().iter().filter(|run| run.kind == kind);
        let (count, bytes) =
            runs.fold((0, 0), |(count, bytes), run| (count + 1, bytes + run.frames.count().bytes()));
        if count > 0 {
            println!("{:>8} KiB in {count:>2} runs  {}", bytes >> 10, kind.name());
        }
    }

    // The same map, as each mode can use it.
    for mode in PagingMode::ALL {
        let sum = Summary::of(clean.runs().iter().copied(), mode.geometry().frame_limit());
        let mebibytes = |count: FrameCount| count.bytes() >> 20;
        println!(
            "{}: {} MiB usable, {} MiB above what it can name",
            mode.name(),
            mebibytes(sum.usable),
            mebibytes(sum.above_limit)
        );
    }
}
