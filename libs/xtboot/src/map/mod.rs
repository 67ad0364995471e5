//! The firmware memory-map sanitiser.
//!
//! ```text
//!   firmware's bytes --RawMap--> descriptors --kind_of--> kind + frames --sort, sweep--> MemoryRun[]
//! ```
//!
//! Firmware promises little about its map, and keeps less: descriptors come unsorted, with a stride of the firmware's
//! own, empty, overlapping, unaligned, or running past the end of the address space. The sanitiser takes all of it
//! and guarantees about its output:
//!
//! * runs are sorted by frame, never empty, pairwise disjoint, and maximal: neighbours differ in kind or do not touch;
//! * where descriptors overlap, the most restrictive kind wins ([`restrictiveness`]);
//! * a frame is of a kind that the kernel may use only if a descriptor of such a type holds *all* of it (usable memory
//!   rounds inwards) and no descriptor of another type holds *any* of it (everything else rounds outwards);
//! * unknown, OEM, persistent, unaccepted and special-purpose memory is never free, and neither is page 0;
//! * the output depends on the set of descriptors alone, not on their order, and sanitising it again changes nothing.
//!
//! The cost is that of sorting two edges a descriptor, O(n log n), and does not depend on the amount of memory.
//!
//! Source: UEFI 2.10, section 7.2.3 (`GetMemoryMap`).

mod descriptor;
mod kinds;
mod sanitise;
mod summary;
mod writer;

pub use descriptor::{DESCRIPTOR_BYTES, Descriptor, MAX_DESCRIPTORS, RawMap, RawMapError};
pub use kinds::{FIRMWARE_TYPES, FirmwareType, attributes, kind_of, restrictiveness};
pub use sanitise::{Counts, Edge, SanitiseError, Sanitised, edges_needed, runs_bound, sanitise};
pub use summary::Summary;
pub use writer::TooManyRuns;

pub(crate) use writer::RunWriter;
