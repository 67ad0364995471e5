//! What a local APIC reports as errors (SDM volume 3A, section 11.5.3).

use bitflags::bitflags;

bitflags! {
    /// The error status register.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Errors: u32 {
        /// A message that was sent arrived damaged (old processors only).
        const SEND_CHECKSUM = 1 << 0;
        /// A message that was received was damaged (old processors only).
        const RECEIVE_CHECKSUM = 1 << 1;
        /// Nobody took a message that was sent (old processors only).
        const SEND_ACCEPT = 1 << 2;
        /// Nobody took a message, this processor included (old processors only).
        const RECEIVE_ACCEPT = 1 << 3;
        /// A lowest-priority interrupt was sent, which this processor cannot do.
        const REDIRECTABLE = 1 << 4;
        /// An illegal vector was to be sent.
        const SEND_ILLEGAL_VECTOR = 1 << 5;
        /// An illegal vector came in, or is in a local vector.
        const RECEIVE_ILLEGAL_VECTOR = 1 << 6;
        /// A register was accessed that does not exist.
        const ILLEGAL_REGISTER = 1 << 7;
    }
}
