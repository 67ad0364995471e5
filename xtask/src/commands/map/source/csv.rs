//! A firmware's memory map in a file, before and after the loader's sanitiser.
//!
//! The file is the form of `testing/data/memmaps`: a heading that names the columns, then a descriptor a line.
//! `start`, `end` (exclusive), `type` (the number of the `EFI_MEMORY_TYPE`) and `attr` are needed, in any order;
//! other columns are skipped.

use anyhow::{Context as _, Result, bail};
use xtboot::map::{
    DESCRIPTOR_BYTES, Descriptor, Edge, FIRMWARE_TYPES, RawMap, edges_needed, runs_bound, sanitise,
};
use xtcore::{Frame, FrameCount, MemoryKind, MemoryRun, PAGE_BYTES, PhysAddr};

use crate::commands::map::class::Class;
use crate::commands::map::model::{Address, Kind, Picture, Region, Space, Span, Track};
use crate::commands::map::words;

/// The columns that a file must have.
const COLUMNS: [&str; 4] = ["start", "end", "type", "attr"];

/// Makes the picture of the map in `text`; `name` says whose it is.
///
/// # Errors
/// The text is no such map; the error names the line.
pub(crate) fn read(name: &str, text: &str) -> Result<Picture> {
    let descriptors = parse(text)?;
    let bytes = encode(&descriptors);
    let map = RawMap::new(&bytes, DESCRIPTOR_BYTES)?;
    let mut scratch = vec![Edge::EMPTY; edges_needed(map.len())];
    let empty = MemoryRun::new(Frame::default(), FrameCount::default(), MemoryKind::Reserved);
    let mut out = vec![empty; runs_bound(map.len())];
    let sanitised = sanitise(map, &mut scratch, &mut out)?;

    let before =
        descriptors.iter().enumerate().map(|(index, one)| given(index, one)).collect::<Result<_>>()?;
    let after = sanitised.runs().iter().map(kept).collect::<Result<Vec<_>>>()?;
    let counts = sanitised.counts();
    let usable = |run: &&MemoryRun| run.kind.is_usable();
    let ram: u64 = sanitised.runs().iter().filter(usable).map(|run| run.frames.count().get()).sum();
    let facts = vec![
        format!(
            "{}: {} kept ({} merged), {} dropped; {} left",
            words::count(descriptors.len(), "descriptor"),
            counts.kept,
            counts.merged,
            counts.dropped,
            words::count(after.len(), "run"),
        ),
        format!("{} of RAM to use", words::size(u128::from(ram) * u128::from(PAGE_BYTES))),
    ];
    let tracks = vec![Track::new("firmware", before), Track::new("sanitised", after)];
    let ends = tracks.iter().flat_map(|track| &track.regions).map(|region| region.span.end());
    let axis = Span::new(Address::default(), ends.max().unwrap_or_default()).context("an empty map")?;
    let space = Space {
        kind: Kind::Physical,
        title: "Physical memory, as the firmware gave it and after the sanitiser".to_owned(),
        facts,
        axis,
        tracks,
    };
    Ok(Picture { title: format!("Firmware memory map {name}"), spaces: vec![space] })
}

fn parse(text: &str) -> Result<Vec<Descriptor>> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, heading) = lines.next().context("the file is empty")?;
    let names: Vec<&str> = heading.split(',').map(str::trim).collect();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = names
            .iter()
            .position(|name| *name == column)
            .with_context(|| format!("line 1: there is no column `{column}` in `{heading}`"))?;
    }
    let mut descriptors = Vec::new();
    for (index, line) in lines {
        descriptors.push(descriptor(line, places).with_context(|| format!("line {}: `{line}`", index + 1))?);
    }
    if descriptors.is_empty() {
        bail!("the file lists no descriptor");
    }
    Ok(descriptors)
}

fn descriptor(line: &str, places: [usize; COLUMNS.len()]) -> Result<Descriptor> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let mut values = [0_u64; COLUMNS.len()];
    for ((value, place), column) in values.iter_mut().zip(places).zip(COLUMNS) {
        let field = fields.get(place).with_context(|| format!("there is no `{column}`"))?;
        *value = number(field).with_context(|| format!("`{column}` is no number: {field}"))?;
    }
    let [start, end, kind, attributes] = values;
    let bytes = end.checked_sub(start).context("it ends before it starts")?;
    if !bytes.is_multiple_of(PAGE_BYTES) {
        bail!("its {bytes} bytes are not whole pages");
    }
    let number = u32::try_from(kind).context("a type has 32 bits")?;
    Ok(Descriptor { number, start: PhysAddr::new(start), pages: bytes / PAGE_BYTES, attributes })
}

fn number(field: &str) -> Option<u64> {
    match field.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => field.parse().ok(),
    }
}

/// The descriptors as `GetMemoryMap` would write them (UEFI 2.10, section 7.2.3).
fn encode(descriptors: &[Descriptor]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(descriptors.len() * DESCRIPTOR_BYTES);
    for one in descriptors {
        bytes.extend_from_slice(&one.number.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&one.start.get().to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&one.pages.to_le_bytes());
        bytes.extend_from_slice(&one.attributes.to_le_bytes());
    }
    bytes
}

/// A descriptor as it was given.
fn given(index: usize, one: &Descriptor) -> Result<Region> {
    let known = FIRMWARE_TYPES.iter().find(|row| row.number == one.number);
    let name = known.map_or_else(|| format!("type {:#x}", one.number), |row| row.name.to_owned());
    let bytes = u128::from(one.pages) * u128::from(PAGE_BYTES);
    let mut note = format!("descriptor {index}, attributes {:#x}", one.attributes);
    if one.frames().is_none() {
        note.push_str("; dropped: no whole page is left of it");
    }
    let span = span(one.start.get(), bytes)?;
    Ok(Region { name, class: one.kind().into(), span, note })
}

/// A run as the loader goes on with it.
fn kept(run: &MemoryRun) -> Result<Region> {
    let start = run.frames.start().number() * PAGE_BYTES;
    let bytes = u128::from(run.frames.count().get()) * u128::from(PAGE_BYTES);
    let class: Class = run.kind.into();
    Ok(Region { name: run.kind.name().to_owned(), class, span: span(start, bytes)?, note: String::new() })
}

fn span(start: u64, bytes: u128) -> Result<Span> {
    let start = Address::new(start);
    Span::new(start, Address::new(start.get() + bytes)).context("memory beyond 64 address bits")
}
