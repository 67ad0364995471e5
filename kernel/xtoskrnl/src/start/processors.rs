//! The other processors are started.
//!
//! `MAXCPUS=n` limits how many run, the boot processor included. `STARTPAGES=n` says from how many pages they start, 2 unless
//! told otherwise: which page a processor begins on must not matter, and only more than one shows that. `SILENT=n` never tells
//! the n-th of the others to start, as if it were broken; then what was taken for it is counted, and must be back.
#![allow(unsafe_code, reason = "what a processor starts with is vouched for")]

use alloc::vec::Vec;

use arrayvec::ArrayVec;
use xtacpi::Platform;
use xtboot::parameters::Parameters;
use xtcore::{ApicId, CpuIndex};

use crate::ar::startup;
use crate::ex::processors::{self as check, Processors, Started};
use crate::hl::apic::{LocalApic, NmiPin};
use crate::hl::time;
use crate::kd::log;
use crate::ke::processor::MOST;
use crate::ke::processors::{self, Candidate, State};
use crate::mm::processor::{Belongings, StartPage};
use crate::mm::{Memory, Standing};

/// Start pages at most.
const PAGES: usize = 4;

/// A processor and what it has for itself, until that is kept or given back.
struct Prepared {
    candidate: Candidate,
    own: Option<Belongings>,
}

/// What the parameters ask for.
struct Wishes {
    /// Processors at most, the first one included.
    most: usize,
    /// Start pages.
    pages: usize,
    /// The number that a processor that is not told to start is prepared with.
    mute: Option<CpuIndex>,
}

impl Wishes {
    fn of(parameters: &Parameters<'_>) -> Self {
        let number = |key| parameters.number(key).and_then(|number| usize::try_from(number).ok());
        Self {
            most: number("MAXCPUS").unwrap_or(MOST).clamp(1, MOST),
            pages: number("STARTPAGES").unwrap_or(2).clamp(1, PAGES),
            mute: number("SILENT").filter(|mute| *mute > 0).map(CpuIndex::new),
        }
    }
}

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
    let wishes = Wishes::of(parameters);
    processors::note(Candidate { cpu: CpuIndex::BOOT, id: apic.id(), nmi: None });
    startup::set_main(processors::begin);
    let mut others = candidates(platform, apic, wishes.most);
    let is_mute = |other: &Prepared| Some(other.candidate.cpu) == wishes.mute;
    prepare(memory, &mut others.iter_mut().filter(|other| !is_mute(other)));
    let before = wishes.mute.map(|mute| {
        rehearse(memory, mute, wishes.pages);
        tidied(memory)
    });
    prepare(memory, &mut others.iter_mut().filter(|other| is_mute(other)));
    let is_muted = others.iter().any(|other| is_mute(other) && other.own.is_some());
    let pages = if time::get().is_some() { bring_up(memory, apic, &others, &wishes) } else { 0 };
    let silent = give_back(&mut others);
    let left_behind = before.map_or(0, |before| left_behind(memory, &before));
    let wanted = settle(memory, apic, others) + silent.len();
    processors::release();
    processors::wait_until_running();
    let running = processors::count(State::Running);
    log!(
        "xtoskrnl: {running} of {wanted} processors run, {} did not answer; started from {pages} pages",
        silent.len()
    );
    check::check(Started { wanted, running, silent, muted: is_muted.into(), left_behind, pages })
}

/// Lists the processors that may be started, but for the one that does it. They get numbers as if all were to come.
fn candidates(platform: &Platform, apic: &LocalApic, most: usize) -> Vec<Prepared> {
    let own = apic.id();
    let others = platform.processors.enabled().filter(|listed| listed.apic_id != own);
    let mut list = Vec::new();
    if list.try_reserve_exact(others.clone().count().min(most)).is_err() {
        log!("xtoskrnl: there is no memory for a list of the processors");
        return list;
    }
    list.extend((1..most).zip(others).map(|(number, listed)| Prepared {
        candidate: Candidate { cpu: CpuIndex::new(number), id: listed.apic_id, nmi: NmiPin::of(listed) },
        own: None,
    }));
    list
}

/// Gives processors all that they need to start, until there is no more memory.
#[inline(never)]
fn prepare(memory: &'static Memory, others: &mut dyn Iterator<Item = &mut Prepared>) {
    for other in others {
        let Candidate { cpu, id, .. } = other.candidate;
        match Belongings::new(memory, cpu) {
            Ok(own) => {
                // SAFETY: block and stack were made for this processor a moment ago, with all their parts. They are given back
                // only after it was given up; it has not been started. A processor that has no record here stops.
                let _ = unsafe { startup::prepare(cpu, id, own.block(), own.start()) };
                other.own = Some(own);
            }
            Err(error) => {
                log!("xtoskrnl: there is no memory to start APIC {id}: {error:?}");
                break;
            }
        }
    }
}

/// Takes for a processor what it needs, and gives it back: the first time blocks of memory are opened, and their books stay.
fn rehearse(memory: &'static Memory, cpu: CpuIndex, pages: usize) {
    if let Ok(own) = Belongings::new(memory, cpu) {
        // SAFETY: nobody knows of it.
        unsafe { own.give_back() };
    }
    start_pages(memory, pages).into_iter().for_each(give_back_page);
}

/// Makes up to so many start pages.
fn start_pages(memory: &'static Memory, count: usize) -> ArrayVec<StartPage, PAGES> {
    let mut pages = ArrayVec::new();
    for _ in 0..count.min(PAGES) {
        match StartPage::new(memory) {
            // There is room for as many.
            Ok(page) => pages.push(page),
            Err(error) => log!("xtoskrnl: there is one start page less: {error:?}"),
        }
    }
    pages
}

#[inline(never)]
fn give_back_page(page: StartPage) {
    if let Err(error) = page.give_back() {
        log!("xtoskrnl: a start page is lost: {error:?}");
    }
}

/// Starts who is prepared from up to as many pages as are wished for; returns from how many.
#[inline(never)]
fn bring_up(memory: &'static Memory, apic: &LocalApic, others: &[Prepared], wishes: &Wishes) -> usize {
    let ready = others.iter().filter(|other| other.own.is_some());
    let candidates: ArrayVec<_, MOST> = ready.map(|other| other.candidate).collect();
    let pages = start_pages(memory, wishes.pages.min(candidates.len()));
    let numbers: ArrayVec<_, PAGES> = pages.iter().map(StartPage::number).collect();
    if !numbers.is_empty() {
        processors::start(apic, &candidates, &numbers, wishes.mute);
    }
    pages.into_iter().for_each(give_back_page);
    numbers.len()
}

/// Takes back what was prepared for those that have not arrived; returns who they are.
fn give_back(others: &mut [Prepared]) -> ArrayVec<ApicId, MOST> {
    let missing = others.iter_mut().filter(|other| processors::state(other.candidate.cpu) != State::Arrived);
    missing
        .filter_map(|other| {
            let own = other.own.take()?;
            startup::withdraw(other.candidate.cpu);
            // SAFETY: the processor was never started, or given up, reset, and time has passed.
            unsafe { own.give_back() };
            Some(other.candidate.id)
        })
        .collect()
}

/// Gives those that have arrived their numbers, in order, and the caches that go with them. Returns how many processors there are
/// now.
fn settle(memory: &'static Memory, apic: &LocalApic, others: Vec<Prepared>) -> usize {
    let mut next = 1;
    for Prepared { candidate, own } in others {
        let Some(own) = own else { continue };
        let cpu = CpuIndex::new(next);
        match memory.add_processor(cpu) {
            Ok(()) => {
                // SAFETY: it has arrived and waits until it is released. It keeps its number or gets a lower one, and it was started
                // with one below `MOST`.
                unsafe { own.keep(cpu) };
                processors::settle(candidate, cpu);
                next += 1;
            }
            Err(error) => {
                log!("xtoskrnl: APIC {} gets no caches and is left out: {error:?}", candidate.id);
                if processors::give_up(apic, &candidate, State::Arrived) {
                    // SAFETY: it was reset, and time has passed.
                    unsafe { own.give_back() };
                }
            }
        }
    }
    next
}

/// Gives back what is kept only to be fast, and counts.
fn tidied(memory: &Memory) -> Standing {
    memory.trim();
    Standing::of(memory)
}

/// Returns how much differs from a moment before.
fn left_behind(memory: &Memory, before: &Standing) -> u64 {
    let after = tidied(memory);
    let difference = before.difference(&after);
    if difference > 0 {
        log!("xtoskrnl: something of a silent processor is not back: before {before:?}");
        log!("xtoskrnl:                                              after  {after:?}");
    }
    difference
}
