//! The pages that `cargo xtask bench` has written, summed up. They are measured on a quiet machine, never here.

use super::super::Found;
use super::super::gathered::Gathered;
use super::judged;

pub(in super::super) fn pages(gathered: &Gathered) -> Result<Found, String> {
    let all = &gathered.speed;
    if all.is_empty() {
        return Err("the benchmark has written no pages".to_owned());
    }
    let missed: Vec<String> = all
        .iter()
        .filter(|row| !row.is_reached())
        .map(|row| format!("{} {}", row.what, row.verdict))
        .collect();
    let figure = format!("{} of {} rows reached", all.len() - missed.len(), all.len());
    Ok(judged(figure, missed.is_empty(), || missed.join("; ")))
}
