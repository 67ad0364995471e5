//! What host tests have told, and steps of `cargo xtask test`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xtcore::PagingMode;

use super::super::gathered::Gathered;
use super::super::goals::{CRIMES, ENTRY, HABITS, IMAGES, INJECTED, MAPS, MODEL, REAL_MAPS, SOAK};
use super::super::suites::{about, sum};
use super::super::{Found, Verdict};
use super::{boots, judged, reached, sized};
use crate::test::{Depth, Finding, Step};

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, key: &str) -> u64 {
    object.get(key).and_then(Value::as_u64).unwrap_or_default()
}

pub(in super::super) fn real_maps(gathered: &Gathered) -> Result<Found, String> {
    let told = gathered.suite(&REAL_MAPS)?;
    let (maps, modes) = (sum(told, "real maps", "count"), sum(told, "real maps", "modes"));
    Ok(judged(format!("{maps} maps in {modes} modes"), maps > 0 && modes == 4, || {
        format!("{} modes", 4 - modes)
    }))
}

pub(in super::super) fn entry(gathered: &Gathered) -> Result<Found, String> {
    let words = sum(gathered.suite(&ENTRY)?, "PFN entry", "words");
    let figure = format!("{words} words: {} bytes on amd64, {} on i686", words * 8, words * 4);
    Ok(judged(figure, words > 0 && words <= 4, || format!("{} words", words.saturating_sub(4))))
}

pub(in super::super) fn images_are_small(gathered: &Gathered) -> Result<Found, String> {
    let mut sizes = Vec::new();
    for (step, name) in [(Step::SizeAmd64, "amd64"), (Step::SizeI686, "i686")] {
        match gathered.step(step)? {
            Finding::Pass(size) => sizes.push(format!("{name} {size}")),
            Finding::Fail(why) => {
                return Ok(Found { figure: why.clone(), verdict: Verdict::Short(name.to_owned()) });
            }
            Finding::Skip(why) => return Err(why.clone()),
        }
    }
    Ok(reached(format!("loader and kernel: {}", sizes.join("; "))))
}

pub(in super::super) fn random_maps(gathered: &Gathered) -> Result<Found, String> {
    let told = gathered.suite(&MAPS)?;
    let (maps, bytes) = (sum(told, "random maps", "count"), sum(told, "random bytes", "count"));
    let figure = format!("{maps} maps and {bytes} byte strings, 0 panics, 0 broken");
    Ok(sized(figure, maps, 10_000_000, gathered.depth))
}

pub(in super::super) fn habits(gathered: &Gathered) -> Result<Found, String> {
    let boots = sum(gathered.suite(&HABITS)?, "boots under lying firmware", "count");
    Ok(judged(format!("{boots} boots, all clean"), boots > 0, || "all".to_owned()))
}

pub(in super::super) fn model(gathered: &Gathered) -> Result<Found, String> {
    let told = gathered.suite(&MODEL)?;
    let mut modes: BTreeMap<&str, u64> = BTreeMap::new();
    for object in about(told, "page-table actions") {
        *modes.entry(text(object, "mode")).or_default() += number(object, "count");
    }
    let least = modes.values().copied().min().unwrap_or_default();
    let figure = format!("{least} actions in each of {} modes, 0 differences, 0 tables leaked", modes.len());
    if modes.len() < PagingMode::ALL.len() {
        return Ok(judged(figure, false, || format!("{} of {} modes", modes.len(), PagingMode::ALL.len())));
    }
    Ok(sized(figure, least, 10_000_000, gathered.depth))
}

pub(in super::super) fn injection(gathered: &Gathered) -> Result<Found, String> {
    let (mut sites, mut all, mut failures) = (BTreeSet::new(), BTreeSet::new(), 0);
    for suite in &INJECTED {
        let told = gathered.suite(suite)?;
        failures += sum(told, "injection", "failures");
        let names = |key| {
            let lists = about(told, "injection").filter_map(move |object| object.get(key)?.as_array());
            lists.flatten().filter_map(Value::as_str)
        };
        sites.extend(names("sites"));
        all.extend(names("all"));
    }
    let missing: Vec<&str> = all.difference(&sites).copied().collect();
    let (in_guests, guests, good) = boots::injected(gathered)?;
    let figure = format!(
        "{} of {} sites; {failures} failures on the host, {in_guests} in {guests} boots; 0 lost",
        all.len() - missing.len(),
        all.len()
    );
    Ok(judged(figure, missing.is_empty() && !all.is_empty() && good, || match missing.is_empty() {
        true => "a boot that failed".to_owned(),
        false => missing.join(", "),
    }))
}

pub(in super::super) fn crimes(gathered: &Gathered) -> Result<Found, String> {
    let told = gathered.suite(&CRIMES)?;
    let share = |checking: &str, crime: &str| {
        let of = |key| {
            let mine = about(told, checking).filter(|object| text(object, "crime").starts_with(crime));
            mine.map(|object| number(object, key)).sum::<u64>()
        };
        let (found, missed) = (of("found"), of("missed"));
        100.0 * found as f64 / (found + missed).max(1) as f64
    };
    let double = share("default checking", "double free");
    let overflow = share("full checking", "overflow");
    let late = share("full checking", "write after free, 1");
    let guests = boots::pool_crimes(gathered)?;
    let figure = format!(
        "double frees {double:.2} %; full checking: overflows {overflow:.2} %, writes after free {late:.2} %; {}",
        guests.figure
    );
    if guests.verdict != Verdict::Reached {
        return Ok(Found { figure, ..guests });
    }
    let reached = double >= 100.0 && overflow >= 99.0 && late >= 95.0;
    Ok(judged(figure, reached, || "see the figures".to_owned()))
}

pub(in super::super) fn images(gathered: &Gathered) -> Result<Found, String> {
    let told = gathered.suite(&IMAGES)?;
    let [mutants, accepted] = ["count", "accepted"].map(|key| sum(told, "kernel images", key));
    let figure = format!("{mutants} mutants, 0 panics; {accepted} still kernels");
    Ok(sized(figure, mutants, 1_000_000, gathered.depth))
}

pub(in super::super) fn soak(gathered: &Gathered) -> Result<Found, String> {
    let told = gathered.suite(&SOAK)?;
    let [count, early, late] = ["count", "early", "late"].map(|key| sum(told, "soak", key));
    let figure = format!("{count} allocations; most pages early {early}, late {late}");
    Ok(sized(figure, count, 1_000_000_000, gathered.depth))
}

pub(in super::super) fn fuzz(gathered: &Gathered) -> Result<Found, String> {
    match gathered.step(Step::Fuzz)? {
        Finding::Pass(inputs) => Ok(reached(format!("{inputs}, nothing found"))),
        Finding::Fail(why) => {
            Ok(judged(why.lines().next().unwrap_or_default().to_owned(), false, || "an input".to_owned()))
        }
        Finding::Skip(why) => Err(why.clone()),
    }
}

pub(in super::super) fn unsafe_code(gathered: &Gathered) -> Result<Found, String> {
    match gathered.step(Step::Clippy)? {
        Finding::Pass(_) => {}
        Finding::Fail(_) => return Ok(judged("clippy refuses".to_owned(), false, || "lints".to_owned())),
        Finding::Skip(why) => return Err(why.clone()),
    }
    match gathered.step(Step::Interpreter)? {
        Finding::Pass(tests) => {
            let figure = format!("an argument at each block; {tests} clean under Miri");
            let verdict = match gathered.depth {
                Depth::Usual => Verdict::Smaller("what takes minutes runs with --full".to_owned()),
                Depth::Full => Verdict::Reached,
            };
            Ok(Found { figure, verdict })
        }
        Finding::Fail(_) => Ok(judged("Miri refuses".to_owned(), false, || "a test".to_owned())),
        Finding::Skip(why) => Err(why.clone()),
    }
}
