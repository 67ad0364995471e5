//! A second processor that walks the tables at every stop of an action.

use std::cell::RefCell;
use std::rc::Rc;

use xtcore::{PhysAddr, VirtAddr};
use xtsim::{Facts, Ram, translate};

use super::judge::Seen;
use crate::support::Machine;

/// What a walker sees of an address: where it leads, and with which attributes.
type View = Option<(PhysAddr, Seen)>;

/// An address, and what was seen of it, each view once.
type Log = (VirtAddr, Vec<View>);

/// A watch over addresses, from its start to its [`finish`](Self::finish).
pub(super) struct Watch {
    logs: Rc<RefCell<Vec<Log>>>,
}

impl Watch {
    /// Looks at the addresses now, and from now on before and after every store, halves of entries included.
    pub(super) fn start(machine: &Machine, addresses: Vec<VirtAddr>) -> Self {
        let facts = machine.facts();
        let mut ram = machine.ram.borrow_mut();
        let first = |address| (address, vec![view(&ram, &facts, address)]);
        let logs = Rc::new(RefCell::new(addresses.into_iter().map(first).collect::<Vec<Log>>()));
        let shared = Rc::clone(&logs);
        ram.on_stop(move |ram, _| {
            for (address, log) in shared.borrow_mut().iter_mut() {
                let view = view(ram, &facts, *address);
                if log.last() != Some(&view) {
                    log.push(view);
                }
            }
        });
        Self { logs }
    }

    /// Stops looking. Asserts that each address was seen as it was or as it is, and that it changed at most once: a page
    /// that is only protected, split or merged is never gone. Returns how many changed.
    pub(super) fn finish(self, machine: &Machine) -> usize {
        let mut ram = machine.ram.borrow_mut();
        ram.remove_hook();
        let logs = self.logs.borrow();
        for (address, log) in &*logs {
            assert!(log.len() <= 2, "{address:?} was seen in between: {log:#x?}");
            assert_eq!(log.last(), Some(&view(&ram, &machine.facts(), *address)), "{address:?}");
        }
        logs.iter().filter(|(_, log)| log.len() == 2).count()
    }
}

/// A walk that meets a reserved bit, or that leaves memory, fails the test.
fn view(ram: &Ram, facts: &Facts, address: VirtAddr) -> View {
    match translate(ram, facts, address) {
        Ok(found) => Some((found.physical, Seen::by_walker(&found))),
        Err(fault) if fault.is_not_present() => None,
        Err(fault) => panic!("a torn entry on the way to {address:?}: {fault}"),
    }
}
