//! A kernel's answers to `json layout` and `json memmap`, found in a serial log.
//!
//! An answer is a JSON object on one line. In front of it may stand `XTOS-ANSWER`, a prompt, or a terminal's escape
//! sequences; everything else in the log is skipped. The last answer to each command counts, so a log of a long session
//! shows the machine's last state. Any answer that is cut off or does not say what it should makes the log useless:
//! a picture with a part missing would look like a smaller machine.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::commands::map::class::Class;
use crate::commands::map::model::{Address, Kind, Picture, Region, Space, Span, Track};
use crate::commands::map::words;

/// What was found in a log.
#[derive(Debug, Default)]
struct Answers {
    layout: Option<Value>,
    memmap: Option<Value>,
}

/// Makes the picture of the machine that wrote `log`.
///
/// # Errors
/// There is no answer, or one is malformed; the error names the line.
pub(crate) fn read(log: &str) -> Result<Picture> {
    let answers = find(log)?;
    let word = |value: &Option<Value>, key: &str| {
        value.as_ref().and_then(|value| value.get(key)).and_then(Value::as_str).map(str::to_owned)
    };
    let mode = word(&answers.layout, "mode").or_else(|| word(&answers.memmap, "mode"));
    let architecture = word(&answers.layout, "arch");
    let mut spaces = Vec::new();
    if let Some(layout) = &answers.layout {
        spaces.push(virtual_space(layout).context("the answer to `layout`")?);
    }
    if let Some(memmap) = &answers.memmap {
        spaces.push(physical_space(memmap).context("the answer to `memmap`")?);
    }
    if spaces.is_empty() {
        bail!(
            "there is no kernel's answer in this log; boot with the parameter MONITOR={}, or type `json layout` and \
             `json memmap` at the monitor's prompt",
            super::live::QUESTIONS
        );
    }
    let words: Vec<String> = [Some("XTOS".to_owned()), architecture, mode].into_iter().flatten().collect();
    Ok(Picture { title: words.join(" "), spaces })
}

/// Finds the last answer to each command.
fn find(log: &str) -> Result<Answers> {
    let mut answers = Answers::default();
    for (index, line) in log.lines().enumerate() {
        let Some(object) = answer_in(line) else { continue };
        // What a terminal appends to the line is no part of the object.
        let mut values = serde_json::Deserializer::from_str(object).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            _ => bail!("line {}: a kernel's answer is cut off or damaged", index + 1),
        };
        match value.get("command").and_then(Value::as_str) {
            Some("layout") => answers.layout = Some(value),
            Some("memmap") => answers.memmap = Some(value),
            _ => {}
        }
    }
    Ok(answers)
}

/// How the kernel marks an answer that nobody typed for.
const MARK: &str = "XTOS-ANSWER";

/// The rest of a line from where an answer begins: behind the mark, or with a brace and the member `command`.
fn answer_in(line: &str) -> Option<&str> {
    if let Some((_, answer)) = line.split_once(MARK) {
        return Some(answer);
    }
    let mut braces = line.match_indices('{').filter_map(|(index, _)| line.get(index..));
    braces.find(|rest| {
        let inside = rest.strip_prefix('{').unwrap_or_default();
        inside.trim_start().starts_with(r#""command""#)
    })
}

fn virtual_space(answer: &Value) -> Result<Space> {
    let mut regions = Vec::new();
    for region in list(answer, "regions")? {
        let name = text(region, "name")?.to_owned();
        let used = match region.get("used") {
            None | Some(Value::Null) => String::new(),
            Some(used) => {
                let used = used.as_u64().with_context(|| format!("`used` of {name} is no number"))?;
                format!("{} in use", words::size(used.into()))
            }
        };
        let class = Class::of_name(&name);
        let span = span(region).with_context(|| format!("region {name}"))?;
        regions.push(Region { name, class, span, note: used });
    }
    let bits = number(answer, "virtual_bits")?;
    let mode = text(answer, "mode")?;
    let slide = address(answer, "slide")?;
    let axis = kernel_half(bits)?;
    let outside = regions.iter().find(|region| !axis.holds(region.span));
    if let Some(region) = outside {
        bail!("{} lies outside the kernel's half of {bits} bits", region.name);
    }
    let mut facts = vec![format!(
        "the kernel's half of {bits} address bits: {} from {} on",
        words::size(axis.bytes()),
        axis.start()
    )];
    if slide > Address::default() {
        facts.push(format!("the image lies {} above its standard place", words::size(slide.get())));
    }
    Ok(Space {
        kind: Kind::Virtual,
        title: format!("Virtual layout, {mode}"),
        facts,
        axis,
        tracks: vec![Track::new("region", regions)],
    })
}

/// The upper half of an address space, in the canonical form of a 64-bit processor when it has more than 32 bits.
fn kernel_half(bits: u64) -> Result<Span> {
    let (half, end) = match bits {
        32 => (1_u128 << 31, Address::new(1_u128 << 32)),
        33..=64 => (1_u128 << (bits - 1), Address::END),
        _ => bail!("{bits} virtual address bits"),
    };
    let start = Address::new(end.get() - half);
    Span::new(start, end).context("an empty half")
}

fn physical_space(answer: &Value) -> Result<Space> {
    let mode = text(answer, "mode")?;
    let (bits, limit) = (number(answer, "physical_bits")?, address(answer, "limit")?);
    let mut kinds = Vec::new();
    for descriptor in list(answer, "descriptors")? {
        let name = text(descriptor, "kind")?.to_owned();
        let class = Class::of_kind(&name);
        let span = span(descriptor).with_context(|| format!("descriptor {name}"))?;
        kinds.push(Region { name, class, span, note: String::new() });
    }
    let mut owners = Vec::new();
    for owner in list(answer, "owners")? {
        let name = text(owner, "owner")?.to_owned();
        let class = Class::of_name(&name);
        let span = span(owner).with_context(|| format!("owner {name}"))?;
        owners.push(Region { name, class, span, note: String::new() });
    }
    let end = kinds.iter().chain(&owners).map(|region| region.span.end()).max().unwrap_or_default();
    let axis = Span::new(Address::default(), end).context("an empty map")?;
    let ram: u128 = kinds
        .iter()
        .filter(|region| {
            xtcore::MemoryKind::ALL.iter().any(|kind| kind.is_usable() && kind.name() == region.name)
        })
        .map(|region| region.span.bytes())
        .sum();
    let held: u128 = owners.iter().map(|region| region.span.bytes()).sum();
    let mut facts = vec![format!(
        "{bits} address bits; {mode} reaches {}; {} of RAM, {} of it in use",
        words::size(limit.get()),
        words::size(ram),
        words::size(held)
    )];
    let mut tracks = vec![Track::new("kind", kinds)];
    if owners.is_empty() {
        facts.push("no owners: the PFN database was not asked".to_owned());
    } else {
        tracks.push(Track::new("in use by", owners));
    }
    Ok(Space { kind: Kind::Physical, title: format!("Physical memory, {mode}"), facts, axis, tracks })
}

fn list<'a>(object: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    object.get(key).and_then(Value::as_array).with_context(|| format!("there is no list `{key}`"))
}

fn text<'a>(object: &'a Value, key: &str) -> Result<&'a str> {
    object.get(key).and_then(Value::as_str).with_context(|| format!("there is no text `{key}`"))
}

fn number(object: &Value, key: &str) -> Result<u64> {
    object.get(key).and_then(Value::as_u64).with_context(|| format!("there is no number `{key}`"))
}

fn address(object: &Value, key: &str) -> Result<Address> {
    let written = text(object, key)?;
    Address::parse(written).with_context(|| format!("`{key}` is no address: {written}"))
}

fn span(object: &Value) -> Result<Span> {
    let (start, end) = (address(object, "start")?, address(object, "end")?);
    Span::new(start, end)
        .filter(|span| !span.is_empty())
        .with_context(|| format!("it ends at {end}, not above {start}"))
}
