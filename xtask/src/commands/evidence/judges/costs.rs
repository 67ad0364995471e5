//! What boots with counted instructions cost.

use xtcore::PagingMode;

use super::super::Found;
use super::super::gathered::Gathered;
use super::judged;
use crate::commands::bench::Cost;
use crate::test::Depth;

/// The size that others are compared with.
const FIRST: &str = "256M";

/// Returns the costs of a size, by mode; an error when one of them could not be counted.
fn of_size(gathered: &Gathered, size: &str) -> Result<Vec<(PagingMode, Cost)>, String> {
    let counted = gathered.costs()?.iter().filter(|counted| counted.memory == size);
    let costs: Result<Vec<_>, String> = counted
        .map(|counted| match &counted.cost {
            Ok(cost) => Ok((counted.mode, *cost)),
            Err(error) => Err(format!("{} with {size}: {error}", counted.mode)),
        })
        .collect();
    let costs = costs?;
    if !costs.is_empty() {
        return Ok(costs);
    }
    Err(match gathered.depth {
        Depth::Usual => format!("{size} boots with --full: firmware alone takes minutes"),
        Depth::Full => format!("{size} was not counted"),
    })
}

/// The figures of each mode, and the worst of them.
fn each(costs: impl IntoIterator<Item = (PagingMode, f64)>, digits: usize) -> (String, f64) {
    let costs: Vec<(PagingMode, f64)> = costs.into_iter().collect();
    let texts: Vec<String> = costs.iter().map(|(mode, figure)| format!("{mode} {figure:.digits$}")).collect();
    (texts.join(", "), costs.iter().map(|(_, figure)| *figure).fold(0.0, f64::max))
}

/// Compares two sizes, of which the larger may cost a tenth more.
fn growth(gathered: &Gathered, size: &str, part: fn(&Cost) -> u64) -> Result<Found, String> {
    const LIMIT: f64 = 1.10;
    let (first, larger) = (of_size(gathered, FIRST)?, of_size(gathered, size)?);
    let ratio = |(mode, cost): &(PagingMode, Cost)| {
        let (_, first) = first.iter().find(|(other, _)| other == mode)?;
        Some((*mode, part(cost) as f64 / part(first) as f64))
    };
    let (text, worst) = each(larger.iter().filter_map(ratio), 3);
    Ok(judged(text, worst <= LIMIT, || format!("{:.1} %", (worst / LIMIT - 1.0) * 100.0)))
}

pub(in super::super) fn growth_to_16_gib(gathered: &Gathered) -> Result<Found, String> {
    growth(gathered, "16G", |cost| cost.kernel)
}

pub(in super::super) fn growth_to_12_tib(gathered: &Gathered) -> Result<Found, String> {
    growth(gathered, "12T", |cost| cost.kernel)
}

pub(in super::super) fn loader_growth(gathered: &Gathered) -> Result<Found, String> {
    growth(gathered, "12T", |cost| cost.loader)
}

pub(in super::super) fn instructions(gathered: &Gathered) -> Result<Found, String> {
    const LIMIT: f64 = 2_000_000.0;
    let wide = |(mode, cost): (PagingMode, Cost)| (mode.levels() > 3).then_some((mode, cost.kernel as f64));
    let (text, worst) = each(of_size(gathered, FIRST)?.into_iter().filter_map(wide), 0);
    Ok(judged(text, worst <= LIMIT, || format!("{:.0} instructions", worst - LIMIT)))
}

pub(in super::super) fn in_use(gathered: &Gathered) -> Result<Found, String> {
    let costs = [of_size(gathered, FIRST)?, of_size(gathered, "16G")?].concat();
    let share = |(mode, cost): &(PagingMode, Cost)| {
        (*mode, cost.in_use as f64 / (3 * 1024 + 8 * cost.descriptors) as f64)
    };
    let most = costs.iter().map(|(_, cost)| cost.in_use).max().unwrap_or_default();
    let (_, worst) = each(costs.iter().map(share), 2);
    let figure = format!("at most {most} KiB, {:.0} % of what is allowed", worst * 100.0);
    Ok(judged(figure, worst <= 1.0, || format!("{:.0} %", (worst - 1.0) * 100.0)))
}

pub(in super::super) fn frame_pair(gathered: &Gathered) -> Result<Found, String> {
    const LIMIT: f64 = 40.0;
    let pair = |(mode, cost): (PagingMode, Cost)| (mode, cost.pairs[0] as f64 / cost.pairs[1].max(1) as f64);
    let (text, worst) = each(of_size(gathered, FIRST)?.into_iter().map(pair), 1);
    // The loop around the pairs is counted too, and shared by thousands.
    Ok(judged(text, worst.floor() <= LIMIT, || format!("{:.0} instructions", worst.floor() - LIMIT)))
}
