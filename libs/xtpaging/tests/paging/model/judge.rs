//! Comparing tables with the model: by the independent walker, by the engine's own walks, and by the audit.

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::walk::{self, audit, find};
use xtpaging::{Cache, Privilege, Protection, Rights, Scope};
use xtsim::{Translation, leaves, tables, translate};

use super::truth::{Run, Truth};
use crate::support::Machine;

/// What a walker can see of a page's attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    writable: bool,
    executable: bool,
    user: bool,
    pat_index: u8,
    global: bool,
}

impl Seen {
    pub(super) fn by_walker(translation: &Translation) -> Self {
        Self {
            writable: translation.rights.writable,
            executable: translation.rights.executable,
            user: translation.rights.user,
            // Entries 4 to 7 of the PAT mirror 0 to 3.
            pat_index: translation.pat_index & 3,
            global: translation.global,
        }
    }

    fn expected(machine: &Machine, run: &Run) -> Self {
        let attributes = run.attributes;
        let has_no_execute = machine.space.format().has_no_execute();
        Self {
            writable: attributes.protection == Protection::ReadWrite,
            executable: attributes.protection == Protection::ReadExecute || !has_no_execute,
            user: attributes.privilege == Privilege::User,
            pat_index: match attributes.cache {
                Cache::WriteBack => 0,
                Cache::WriteCombining => 1,
                Cache::UncachedMinus => 2,
                Cache::Uncached => 3,
            },
            global: attributes.scope == Scope::Global,
        }
    }
}

/// Asserts that an address translates as the model says, for the walker and for `find`.
pub(super) fn assert_address(machine: &Machine, truth: &Truth, address: VirtAddr) {
    let walked = translate(&*machine.ram.borrow(), &machine.facts(), address);
    let found = find(&machine.space, &machine.tables(), address);
    let translated = walk::translate(&machine.space, &machine.tables(), address);
    assert_eq!(translated, found.ok().map(|found| found.address), "{address:?}: both walks must agree");
    let Some(run) = truth.find(address) else {
        assert!(walked.is_err_and(|fault| fault.is_not_present()), "{address:?} must not be present");
        assert!(found.is_err(), "{address:?} must not be found");
        return;
    };
    let walked = walked.unwrap_or_else(|fault| panic!("{address:?}, {run:?}: {fault}"));
    let found = found.unwrap_or_else(|error| panic!("{address:?}, {run:?}: {error:?}"));
    let physical = run.frame_at(address).address().get() + address.page_offset();
    assert_eq!(walked.physical.get(), physical, "{address:?}, {run:?}");
    assert_eq!(Seen::by_walker(&walked), Seen::expected(machine, run), "{address:?}, {run:?}");
    assert_eq!(found.address, walked.physical);
    assert_eq!(machine.space.geometry().page_bytes(found.level), walked.page_bytes);
    assert_eq!(found.frame, walked.page_physical().frame());
    let rights = Rights {
        write: run.attributes.protection == Protection::ReadWrite,
        execute: run.attributes.protection == Protection::ReadExecute,
        user: run.attributes.privilege == Privilege::User,
    };
    assert_eq!(
        (found.rights, found.cache, found.scope),
        (rights, run.attributes.cache, run.attributes.scope)
    );
}

/// Asserts that the walker finds the pages of the model and no others, each by an entry that the self-map shows, that
/// every table is accounted for, and that each counts its entries rightly.
pub(super) fn assert_everything(machine: &Machine, truth: &Truth) {
    let ram = machine.ram.borrow();
    let facts = machine.facts();
    let self_map = machine.space.self_map().region();
    let mut seen = Vec::new();
    for leaf in leaves(&*ram, &facts).skipping(self_map) {
        let leaf = leaf.unwrap_or_else(|fault| panic!("a broken entry: {fault}"));
        machine.assert_shown(&ram, &leaf);
        // The top page of the address space cannot be in a range, and so never in a mapping.
        let pages = VirtRange::with_length(leaf.va, leaf.page_bytes).expect("a page below the last");
        Run::append(
            &mut seen,
            Run { pages, first: leaf.physical.frame(), attributes: Seen::by_walker(&leaf) },
        );
    }
    assert_eq!(seen, truth.all(|run| Seen::expected(machine, run)));

    let mut reachable: Vec<_> =
        tables(&*ram, &facts, Some(self_map)).iter().map(|table| table.frame).collect();
    reachable.sort_unstable();
    let mut owned = machine.frames.outstanding();
    owned.extend(machine.space.pointer_table());
    owned.sort_unstable();
    assert_eq!(reachable, owned, "every table frame is linked once, and no other");
    drop(ram);

    let audit = audit(&machine.space, &machine.tables());
    assert_eq!((audit.reserved_bits, audit.miscounted, audit.writable_executable), (0, 0, 0), "{audit:?}");
    assert_eq!(audit.tables, reachable.len() as u64);
    let mapped: u64 = seen.iter().map(|run| run.pages.bytes() / PAGE_BYTES).sum();
    assert!(audit.pages > mapped, "the self-map counts too");
}
