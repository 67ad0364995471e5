//! How much memory an allocator takes from the system for what is in use, once the sizes have changed.
//!
//! 200,000 blocks of the usual mix, fully written, are replaced four times over at random: "steady". Then three quarters
//! of them are freed at random and replaced by blocks of twice the usual sizes until as many bytes live as before:
//! "shifted". What counts is the growth of the process's resident memory over the bytes that were asked for. So every
//! subject has a process of its own.

use std::hint::black_box;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::mix::{Block, Sizes};
use super::{Heap, subjects};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample, Unit};

const LIVE: usize = 200_000;

const SEED: u64 = 5;

const REPEATS: usize = 3;

/// Adds a subject to the plan.
pub(super) fn add(plan: &mut Plan, name: &'static str) {
    plan.add("pools/footprint", name, REPEATS, move |_| {
        let output = Command::new(std::env::current_exe()?).args(["--footprint", name]).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8(output.stdout)?;
        let (steady, shifted) = text.trim().split_once(' ').context("two figures were expected")?;
        let sample = |test: &str, value: &str| -> Result<Sample> {
            Ok(Sample { test: test.to_owned(), unit: Unit::BytesPerByte, value: value.parse()? })
        };
        Ok(vec![sample("pools/footprint-steady", steady)?, sample("pools/footprint-shifted", shifted)?])
    });
}

/// Measures one subject in this process, and prints the steady and the shifted figure.
///
/// # Errors
/// There is no such subject, or the system does not tell how much memory is resident.
pub(crate) fn footprint(subject: &str) -> Result<()> {
    let found = subjects().into_iter().find(|known| known.name == subject);
    let heap = (found.with_context(|| format!("there is no subject {subject}"))?.make)()?;
    let (steady, shifted) = measure(heap)?;
    println!("{steady:.4} {shifted:.4}");
    Ok(())
}

fn measure(heap: Heap) -> Result<(f64, f64)> {
    let mut random = Random::new(SEED);
    let mut sizes = Sizes::draw(&mut random);
    // The list's own memory is touched before the first look. A compiler that knows what is written would ask for memory full of
    // zeros instead, which nobody has touched.
    let mut blocks: Vec<Block> = (0..2 * LIVE).map(|_| black_box(Block::none())).collect();
    blocks.clear();
    let before = resident()?;
    let mut live = 0;
    for _ in 0..LIVE {
        blocks.push(written(heap, sizes.next(), &mut live));
    }
    for _ in 0..4 * LIVE {
        let at = random.below(LIVE);
        if let Some(place) = blocks.get_mut(at) {
            let old = std::mem::replace(place, Block::none());
            live -= old.bytes();
            old.free(heap);
            *place = written(heap, sizes.next(), &mut live);
        }
    }
    let steady = (resident()? - before) / live as f64;
    let wanted = live;
    random.shuffle(&mut blocks);
    for block in blocks.drain(LIVE / 4..) {
        live -= block.bytes();
        block.free(heap);
    }
    while live < wanted {
        blocks.push(written(heap, 2 * sizes.next(), &mut live));
    }
    let shifted = (resident()? - before) / live as f64;
    Ok((steady, shifted))
}

/// A block of which every byte was written.
fn written(heap: Heap, bytes: usize, live: &mut usize) -> Block {
    let block = Block::allocate(heap, bytes);
    block.fill();
    *live += bytes;
    block
}

/// Returns the bytes of this process that are in memory.
fn resident() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split(' ').nth(1).context("the system does not tell how much memory is resident")?;
    Ok(pages.parse::<f64>()? * xtcore::PAGE_BYTES as f64)
}

#[cfg(test)]
mod tests {
    use super::measure;
    use crate::pools::peers;

    #[test]
    fn no_allocator_takes_less_than_what_is_in_use() {
        let (steady, shifted) = measure(peers::system().unwrap()).unwrap();
        assert!((1.0..2.0).contains(&steady), "{steady}");
        assert!((1.0..2.0).contains(&shifted), "{shifted}");
    }
}
