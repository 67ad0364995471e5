//! Device paths as firmware writes them, and bytes that are none.

use std::vec::Vec;

use super::shows_on_first_serial_port;

fn node(kind: u8, subkind: u8, data: &[u8]) -> Vec<u8> {
    let length = (4 + data.len()) as u16;
    [&[kind, subkind][..], &length.to_le_bytes(), data].concat()
}

fn serial(unique: u8) -> Vec<u8> {
    let root = node(2, 1, &[0xD0, 0x41, 0x03, 0x0A, 0, 0, 0, 0]);
    let bridge = node(1, 1, &[0, 0x1F]);
    let port = node(2, 1, &[0xD0, 0x41, 0x01, 0x05, unique, 0, 0, 0]);
    let uart = node(3, 14, &[0; 15]);
    let end = node(0x7F, 0xFF, &[]);
    [root, bridge, port, uart, end].concat()
}

fn display() -> Vec<u8> {
    let root = node(2, 1, &[0xD0, 0x41, 0x03, 0x0A, 0, 0, 0, 0]);
    [root, node(1, 1, &[0, 2]), node(2, 3, &[0; 4]), node(0x7F, 0x01, &[])].concat()
}

#[test]
fn the_first_serial_port_is_found_behind_a_display() {
    assert!(shows_on_first_serial_port(&[display(), serial(0)].concat()));
    assert!(!shows_on_first_serial_port(&display()));
}

#[test]
fn another_serial_port_is_not_the_first() {
    assert!(!shows_on_first_serial_port(&serial(1)));
}

#[test]
fn bytes_that_are_no_device_path_end_the_search() {
    for bytes in [&[][..], &[2], &[2, 1, 0, 0], &[2, 1, 3, 0], &[2, 1, 200, 0, 1], &[0xFF; 64]] {
        assert!(!shows_on_first_serial_port(bytes), "{bytes:?}");
    }
}
