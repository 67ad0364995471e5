//! The stress of a boot: memory is taken and given back through every interface, all of it is taken at once, filled and
//! compared, allocations fail on purpose; and then everything must be as it was.
//!
//! Each scenario runs twice with the same seed, and again as long as a round opens blocks of memory. The first round may open
//! blocks and grow books, which stay; after the last one every count must equal the one before it, to the last frame,
//! page, block and stack.

mod crowd;
mod exhaust;
mod frames;
mod injected;
mod mapping;
mod pools;
mod random;
mod stacks;
mod together;

use core::fmt;

use xtkd::json::Object;

use crate::kd::log;
use crate::mm::{Memory, Standing};

pub(crate) use exhaust::Fill;
pub(crate) use injected::Sites;
use random::Random;

/// What a scenario found wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Complaint {
    what: &'static str,
    facts: [u64; 2],
}

impl Complaint {
    const fn new(what: &'static str, facts: [u64; 2]) -> Self {
        Self { what, facts }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, facts: [one, two] } = self;
        write!(out, "{what} ({one:#x}, {two:#x})")
    }
}

/// Returns a complaint unless `holds`.
fn check(holds: bool, what: &'static str, facts: [u64; 2]) -> Result<(), Complaint> {
    if holds { Ok(()) } else { Err(Complaint::new(what, facts)) }
}

/// A scenario: returns how many operations it did. None is inlined: what each of them keeps on the stack would add up, and the
/// boot stack of the 32-bit modes has 32 KiB.
type Scenario = fn(&'static Memory, &mut Random) -> Result<u64, Complaint>;

/// The scenarios but the exhaustion, which has a result of its own. The failures come first: memory and books can be used for
/// the first time only once, and that can fail as well.
const SCENARIOS: [(&str, Scenario); 8] = [
    ("failure on purpose", injected::run),
    ("frames", frames::run),
    ("mappings", mapping::run),
    ("pools", pools::run),
    ("stacks", stacks::run),
    ("all processors", together::run),
    ("threads", crowd::run),
    ("threads without memory", crowd::until_refused),
];

/// Rounds after the second one, at most.
const MORE_ROUNDS: u32 = 3;

/// What the stress found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stress {
    /// Operations of both rounds.
    pub(crate) operations: u64,
    /// Scenarios that complained.
    pub(crate) complaints: u64,
    /// Counts that the second round has changed.
    pub(crate) difference: u64,
    /// The second exhaustion.
    pub(crate) fill: Fill,
    /// Allocations that failed on purpose.
    pub(crate) injected: u64,
    /// Sites of allocations that were asked.
    pub(crate) sites: Sites,
}

impl Stress {
    /// Tells whether everything was as it must be.
    pub(crate) const fn is_clean(&self) -> bool {
        self.complaints == 0 && self.difference == 0 && self.fill.is_right()
    }

    /// Writes what the report says about it, the exhaustion left out.
    pub(crate) fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        out.number("operations", self.operations)?;
        out.number("complaints", self.complaints)?;
        out.number("difference", self.difference)?;
        out.number("injected", self.injected)?;
        out.number("sites", self.sites.count())?;
        out.array("sites_not_asked", |list| self.sites.others().try_for_each(|site| list.text(site.name())))
    }
}

/// Runs both rounds.
pub(crate) fn run(memory: &'static Memory) -> Stress {
    let mut stress = Stress::default();
    round(memory, &mut stress);
    let mut before = Standing::of(memory);
    round(memory, &mut stress);
    let mut after = Standing::of(memory);
    // On a huge machine, of which only a part is taken, another round may meet blocks that no round has met; with several
    // processors it may use pages that were never used.
    for _ in 0..MORE_ROUNDS {
        if !after.has_grown_since(&before) {
            break;
        }
        before = after;
        round(memory, &mut stress);
        after = Standing::of(memory);
    }
    stress.difference = before.difference(&after);
    if stress.difference > 0 {
        log!("xtoskrnl: stress: before {before:?}");
        log!("xtoskrnl: stress: after  {after:?}");
    }
    stress.injected = injected::failures();
    stress.sites = injected::asked(memory);
    stress
}

fn round(memory: &'static Memory, stress: &mut Stress) {
    for (name, scenario) in SCENARIOS {
        let mut random = Random::new(0x5854_4F53);
        match scenario(memory, &mut random) {
            Ok(operations) => stress.operations += operations,
            Err(complaint) => {
                log!("xtoskrnl: stress: {name}: {complaint}");
                stress.complaints += 1;
            }
        }
    }
    match exhaust::run(memory) {
        Ok(fill) => {
            stress.operations += fill.taken;
            stress.fill = fill;
        }
        Err(complaint) => {
            log!("xtoskrnl: stress: exhaustion: {complaint}");
            stress.complaints += 1;
        }
    }
    memory.trim();
}
