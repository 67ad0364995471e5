//! Work on a list, a few items at a time.

use super::map;

#[test]
fn results_come_in_the_order_of_the_items() {
    let items: Vec<u64> = (0..50).collect();
    let slow_first = |item: &u64| {
        std::thread::sleep(std::time::Duration::from_micros(500 - item * 10));
        item * 2
    };
    assert_eq!(map(&items, 4, slow_first), (0..50).map(|item| item * 2).collect::<Vec<u64>>());
}

#[test]
fn no_items_need_no_work() {
    assert!(map(&[] as &[u64], 2, |item| *item).is_empty());
}
