//! Random crimes, and which of them each level of checking finds.
//!
//! The tables are printed (`cargo test -p xtmm --test pool crimes -- --nocapture`); what design and goals promise is
//! asserted.

use std::collections::BTreeMap;
use std::ptr::NonNull;

use xtmm::pool::{Checks, Crime, Request, Tag};

use crate::basics::{FULL, OTHER, TEST, free};
use crate::double::{Random, Setup, World};

const ROUNDS: usize = if cfg!(miri) { 60 } else { 100_000 };

/// A pool in use: some blocks live, others come and go.
struct Scene {
    world: World,
    stranger: World,
    random: Random,
    live: Vec<(NonNull<u8>, usize)>,
    table: BTreeMap<&'static str, [usize; 2]>,
}

impl Scene {
    fn new(checks: Checks) -> Self {
        let world = World::new(Setup { checks, region: 32 << 20, ..Setup::default() });
        let stranger = World::new(Setup::default());
        Self { world, stranger, random: Random(11), live: Vec::new(), table: BTreeMap::new() }
    }

    fn size(&mut self) -> usize {
        match self.random.below(20) {
            0 => 8193 + self.random.below(20_000),
            1..4 => 1 + self.random.below(4000),
            _ => 1 + self.random.below(300),
        }
    }

    fn allocate(&mut self) -> (NonNull<u8>, usize) {
        let size = self.size();
        (self.world.pool.allocate(Request::new(size, TEST)).unwrap(), size)
    }

    /// Lets the pool be used for a while.
    fn pass_time(&mut self) {
        for _ in 0..self.random.below(64) {
            if self.live.len() < 300 && self.random.below(2) == 0 {
                let size = self.size();
                // Others have another tag than the victims.
                let block = self.world.pool.allocate(Request::new(size, OTHER)).unwrap();
                self.live.push((block, size));
            } else if !self.live.is_empty() {
                let (block, _) = self.live.swap_remove(self.random.below(self.live.len()));
                free(&self.world, block, OTHER).unwrap();
            }
        }
    }

    fn note(&mut self, crime: &'static str, is_found: bool) {
        self.table.entry(crime).or_default()[usize::from(is_found)] += 1;
    }

    /// Runs a crime that changes bytes; afterwards they are what they were.
    fn overwrite(&mut self, start: NonNull<u8>, length: usize, look: impl FnOnce(&mut Self) -> bool) -> bool {
        // SAFETY: all pages of the pool's memory are the test's, and its regions have a page between them.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), length) };
        let before = bytes.to_vec();
        bytes.iter_mut().for_each(|byte| *byte = self.random.next() as u8);
        let is_found = look(self);
        // SAFETY: the same bytes; whatever happened to them meanwhile, the test undoes its own change only.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), length) };
        if is_found {
            bytes.copy_from_slice(&before);
        }
        is_found
    }

    fn overflow(&mut self) {
        let (block, size) = self.allocate();
        self.pass_time();
        let length = 1 + self.random.below(64);
        // SAFETY: a pointer past the block, in the pool's region or the page behind it.
        let end = unsafe { block.add(size) };
        // What lies behind the place may be another block; it gets its bytes back in any case.
        // SAFETY: the bytes belong to the test.
        let behind = unsafe { std::slice::from_raw_parts(end.as_ptr(), length) }.to_vec();
        let mut is_at_once = false;
        let is_found = self.overwrite(end, length, |scene| {
            let at_once = free(&scene.world, block, TEST);
            is_at_once = at_once.is_err();
            // By default a canary may be looked at later, but before the place is used again.
            matches!(at_once.and_then(|()| scene.world.pool.trim()), Err(Crime::Overflow { .. }))
        });
        if is_at_once {
            free(&self.world, block, TEST).unwrap();
        } else if !is_found {
            // SAFETY: the bytes belong to the test.
            unsafe { end.copy_from_nonoverlapping(NonNull::from(&behind[0]), length) };
        }
        self.note("overflow by 1 to 64 bytes", is_found);
    }

    fn write_after_free(&mut self) {
        let size = 1 + self.random.below(2000);
        let block = self.world.pool.allocate(Request::new(size, TEST)).unwrap();
        self.pass_time();
        free(&self.world, block, TEST).unwrap();
        self.pass_time();
        let range = |at: NonNull<u8>, size: usize| at.addr().get()..at.addr().get() + size;
        let mine = range(block, size);
        if self
            .live
            .iter()
            .any(|&(at, size)| range(at, size).start < mine.end && mine.start < range(at, size).end)
        {
            // Somebody else has the bytes: no allocator can tell.
            return self.note("write after free, to a block in use again", false);
        }
        let length = 1 + self.random.below(8.min(size));
        // SAFETY: inside the former block.
        let start = unsafe { block.add(self.random.below(size + 1 - length)) };
        let is_found = self.overwrite(start, length, |scene| scene.world.pool.trim().is_err());
        self.note("write after free, 1 to 8 bytes", is_found);
    }

    fn double_free(&mut self) {
        let (block, _) = self.allocate();
        self.pass_time();
        free(&self.world, block, TEST).unwrap();
        let is_immediate = self.random.below(2) == 0;
        if !is_immediate {
            self.pass_time();
        }
        let is_found = free(&self.world, block, TEST).is_err();
        self.note(if is_immediate { "double free, at once" } else { "double free, later" }, is_found);
    }

    fn wrong_tag(&mut self) {
        let (block, _) = self.allocate();
        let wrong =
            if self.random.below(2) == 0 { OTHER } else { Tag::from_number(self.random.next() as u32) };
        let is_found = matches!(free(&self.world, block, wrong), Err(Crime::WrongTag { .. }));
        free(&self.world, block, TEST).unwrap();
        self.note("wrong tag", is_found);
    }

    fn wrong_pointer(&mut self) {
        let (block, size) = self.allocate();
        self.pass_time();
        let offset = 1 + self.random.below(size.max(2) - 1);
        let kind = if offset.is_multiple_of(16) {
            "interior pointer, aligned"
        } else {
            "interior pointer, misaligned"
        };
        // SAFETY: inside the block, or a byte past it.
        let inside = unsafe { block.add(offset) };
        let is_found = matches!(free(&self.world, inside, TEST), Err(Crime::Interior { .. }));
        self.note(kind, is_found);

        let foreign = match self.random.below(3) {
            0 => NonNull::from(&mut self.random).cast(),
            1 => {
                NonNull::without_provenance(std::num::NonZero::new(self.random.next() as usize | 16).unwrap())
            }
            _ => NonNull::without_provenance(std::num::NonZero::new(8 + self.random.below(1 << 20)).unwrap()),
        };
        let is_found = matches!(free(&self.world, foreign, TEST), Err(Crime::Foreign { .. }));
        self.note("foreign pointer", is_found);

        let is_found = matches!(free(&self.stranger, block, TEST), Err(Crime::Foreign { .. }));
        self.note("another pool's block", is_found);
        free(&self.world, block, TEST).unwrap();
    }

    fn play(mut self, name: &str) -> BTreeMap<&'static str, [usize; 2]> {
        for _ in 0..ROUNDS {
            match self.random.below(5) {
                0 => self.overflow(),
                1 => self.write_after_free(),
                2 => self.double_free(),
                3 => self.wrong_tag(),
                _ => self.wrong_pointer(),
            }
        }
        println!("{name}:");
        for (crime, [missed, found]) in &self.table {
            let share = 100.0 * *found as f64 / (found + missed) as f64;
            println!("  {crime:42} {found:6} found {missed:6} missed {share:7.2} %");
            println!(
                "XTOS-EVIDENCE {{\"what\":\"{name}\",\"crime\":\"{crime}\",\"found\":{found},\"missed\":{missed}}}"
            );
        }
        self.world.pool.verify().unwrap();
        self.table
    }
}

const CERTAIN: [&str; 7] = [
    "double free, at once",
    "double free, later",
    "wrong tag",
    "interior pointer, aligned",
    "interior pointer, misaligned",
    "foreign pointer",
    "another pool's block",
];

#[test]
fn default_checking_finds_every_double_free_and_every_wrong_pointer_or_tag() {
    let table = Scene::new(Checks::default()).play("default checking");
    for crime in CERTAIN {
        assert_eq!(table[crime][0], 0, "{crime} was missed");
        assert!(table[crime][1] > ROUNDS / 100, "{crime} was hardly tried");
    }
}

#[test]
fn full_checking_finds_overflows_and_writes_after_free_as_well() {
    let table = Scene::new(FULL).play("full checking");
    for crime in CERTAIN {
        assert_eq!(table[crime][0], 0, "{crime} was missed");
    }
    let share = |crime: &str| table[crime][1] as f64 / table[crime].iter().sum::<usize>() as f64;
    assert!(share("overflow by 1 to 64 bytes") >= 0.99);
    assert!(share("write after free, 1 to 8 bytes") >= 0.95);
}
