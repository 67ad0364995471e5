use super::{Class, Vector};

#[test]
fn every_vector_has_the_class_of_its_upper_four_bits() {
    for number in 0..=u8::MAX {
        let first = Vector::new(number & 0xF0);
        assert_eq!(Vector::new(number).class(), first.class(), "{number:#x}");
    }
}

#[test]
fn a_higher_vector_is_never_less_urgent() {
    for number in 0..u8::MAX {
        assert!(Vector::new(number).class() <= Vector::new(number + 1).class(), "{number:#x}");
    }
}

#[test]
fn the_named_vectors_have_the_urgency_that_their_names_promise() {
    for (vector, class) in [
        (Vector::new(14), Class::Exception),
        (Vector::PICS, Class::Pic),
        (Vector::FIRST_DEVICE, Class::Device),
        (Vector::LAST_DEVICE, Class::Device),
        (Vector::CLOCK, Class::Clock),
        (Vector::INBOX, Class::Processor),
        (Vector::STOP, Class::Processor),
        (Vector::APIC_ERROR, Class::Controller),
        (Vector::SPURIOUS, Class::Controller),
    ] {
        assert_eq!(vector.class(), class, "{vector}");
    }
}

#[test]
fn sixteen_requests_of_the_pics_stay_below_the_devices() {
    assert_eq!(Vector::PICS.number() + 16, Vector::FIRST_DEVICE.number());
}
