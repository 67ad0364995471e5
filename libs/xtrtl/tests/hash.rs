//! SHA-1 against NIST's vectors and the examples of FIPS 180, whole, split anywhere, and used again.

use proptest::prelude::*;
use xtrtl::hash::{Digest, Sha1};

const SHORT: &str = include_str!("data/sha1-short.txt");
const LONG: &str = include_str!("data/sha1-long.txt");

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hexadecimal.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Returns the messages of a file and their digests.
fn vectors(file: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let vector = |line: &str| {
        let mut words = line.split(' ');
        let [bits, message, digest] = [(); 3].map(|()| words.next().unwrap());
        let mut message = bytes(message);
        // The empty message is written as one byte.
        message.truncate(bits.parse::<usize>().unwrap() / 8);
        assert_eq!(message.len() * 8, bits.parse().unwrap());
        (message, bytes(digest))
    };
    file.lines().map(vector).collect()
}

#[test]
fn all_vectors_come_out() {
    let (short, long) = (vectors(SHORT), vectors(LONG));
    assert_eq!((short.len(), long.len()), (65, 7));
    assert!(short.iter().zip(0..).all(|((message, _), length)| message.len() == length));
    for (message, digest) in short.iter().chain(&long) {
        assert_eq!(Sha1::digest(message)[..], digest[..], "{} bytes", message.len());
    }
}

#[test]
fn the_examples_of_the_standard_come_out() {
    let million = vec![b'a'; 1_000_000];
    let two_blocks = &b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"[..];
    for (message, digest) in [
        (&b"abc"[..], "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        (&million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    ] {
        assert_eq!(Sha1::digest(message)[..], bytes(digest)[..]);
    }
}

#[test]
fn every_place_to_split_a_message_of_some_blocks_gives_the_same() {
    let (message, digest) = vectors(LONG).swap_remove(0);
    for place in 0..=message.len() {
        let (one, other) = message.split_at(place);
        assert_eq!(Sha1::new().chain_update(one).chain_update(other).finalize()[..], digest[..], "{place}");
    }
}

#[test]
fn a_hasher_that_was_used_begins_anew() {
    let mut hasher = Sha1::new();
    for (message, digest) in vectors(SHORT) {
        hasher.update(&message);
        assert_eq!(hasher.finalize_reset()[..], digest[..]);
    }
}

proptest! {
    #[test]
    fn a_long_message_may_come_in_any_pieces(which in 0..7_usize, lengths in prop::collection::vec(0..200_usize, 1..200)) {
        let (message, digest) = vectors(LONG).swap_remove(which);
        let (mut hasher, mut left) = (Sha1::new(), &message[..]);
        for length in lengths.into_iter().cycle().take(message.len()) {
            let (piece, rest) = left.split_at(length.min(left.len()));
            hasher.update(piece);
            left = rest;
        }
        hasher.update(left);
        prop_assert_eq!(&hasher.finalize()[..], &digest[..]);
    }
}
