//! Two processors, a quarter of whose blocks the other one frees.

use std::ptr::NonNull;
use std::sync::Mutex;

use xtmm::pool::{Checks, Request, Tag};

use crate::basics::{FULL, free, with_bytes};
use crate::double::{Random, Setup, World, run_on};

struct Parcel(NonNull<u8>, usize, Tag);

// SAFETY: a parcel is the only way to its block, whose bytes have no ties to the thread that allocated them.
unsafe impl Send for Parcel {}

fn work(world: &World, cpu: usize, mailboxes: &[Mutex<Vec<Parcel>>; 2], rounds: usize) {
    run_on(cpu);
    let tag = [Tag::new(*b"Even"), Tag::new(*b"Odd ")][cpu];
    let mut random = Random(1000 + cpu as u64);
    let mut live: Vec<Parcel> = Vec::new();
    for round in 0..rounds {
        let most = if random.below(50) == 0 { 20_000 } else { 600 };
        let size = 1 + random.below(most);
        let block = world.pool.allocate(Request::new(size, tag)).unwrap();
        with_bytes(world, block, size, |bytes| bytes.fill(size as u8));
        live.push(Parcel(block, size, tag));
        if live.len() > 3000 {
            let parcel = live.swap_remove(random.below(live.len()));
            if random.below(4) == 0 {
                mailboxes[1 - cpu].lock().unwrap().push(parcel);
            } else {
                finish(world, parcel);
            }
        }
        if round % 64 == 0 {
            let arrived = std::mem::take(&mut *mailboxes[cpu].lock().unwrap());
            arrived.into_iter().for_each(|parcel| finish(world, parcel));
        }
    }
    live.into_iter().for_each(|parcel| finish(world, parcel));
}

fn finish(world: &World, Parcel(block, size, tag): Parcel) {
    let is_whole = with_bytes(world, block, size, |bytes| bytes.iter().all(|byte| *byte == size as u8));
    assert!(is_whole, "a block changed on its way");
    free(world, block, tag).unwrap();
}

#[test]
fn blocks_may_be_freed_on_another_processor() {
    let rounds = if cfg!(miri) { 500 } else { 200_000 };
    for checks in [Checks::default(), FULL] {
        let world = World::new(Setup { cpus: 2, checks, ..Setup::default() });
        let mailboxes = [const { Mutex::new(Vec::new()) }; 2];
        std::thread::scope(|scope| {
            for cpu in 0..2 {
                let (world, mailboxes) = (&world, &mailboxes);
                scope.spawn(move || work(world, cpu, mailboxes, rounds));
            }
        });
        for parcel in mailboxes.into_iter().flat_map(|mailbox| mailbox.into_inner().unwrap()) {
            finish(&world, parcel);
        }
        world.pool.verify().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                run_on(1);
                world.pool.trim().unwrap();
            });
        });
        world.assert_empty();
    }
}
