//! Texts and buffers that cross the protocol, also those that a careless module hands over.

use core::ptr;

use super::*;

fn read(text: Text) -> Option<&'static str> {
    // SAFETY: each text of these tests is null, or made of a static one.
    unsafe { text.get() }
}

#[test]
fn a_text_arrives_as_it_was_sent() {
    assert_eq!(read(Text::new("Grüße")), Some("Grüße"));
    assert_eq!(read(Text::new("")), Some(""));
}

#[test]
fn what_is_no_text_is_none() {
    static BYTES: [u8; 3] = [b'a', 0xFF, b'b'];
    assert_eq!(read(Text { start: BYTES.as_ptr(), bytes: 3 }), None);
    assert_eq!(read(Text { start: ptr::null(), bytes: 1 }), None);
    assert_eq!(read(Text { start: BYTES.as_ptr(), bytes: usize::MAX }), None);
    assert_eq!(read(Text { start: ptr::null(), bytes: 0 }), Some(""));
}

/// Gives `found` to a buffer with this much room, and returns the status, the length, and the buffer.
fn given(found: &[u8], room: usize) -> (Status, usize, [u8; 8]) {
    let (mut buffer, mut bytes) = ([b'.'; 8], room);
    // SAFETY: the buffer has at least `room` bytes, as every caller here sees to.
    let status = unsafe { give(found, buffer.as_mut_ptr(), &mut bytes) };
    (status, bytes, buffer)
}

#[test]
fn a_value_is_given_whole_or_not_at_all() {
    assert_eq!(given(b"value", 8), (Status::SUCCESS, 5, *b"value..."));
    assert_eq!(given(b"value", 5), (Status::SUCCESS, 5, *b"value..."));
    assert_eq!(given(b"value", 4), (Status::BUFFER_TOO_SMALL, 5, *b"........"));
    assert_eq!(given(b"", 0), (Status::SUCCESS, 0, *b"........"));
}

#[test]
fn without_a_buffer_only_the_length_is_given() {
    let mut bytes = 0;
    // SAFETY: there is no room, so nothing is written to the buffer, which is null.
    let status = unsafe { give(b"value", ptr::null_mut(), &mut bytes) };
    assert_eq!((status, bytes), (Status::BUFFER_TOO_SMALL, 5));
    let mut bytes = 9;
    // SAFETY: a null buffer is refused before anything is written to it.
    let status = unsafe { give(b"value", ptr::null_mut(), &mut bytes) };
    assert_eq!(status, Status::INVALID_PARAMETER);
    // SAFETY: a null length is refused before anything is read.
    let status = unsafe { give(b"value", ptr::null_mut(), ptr::null_mut()) };
    assert_eq!(status, Status::INVALID_PARAMETER);
}
