//! The life of frames in the database: what is allowed, what is a crime, and what costs nothing.

use xtcore::{Frame, FrameCount, FrameRange, VirtAddr};
use xtmm::backing::Sparse;
use xtmm::pfn::{Database, Entry, FrameContent, FrameEntry, Owner, PfnCrime, Ptes, State, Unshared};
use xtpaging::Cache;

use crate::reserved::Reserved;

/// A block more than 16 TiB on a 64-bit processor: regression 37.
const END: u64 = if usize::BITS == 64 && !cfg!(miri) { (1 << 32) + 512 } else { 1 << 14 };

const PTE: VirtAddr = VirtAddr::new(0xC000_1008);

fn memory() -> Reserved {
    Reserved::new(END as usize * size_of::<Entry>())
}

fn database(memory: &Reserved) -> Database<'_> {
    // SAFETY: the memory is reserved for these entries, zero when it appears, and aligned to a page.
    Database::new(unsafe { Sparse::new(memory.base().cast(), END as usize) })
}

fn block(first: u64) -> FrameRange {
    FrameRange::with_count(Frame::new(first), FrameCount::new(512))
}

fn entry(memory: &Reserved, number: u64) -> FrameEntry<'_> {
    database(memory).open(memory, block(number / 512 * 512)).expect("memory");
    // SAFETY: the frame is below the end, and its block was opened just now.
    unsafe { database(memory).entry(Frame::new(number)) }
}

fn state(entry: &FrameEntry<'_>) -> Option<State> {
    entry.snapshot().state()
}

#[test]
fn a_frame_is_taken_shared_and_given_up() {
    let memory = memory();
    for number in [0, 511, END - 512, END - 1] {
        let entry = entry(&memory, number);
        assert_eq!(entry.snapshot().frame(), Frame::new(number));
        assert_eq!(entry.activate(Owner::Stack, Some(PTE)), Ok(()));
        let said = entry.snapshot();
        assert_eq!((said.state(), said.owner()), (Some(State::Active), Some(Owner::Stack)));
        assert_eq!((said.references(), said.pte()), (1, Some(PTE)));
        assert_eq!((entry.share(), entry.share()), (Ok(2), Ok(3)));
        assert_eq!(entry.unshare(FrameContent::Any), Ok(Unshared::InUse(2)));
        assert_eq!(entry.unshare(FrameContent::Any), Ok(Unshared::InUse(1)));
        assert_eq!(entry.release(FrameContent::Zeros), Ok(()));
        assert_eq!((state(&entry), entry.snapshot().pte()), (Some(State::Zeroed), None));
        assert_eq!(entry.activate(Owner::Driver, None), Ok(()));
        assert_eq!(entry.unshare(FrameContent::Any), Ok(Unshared::Freed));
        assert_eq!(state(&entry), Some(State::Free));
        assert!(entry.snapshot().is_sound());
    }
}

/// Regression 18: a referenced frame is never freed.
#[test]
fn a_frame_with_other_references_is_not_released() {
    let memory = memory();
    let (frame, entry) = (Frame::new(7), entry(&memory, 7));
    entry.activate(Owner::Private, Some(PTE)).expect("a free frame");
    entry.share().expect("active");
    let before = entry.snapshot();
    let crime = PfnCrime::Referenced { frame, references: 2 };
    assert_eq!(entry.release(FrameContent::Any), Err(crime));
    assert_eq!(entry.snapshot(), before);
    assert_eq!(crime.parameters(), [0x9A, 7, 2, 2]);
    assert_eq!((PfnCrime::BUG_CHECK, crime.expected()), (0x4E, "the last reference"));
}

#[test]
fn a_frame_is_taken_once_and_freed_once() {
    let memory = memory();
    let (frame, entry) = (Frame::new(7), entry(&memory, 7));
    let not_active = |state| PfnCrime::NotActive { frame, state: Some(state) };
    assert_eq!(entry.release(FrameContent::Any), Err(not_active(State::Free)));
    entry.activate(Owner::Stack, None).expect("a free frame");
    let taken = PfnCrime::NotFree { frame, state: Some(State::Active), owner: Some(Owner::Stack) };
    assert_eq!(entry.activate(Owner::Driver, None), Err(taken));
    assert_eq!(taken.parameters(), [0x99, 7, 2, Owner::Stack as u64]);
    entry.release(FrameContent::Zeros).expect("the last reference");
    let crime = not_active(State::Zeroed);
    assert_eq!(entry.release(FrameContent::Any), Err(crime));
    assert_eq!(entry.share(), Err(crime));
    assert_eq!(entry.unshare(FrameContent::Any), Err(crime));
    assert_eq!(entry.set_owner(Owner::Driver), Err(crime));
    assert_eq!(entry.set_cache(Cache::Uncached), Err(crime));
    assert_eq!(entry.set_pte(None), Err(crime));
    assert_eq!(crime.parameters(), [0x99, 7, 1, 0]);
}

#[test]
fn owners_and_back_pointers_that_mean_nothing_are_refused() {
    let memory = memory();
    let (frame, entry) = (Frame::new(7), entry(&memory, 7));
    assert_eq!(entry.activate(Owner::Nobody, None), Err(PfnCrime::NoOwner { frame }));
    let crime = PfnCrime::BadPte { frame, pte: VirtAddr::ZERO };
    assert_eq!(crime.parameters(), [0x99, 7, 7, 0]);
    assert_eq!(entry.activate(Owner::Stack, Some(VirtAddr::ZERO)), Err(crime));
    assert_eq!(state(&entry), Some(State::Free));
    entry.activate(Owner::Stack, Some(PTE)).expect("a free frame");
    assert_eq!(entry.set_owner(Owner::Nobody), Err(PfnCrime::NoOwner { frame }));
    assert_eq!(entry.set_pte(Some(VirtAddr::ZERO)), Err(crime));
    assert_eq!((entry.snapshot().owner(), entry.snapshot().pte()), (Some(Owner::Stack), Some(PTE)));
}

#[test]
fn attributes_of_an_active_frame_change_one_at_a_time() {
    let memory = memory();
    let entry = entry(&memory, 7);
    entry.activate(Owner::Loader, Some(PTE)).expect("a free frame");
    entry.set_owner(Owner::KernelImage).expect("active");
    entry.set_cache(Cache::WriteCombining).expect("active");
    entry.set_pte(None).expect("active");
    entry.set_owner_word(0x1234);
    let said = entry.snapshot();
    assert_eq!((said.owner(), said.cache()), (Some(Owner::KernelImage), Cache::WriteCombining));
    assert_eq!((said.references(), said.pte(), entry.owner_word()), (1, None, 0x1234));
    // Nothing of it is left for the next owner.
    entry.release(FrameContent::Any).expect("the last reference");
    entry.activate(Owner::Driver, None).expect("a free frame");
    assert_eq!((entry.snapshot().cache(), entry.owner_word()), (Cache::WriteBack, 0));
}

#[test]
fn frames_set_aside_form_chains() {
    let memory = memory();
    let [first, last] = [0, END - 1].map(|number| entry(&memory, number));
    assert_eq!(first.link(), None);
    first.set_link(Some(last.frame()));
    last.set_link(Some(first.frame()));
    assert_eq!((first.link(), last.link()), (Some(Frame::new(END - 1)), Some(Frame::new(0))));
    last.set_link(None);
    assert_eq!(last.link(), None);
    first.activate(Owner::Driver, None).expect("a free frame");
    assert_eq!(first.owner_word(), 0, "the link is not the owner's word");
}

#[test]
fn looking_at_frames_without_entries_answers_and_touches_nothing() {
    let memory = memory();
    let database = database(&memory);
    database.open(&memory, block(1024)).expect("memory");
    let (backed, calls) = (memory.backed(), memory.calls());
    for number in [0, 1023, 1536, END - 1, END, 1 << 40, u64::MAX] {
        assert_eq!(database.lookup(&memory, Frame::new(number)), None);
    }
    for number in [1024, 1535] {
        let said = database.lookup(&memory, Frame::new(number)).expect("an entry");
        assert_eq!((said.state(), said.references()), (Some(State::Free), 0));
    }
    assert_eq!((memory.backed(), memory.calls()), (backed, calls));
    assert_eq!(backed, 512 * size_of::<Entry>() / 4096, "a block costs its own entries and nothing else");
}

#[test]
fn an_entry_costs_four_words() {
    let words = size_of::<Entry>() / size_of::<usize>();
    println!("XTOS-EVIDENCE {{\"what\":\"PFN entry\",\"words\":{words}}}");
    assert_eq!(size_of::<Entry>(), 4 * size_of::<usize>());
}

#[test]
fn opening_without_memory_is_an_error() {
    let memory = memory();
    memory.limit(Some(0));
    assert!(database(&memory).open(&memory, block(0)).is_err());
    assert_eq!(database(&memory).open(&memory, block(END)), Ok(()), "no entries, no memory");
}

#[test]
fn a_run_changes_as_a_whole_or_not_at_all() {
    let memory = memory();
    let entries: Vec<_> = (0..40).map(|number| entry(&memory, number)).collect();
    let run = FrameRange::with_count(Frame::new(8), FrameCount::new(20));
    let inside = || entries.iter().skip(8).take(20);
    let database = database(&memory);
    let each = Ptes::Each { first: PTE, entry_bytes: 8 };
    entries[27].activate(Owner::Driver, None).expect("a free frame");
    let taken =
        PfnCrime::NotFree { frame: Frame::new(27), state: Some(State::Active), owner: Some(Owner::Driver) };
    // SAFETY: all of the first block is open.
    assert_eq!(unsafe { database.activate_run(run, Owner::Stack, each) }, Err(taken));
    assert_eq!(inside().filter(|entry| state(entry) == Some(State::Active)).count(), 1);
    entries[27].release(FrameContent::Any).expect("the last reference");
    // SAFETY: the run lies in the first block, whose entries got memory when the world was made.
    assert_eq!(unsafe { database.activate_run(run, Owner::Stack, each) }, Ok(()));
    for (distance, entry) in inside().enumerate() {
        let pte = VirtAddr::new(PTE.get() + 8 * distance as u64);
        assert_eq!((entry.snapshot().pte(), entry.snapshot().references()), (Some(pte), 1));
    }
    entries[27].share().expect("active");
    let referenced = PfnCrime::Referenced { frame: Frame::new(27), references: 2 };
    // SAFETY: frames 8 to 27 are of the first block, which is open for the whole test.
    assert_eq!(unsafe { database.release_run(run, FrameContent::Any) }, Err(referenced));
    assert!(inside().all(|entry| state(entry) == Some(State::Active)));
    assert_eq!(entries[27].unshare(FrameContent::Any), Ok(Unshared::InUse(1)));
    // SAFETY: the entries of the run were read through `entry` above, so they have memory.
    assert_eq!(unsafe { database.release_run(run, FrameContent::Any) }, Ok(()));
    assert!(entries.iter().all(|entry| state(entry) == Some(State::Free)));
    let late = Ptes::Each { first: VirtAddr::new(u64::MAX - 15), entry_bytes: 8 };
    // SAFETY: nothing takes an entry's memory away, and the run's had some when it was activated.
    let refused = unsafe { database.activate_run(run, Owner::Stack, late) };
    assert_eq!(refused, Err(PfnCrime::BadPte { frame: Frame::new(10), pte: VirtAddr::ZERO }));
    assert!(entries.iter().all(|entry| state(entry) == Some(State::Free)));
}

/// Regression 19: all pages of a bad range are marked, not only the first.
#[test]
fn every_frame_of_a_bad_range_is_marked_across_blocks() {
    let memory = memory();
    let entries: Vec<_> = (500..530).map(|number| entry(&memory, number)).collect();
    let bad = FrameRange::with_count(Frame::new(505), FrameCount::new(20));
    let database = database(&memory);
    entries[24].activate(Owner::Driver, None).expect("a free frame");
    let frame = Frame::new(524);
    let in_use = PfnCrime::NotFree { frame, state: Some(State::Active), owner: Some(Owner::Driver) };
    assert_eq!(database.mark_bad(&memory, bad), Err(in_use));
    assert!(entries.iter().all(|entry| state(entry) != Some(State::Bad)), "all or none");
    entries[24].release(FrameContent::Zeros).expect("the last reference");
    assert_eq!(database.mark_bad(&memory, bad), Ok(()));
    for entry in &entries {
        let expected = bad.contains(entry.frame());
        assert_eq!(state(entry) == Some(State::Bad), expected, "{:?}", entry.frame());
    }
    let crime = PfnCrime::NotFree { frame: bad.start(), state: Some(State::Bad), owner: Some(Owner::Nobody) };
    assert_eq!(entries[5].activate(Owner::Stack, None), Err(crime));
    assert_eq!(database.mark_bad(&memory, bad), Err(crime), "once is enough");
    let hole = FrameRange::with_count(Frame::new(5_000), FrameCount::new(2));
    assert_eq!(database.mark_bad(&memory, hole), Err(PfnCrime::NoEntry { frame: hole.start() }));
}

/// Many processors share and give up one frame; exactly one of them is told that it was the last.
#[test]
fn the_last_reference_is_given_up_once() {
    let memory = memory();
    let entry = entry(&memory, 3);
    for _ in 0..if cfg!(miri) { 2 } else { 50 } {
        entry.activate(Owner::Shared, None).expect("a free frame");
        (0..3).for_each(|_| assert!(entry.share().is_ok()));
        let freed = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..if cfg!(miri) { 20 } else { 500 } {
                            entry.share().expect("active");
                            assert!(matches!(entry.unshare(FrameContent::Any), Ok(Unshared::InUse(_))));
                        }
                        entry.unshare(FrameContent::Any) == Ok(Unshared::Freed)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).filter(|last| *last).count()
        });
        assert_eq!((freed, state(&entry)), (1, Some(State::Free)));
    }
}

#[test]
fn every_owner_has_a_name_of_its_own_and_an_encoding() {
    let names: std::collections::BTreeSet<_> = Owner::ALL.iter().map(|owner| owner.name()).collect();
    assert_eq!(names.len(), Owner::ALL.len());
    for owner in Owner::ALL {
        assert_eq!(Owner::from_bits(owner as usize), Some(owner));
    }
    assert_eq!(Owner::from_bits(Owner::ALL.len()), None);
    assert_eq!(State::from_bits(7), None);
    assert!((0..7).all(|bits| State::from_bits(bits).is_some_and(|state| state as usize == bits)));
}
