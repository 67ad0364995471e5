//! Lists whose entries know them, against two queues of the standard library; and what must not be possible.

extern crate std;
use std::boxed::Box;
use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::thread;
use std::vec::Vec;

use super::*;
use proptest::prelude::*;

fn entries(count: u32) -> Box<[Entry<u32>]> {
    (0..count).map(Entry::new).collect()
}

fn numbers(list: &List<'_, u32>) -> Vec<u32> {
    list.iter().map(|entry| **entry).collect()
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Push(usize),
    PushFirst(usize),
    Remove(usize),
    Pop,
    PopLast,
    Append,
}

fn actions() -> impl Strategy<Value = Vec<(bool, Action)>> {
    let which = 0..8_usize;
    let action = prop_oneof![
        3 => which.clone().prop_map(Action::Push),
        3 => which.clone().prop_map(Action::PushFirst),
        4 => which.prop_map(Action::Remove),
        1 => Just(Action::Pop),
        1 => Just(Action::PopLast),
        1 => Just(Action::Append),
    ];
    prop::collection::vec((any::<bool>(), action), 0..64)
}

proptest! {
    #[test]
    fn two_lists_share_entries_and_neither_touches_the_other_ones(actions in actions()) {
        let entries = entries(8);
        let mut lists = [Box::pin(List::new()), Box::pin(List::new())];
        let mut models: [VecDeque<u32>; 2] = Default::default();
        let addresses = lists.each_ref().map(|list| list.address());
        for (swapped, action) in actions {
            let [first, second] = &mut lists;
            let [one, two] = &mut models;
            let (list, other, model, another) =
                if swapped { (second, first, two, one) } else { (first, second, one, two) };
            let list: Pin<&mut List<'_, u32>> = list.as_mut();
            match action {
                Action::Push(which) | Action::PushFirst(which) => {
                    let number = which as u32;
                    let is_free = !model.contains(&number) && !another.contains(&number);
                    let home = entries[which].home();
                    let at_end = matches!(action, Action::Push(_));
                    let pushed =
                        if at_end { list.push(&entries[which]) } else { list.push_first(&entries[which]) };
                    prop_assert_eq!(pushed, if is_free { Ok(()) } else { Err(AlreadyIn(home.unwrap())) });
                    match (is_free, at_end) {
                        (true, true) => model.push_back(number),
                        (true, false) => model.push_front(number),
                        (false, _) => {}
                    }
                }
                Action::Remove(which) => {
                    let place = model.iter().position(|&number| number as usize == which);
                    let expected = match place {
                        Some(_) => Ok(()),
                        None => Err(Refusal::Elsewhere(entries[which].home())),
                    };
                    prop_assert_eq!(list.remove(&entries[which]), expected);
                    place.and_then(|place| model.remove(place));
                }
                Action::Pop => {
                    prop_assert_eq!(list.pop().unwrap().map(|entry| **entry), model.pop_front());
                }
                Action::PopLast => {
                    prop_assert_eq!(list.pop_last().unwrap().map(|entry| **entry), model.pop_back());
                }
                Action::Append => {
                    prop_assert_eq!(list.append(other.as_mut()), Ok(()));
                    model.append(another);
                }
            }
            for (list, model) in lists.iter().zip(&models) {
                prop_assert_eq!(&numbers(list), &Vec::from(model.clone()));
                prop_assert_eq!(list.first().map(|entry| **entry), model.front().copied());
                prop_assert_eq!(list.last().map(|entry| **entry), model.back().copied());
                prop_assert_eq!(list.is_empty(), model.is_empty());
            }
            for entry in &entries {
                let place = models.iter().position(|model| model.contains(&**entry));
                prop_assert_eq!(entry.home(), place.map(|place| addresses[place]));
            }
        }
    }
}

#[test]
fn taking_out_through_the_wrong_list_is_an_error_and_changes_nothing() {
    let entries = entries(3);
    let (mut list, mut wrong) = (pin!(List::new()), pin!(List::new()));
    for entry in &entries {
        list.as_mut().push(entry).unwrap();
    }
    let home = Some(list.address());
    assert_eq!(wrong.as_mut().remove(&entries[1]), Err(Refusal::Elsewhere(home)));
    assert_eq!(numbers(&list), [0, 1, 2]);
    assert_eq!(list.as_mut().remove(&entries[1]), Ok(()));
    assert_eq!(list.as_mut().remove(&entries[1]), Err(Refusal::Elsewhere(None)));
    assert_eq!(numbers(&list), [0, 2]);
}

#[test]
fn an_entry_cannot_be_pushed_twice_not_even_into_its_own_list() {
    let entries = entries(1);
    let mut list = pin!(List::new());
    list.as_mut().push(&entries[0]).unwrap();
    let home = list.address();
    assert_eq!(list.as_mut().push(&entries[0]), Err(AlreadyIn(home)));
    assert_eq!(list.as_mut().push_first(&entries[0]), Err(AlreadyIn(home)));
    assert_eq!(numbers(&list), [0]);
}

#[test]
fn a_list_that_is_dropped_lets_its_entries_go() {
    let mut entries = entries(3);
    {
        let mut list = pin!(List::new());
        for entry in &entries {
            list.as_mut().push(entry).unwrap();
        }
    }
    assert!(entries.iter().all(|entry| entry.home().is_none()));
    *entries[0] += 10;
    let mut next = pin!(List::new());
    next.as_mut().push(&entries[0]).unwrap();
    assert_eq!(numbers(&next), [10]);
}

#[test]
fn a_list_that_is_leaked_keeps_its_entries_from_all_others() {
    let entries = entries(2);
    let mut lost = Box::pin(List::new());
    lost.as_mut().push(&entries[0]).unwrap();
    let home = lost.address();
    let kept = Box::leak(Box::new(lost));
    let mut other = pin!(List::new());
    assert_eq!(other.as_mut().push(&entries[0]), Err(AlreadyIn(home)));
    assert_eq!(numbers(kept), [0]);
    // SAFETY: it came from a box a few lines above.
    drop(unsafe { Box::from_raw(kept) });
}

#[test]
fn a_link_that_was_overwritten_is_an_error_and_nothing_changes() {
    let entries = entries(3);
    let mut list = pin!(List::new());
    for entry in &entries {
        list.as_mut().push(entry).unwrap();
    }
    // Somebody pushes the last entry elsewhere without taking it out here: it does not know its neighbours any more.
    let mut stranger = Ring::new();
    // SAFETY: it breaks the promise, but follows no link of the entry.
    unsafe { stranger.push(NonNull::from(&entries[2].link)) };
    let corrupt = Corrupt { entry: core::ptr::from_ref(&entries[1]).addr() };
    assert_eq!(list.as_mut().remove(&entries[1]), Err(Refusal::Corrupt(corrupt)));
    assert!(list.contains(&entries[1]));
}

#[test]
fn lists_of_several_threads_pass_entries_on() {
    let entries = entries(16);
    let lists = [(); 3].map(|()| Mutex::new(Box::pin(List::new())));
    for entry in &entries {
        lists[0].lock().unwrap().as_mut().push(entry).unwrap();
    }
    thread::scope(|scope| {
        for seed in 0..3_usize {
            let lists = &lists;
            scope.spawn(move || {
                for step in 0..200 {
                    let (from, to) = ((step * 7 + seed) % 3, (step * 5 + seed * 2) % 3);
                    let Some(entry) = lists[from].lock().unwrap().as_mut().pop().unwrap() else { continue };
                    // It is in no list, so nobody else can have it.
                    lists[to].lock().unwrap().as_mut().push(entry).unwrap();
                }
            });
        }
    });
    let mut all: Vec<u32> = lists.iter().flat_map(|list| numbers(&list.lock().unwrap())).collect();
    all.sort_unstable();
    assert_eq!(all, (0..16).collect::<Vec<_>>());
}
