//! Every status that a controller can show.

use super::*;

#[test]
fn only_a_whole_byte_of_the_keyboard_is_one() {
    for bits in 0..=u8::MAX {
        let expected = match bits {
            _ if bits & 0x01 == 0 => Waiting::Nothing,
            _ if bits & 0xE0 == 0 => Waiting::Keyboard,
            _ => Waiting::Unusable,
        };
        assert_eq!(Status::from_bits_retain(bits).waiting(), expected, "{bits:#04x}");
    }
}

#[test]
fn a_port_without_a_device_offers_no_key() {
    assert_eq!(Status::NOBODY.bits(), 0xFF);
    assert_ne!(Status::NOBODY.waiting(), Waiting::Keyboard);
}

#[test]
fn firmware_that_translates_says_so_in_bit_6() {
    // What EDK II leaves, and what a controller is reset to.
    assert!(Configuration::from_bits_retain(0x67).contains(Configuration::TRANSLATES));
    assert!(!Configuration::from_bits_retain(0x03).contains(Configuration::TRANSLATES));
}
