//! Values in a table.

extern crate std;

use std::vec::Vec;

use super::{MOST, NotNext, PerCpu};

#[test]
fn a_slice_gives_its_elements_and_nothing_behind_them() {
    let values = [3_u32, 5, 7];
    let cpus = PerCpu::new(&values);
    assert_eq!(cpus.iter().copied().collect::<Vec<_>>(), [3, 5, 7]);
    assert_eq!(cpus.get(3), None);
    assert_eq!(cpus.get(MOST), None);
    assert_eq!(cpus.get(usize::MAX), None);
}

#[test]
fn values_come_from_anywhere_and_have_the_next_number() {
    let values = [1_u32, 2, 3];
    let cpus = PerCpu::new(&values[1..2]);
    cpus.add(1, &values[0]).unwrap();
    assert_eq!((cpus.count(), cpus.get(2)), (2, None));
    cpus.add(2, &values[2]).unwrap();
    assert_eq!(cpus.iter().copied().collect::<Vec<_>>(), [2, 1, 3]);
}

#[test]
fn an_empty_one_gets_its_first_value_later() {
    let (none, value) = ([0_u32; 0], 1);
    let cpus = PerCpu::new(&none);
    assert_eq!((cpus.get(0), cpus.iter().count()), (None, 0));
    cpus.add(0, &value).unwrap();
    assert_eq!(cpus.get(0), Some(&1));
}

#[test]
fn there_is_a_last_place() {
    let values = [0_u32; MOST + 1];
    let full = PerCpu::new(&values);
    assert_eq!(full.count(), MOST);
    assert_eq!(full.add(MOST, &values[0]), Err(NotNext { asked: MOST, next: None }));
    let almost = PerCpu::new(&values[..MOST - 1]);
    almost.add(MOST - 1, &values[0]).unwrap();
    assert_eq!(almost.add(MOST, &values[0]), Err(NotNext { asked: MOST, next: None }));
    assert_eq!(almost.iter().count(), MOST);
}

#[test]
fn who_is_not_the_next_is_refused() {
    let values = [1_u32, 2];
    let cpus = PerCpu::new(&values[..1]);
    for wrong in [0, 2, MOST] {
        assert_eq!(cpus.add(wrong, &values[1]), Err(NotNext { asked: wrong, next: Some(1) }));
    }
    assert_eq!(cpus.iter().count(), 1);
}

#[test]
fn another_thread_finds_what_was_written_before_a_value_was_added() {
    use core::sync::atomic::{AtomicU32, Ordering};
    let values: Vec<AtomicU32> = (0..MOST).map(|_| AtomicU32::new(0)).collect();
    let cpus = PerCpu::new(&values[..1]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (number, value) in values.iter().enumerate().skip(1) {
                value.store(number as u32, Ordering::Relaxed);
                cpus.add(number, value).unwrap();
            }
        });
        while cpus.count() < values.len() {
            let count = cpus.count();
            let found = cpus.get(count - 1).unwrap();
            assert_eq!(found.load(Ordering::Relaxed) as usize, count - 1);
        }
    });
}
