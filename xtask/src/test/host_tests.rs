//! What test binaries say, summed up.

use super::passed_tests;

#[test]
fn the_tests_of_all_binaries_are_counted() {
    let output =
        "running 3 tests\ntest result: ok. 3 passed; 0 failed\n\nx\ntest result: ok. 40 passed; 0 failed\n";
    assert_eq!(passed_tests(output), 43);
    assert_eq!(passed_tests("test result: FAILED. 3 passed; 1 failed"), 0);
}
