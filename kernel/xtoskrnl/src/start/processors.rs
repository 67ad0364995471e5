//! The other processors are started.
//!
//! `MAXCPUS=n` limits how many run, the boot processor included. `STARTPAGES=n` says from how many pages they start, 2 unless
//! told otherwise: which page a processor begins on must not matter, and only more than one shows that.
#![allow(unsafe_code, reason = "what a processor starts with is vouched for")]

use arrayvec::ArrayVec;
use xtacpi::Platform;
use xtboot::parameters::Parameters;
use xtcore::CpuIndex;
use xthal::apic::ApicId;

use crate::ar::startup;
use crate::ex::devices::nmi_of;
use crate::ex::processors::{self as check, Processors};
use crate::hl::apic::LocalApic;
use crate::hl::time;
use crate::kd::log;
use crate::ke::processor::MOST;
use crate::ke::processors::{self, Candidate, State};
use crate::mm::Memory;
use crate::mm::processor::{StartPage, belongings};

/// Start pages at most.
const PAGES: usize = 4;

/// Starts the processors that the tables list as ready, as many as the parameters allow, and returns when each runs or has
/// been given up.
///
/// Not inlined, as the other steps: its lists must not stay on the boot stack.
#[inline(never)]
pub(super) fn start(
    memory: &'static Memory,
    platform: &Platform,
    apic: &'static LocalApic,
    parameters: &Parameters<'_>,
) -> Processors {
    processors::note(Candidate { cpu: CpuIndex::BOOT, id: apic.id(), nmi: None });
    startup::set_main(processors::begin);
    let most = parameters.number("MAXCPUS").and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST);
    let most = most.clamp(1, MOST);
    let others = platform.processors.enabled().filter(|listed| listed.apic_id.0 != apic.id().get());
    let mut candidates = ArrayVec::<Candidate, MOST>::new();
    for (number, listed) in (1..most).zip(others) {
        let id = ApicId::new(listed.apic_id.0);
        let candidate = Candidate { cpu: CpuIndex::new(number), id, nmi: nmi_of(listed) };
        // Numbers have no gaps: who cannot be prepared ends the list. There is room for all, because `number` is below MOST.
        if !prepare(memory, candidate) || candidates.try_push(candidate).is_err() {
            break;
        }
    }
    let wanted = candidates.len() + 1;
    let mut pages = 0;
    if !candidates.is_empty() && time::get().is_some() {
        pages = bring_up(memory, apic, &candidates, page_count(parameters));
    }
    let (running, silent) = (processors::count(State::Running), processors::count(State::Silent));
    log!(
        "xtoskrnl: {running} of {wanted} processors run, {silent} did not answer; started from {pages} pages"
    );
    Processors { wanted, running, silent, pages, wrong: check::check() }
}

fn page_count(parameters: &Parameters<'_>) -> usize {
    let wish = parameters.number("STARTPAGES").and_then(|pages| usize::try_from(pages).ok());
    wish.unwrap_or(2).clamp(1, PAGES)
}

/// Gives a processor all that it needs to start.
fn prepare(memory: &'static Memory, candidate: Candidate) -> bool {
    let Candidate { cpu, id, .. } = candidate;
    if let Err(error) = memory.add_processor(cpu) {
        log!("xtoskrnl: CPU {} gets no caches and is not started: {error:?}", cpu.get());
        return false;
    }
    let own = match belongings(memory, cpu) {
        Ok(own) => own,
        Err(error) => {
            log!("xtoskrnl: there is no memory to start CPU {}: {error:?}", cpu.get());
            return false;
        }
    };
    processors::note(candidate);
    // SAFETY: block and stack were made for this processor a moment ago, with all their parts, and stay; it has not been
    // started.
    unsafe { startup::prepare(cpu, id.get(), own.block, own.stack.end()) }
}

/// Starts the candidates from up to `count` pages, as many as there are; returns from how many.
#[inline(never)]
fn bring_up(memory: &'static Memory, apic: &LocalApic, candidates: &[Candidate], count: usize) -> usize {
    let mut pages = ArrayVec::<StartPage, PAGES>::new();
    for _ in 0..count.min(candidates.len()) {
        match StartPage::new(memory) {
            // `count` is at most the room.
            Ok(page) => pages.push(page),
            Err(error) => log!("xtoskrnl: there is one start page less: {error:?}"),
        }
    }
    let numbers: ArrayVec<_, PAGES> = pages.iter().map(StartPage::number).collect();
    if !numbers.is_empty() {
        processors::start(apic, candidates, &numbers);
    }
    for page in pages {
        if let Err(error) = page.give_back() {
            log!("xtoskrnl: a start page is lost: {error:?}");
        }
    }
    processors::release();
    processors::wait_until_running();
    numbers.len()
}
