//! Why a block was refused: a stable number, a short name, up to three facts, and one sentence.
//!
//! The kernel puts the number and the facts into the four parameters of its bug check, so that a photograph of a screen
//! is enough to know what was wrong. Numbers are never reused; the table is also in `docs/boot-protocol.md`.

use core::fmt;

xtcore::named! {
    /// A thing that the block places in memory.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[repr(u32)]
    pub enum Part => name {
        /// The kernel's image.
        Image = 1 => "kernel image",
        /// The block itself.
        Block = 2 => "loader block",
        /// The boot stack; in virtual memory with the guard page below it.
        Stack = 3 => "boot stack",
        /// The loader's identity-mapped pages.
        Identity = 4 => "hand-over code",
        /// The framebuffer.
        Framebuffer = 5 => "framebuffer",
        /// The self-map, which the paging mode places.
        SelfMap = 6 => "self-map",
        /// The root page table.
        PageRoot = 7 => "root page table",
        /// The ACPI RSDP.
        Rsdp = 8 => "ACPI RSDP",
        /// The SMBIOS entry point.
        Smbios = 9 => "SMBIOS entry point",
        /// The UEFI system table.
        SystemTable = 10 => "UEFI system table",
        /// The array of runs.
        Runs = 11 => "array of runs",
        /// The array of sections.
        Sections = 12 => "array of sections",
        /// The text of the parameters.
        Parameters = 13 => "parameter text",
    }
}

/// A field of an error as a bug-check parameter.
trait Fact {
    fn fact(self) -> u64;
}

impl Fact for u64 {
    fn fact(self) -> u64 {
        self
    }
}

impl Fact for Part {
    fn fact(self) -> u64 {
        u64::from(self as u32)
    }
}

macro_rules! block_errors {
    ($(
        $(#[$doc:meta])*
        $name:ident = $code:literal, $short:literal, { $($(#[$about:meta])* $fact:ident: $type:ty,)+ }, $text:literal;
    )*) => {
        /// The first thing that is wrong with a block.
        ///
        /// The facts are raw numbers, because they come from a block that nobody may believe.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum BlockError {
            $($(#[$doc])* $name { $($(#[$about])* $fact: $type,)+ },)*
        }

        impl BlockError {
            /// Returns the stable number of the error.
            #[must_use]
            pub const fn code(&self) -> u32 {
                match self {
                    $(Self::$name { .. } => $code,)*
                }
            }

            /// Returns the short name of the error.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $short,)*
                }
            }

            /// Returns the facts in the order of the fields; zeros for those that the error does not have.
            #[must_use]
            pub fn facts(&self) -> [u64; 3] {
                let mut facts = [0; 3];
                match *self {
                    $(Self::$name { $($fact),+ } => {
                        for (place, fact) in facts.iter_mut().zip([$($fact.fact()),+]) {
                            *place = fact;
                        }
                    })*
                }
                facts
            }
        }

        impl fmt::Display for BlockError {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name { $($fact),+ } => write!(out, $text),)*
                }
            }
        }
    };
}

block_errors! {
    /// The slice is shorter than a header.
    TooShort = 1, "too-short", {
        /// Bytes of the slice.
        bytes: u64,
        /// Bytes of a header.
        needed: u64,
    }, "the loader block has {bytes} bytes, a header alone has {needed}";

    /// The first eight bytes are not [`super::MAGIC`].
    Magic = 2, "magic", {
        /// The bytes found, as a little-endian number.
        found: u64,
    }, "the loader block begins with {found:#018x}, which is not its magic";

    /// The protocol version is not [`super::VERSION`].
    Version = 3, "version", {
        /// The version found.
        found: u64,
        /// The version that this kernel speaks.
        known: u64,
    }, "the loader block has version {found}, this kernel speaks version {known}";

    /// The header's size is not that of [`super::Header`].
    HeaderBytes = 4, "header-bytes", {
        /// The size found.
        found: u64,
        /// The size of this version.
        expected: u64,
    }, "the loader block's header has {found} bytes instead of {expected}";

    /// The block claims to be shorter than its header, longer than what is there, or longer than any block may be.
    BlockBytes = 5, "block-bytes", {
        /// The size claimed.
        claimed: u64,
        /// The largest size possible here.
        available: u64,
    }, "the loader block claims {claimed} bytes, which is impossible within {available}";

    /// The checksum is wrong.
    Checksum = 6, "checksum", {
        /// The checksum in the header.
        stored: u64,
        /// The checksum of the bytes.
        computed: u64,
    }, "the loader block's checksum is {computed:#018x}, its header says {stored:#018x}";

    /// The loader was built for another architecture.
    Machine = 7, "machine", {
        /// The PE machine number found.
        found: u64,
        /// The kernel's own.
        expected: u64,
    }, "the loader block is for machine {found:#x}, this kernel is for {expected:#x}";

    /// The paging mode is not the one that the processor is in.
    PagingLevels = 8, "paging-levels", {
        /// The levels found.
        found: u64,
        /// The levels of the active mode.
        expected: u64,
    }, "the loader block says {found} paging levels, the processor uses {expected}";

    /// There is no such reason for a paging mode.
    PagingReason = 9, "paging-reason", {
        /// The number found.
        found: u64,
    }, "the loader block gives {found} as the reason for the paging mode, which has no meaning";

    /// A flag is set that this version does not know.
    Flags = 10, "flags", {
        /// The flags found.
        found: u64,
        /// Those of them that are unknown.
        unknown: u64,
    }, "the loader block's flags {found:#x} contain the unknown {unknown:#x}";

    /// The root table is not page-aligned, or not the one in CR3.
    PageRoot = 11, "page-root", {
        /// The address found.
        found: u64,
        /// CR3 without its flag bits.
        expected: u64,
    }, "the loader block's root page table is at {found:#x}, CR3 says {expected:#x}";

    /// The self-map is not in the slot that the kernel was entered with, or that slot may not hold it.
    SelfMapSlot = 12, "self-map-slot", {
        /// The slot found.
        found: u64,
        /// The slot that the kernel was entered with.
        expected: u64,
    }, "the loader block's self-map is in slot {found:#x}, the kernel was told {expected:#x}";

    /// No processor has physical addresses of that width.
    PhysicalBits = 13, "physical-bits", {
        /// The width found.
        found: u64,
    }, "the loader block says that physical addresses have {found} bits";

    /// An array does not lie inside the block, aligned, and behind what comes before it.
    ArrayPlace = 14, "array-place", {
        /// Which array.
        part: Part,
        /// Its byte offset.
        offset: u64,
        /// Its bytes.
        bytes: u64,
    }, "the loader block's {part} cannot lie at offset {offset:#x} with {bytes:#x} bytes";

    /// There are no runs, or no sections.
    ArrayEmpty = 15, "array-empty", {
        /// Which array.
        part: Part,
    }, "the loader block's {part} is empty";

    /// A run is empty or passes 2^64 bytes.
    RunExtent = 16, "run-extent", {
        /// Its index.
        index: u64,
        /// Its first frame.
        frame: u64,
        /// Its frames.
        frames: u64,
    }, "run {index} of the memory map cannot begin at frame {frame:#x} and have {frames:#x} frames";

    /// A run's kind has no meaning, or its reserved field is not zero.
    RunKind = 17, "run-kind", {
        /// Its index.
        index: u64,
        /// Its kind.
        kind: u64,
        /// Its reserved field.
        reserved: u64,
    }, "run {index} of the memory map has the kind {kind} (reserved field {reserved}), which has no meaning";

    /// A run begins below the end of the one before it: unsorted or overlapping.
    RunOrder = 18, "run-order", {
        /// Its index.
        index: u64,
        /// Its first frame.
        frame: u64,
        /// The end of the run before.
        previous_end: u64,
    }, "run {index} of the memory map begins at frame {frame:#x}, below {previous_end:#x} where the run before ends";

    /// Page 0 is listed as memory that would be handed out.
    PageZero = 19, "page-zero", {
        /// The kind of its run.
        kind: u64,
    }, "the memory map lists page 0 as usable memory (kind {kind})";

    /// A part has no frames, or its frames pass 2^64 bytes.
    PartExtent = 20, "part-extent", {
        /// Which part.
        part: Part,
        /// Its first frame.
        frame: u64,
        /// Its frames.
        frames: u64,
    }, "the {part} cannot begin at frame {frame:#x} and have {frames:#x} frames";

    /// A frame of a part is listed as something else.
    PartKind = 21, "part-kind", {
        /// Which part.
        part: Part,
        /// Its first frame that is wrong.
        frame: u64,
        /// The number of the kind that the map gives it; zero where the map does not list it.
        kind: u64,
    }, "frame {frame:#x} of the {part} is listed with kind {kind}";

    /// A part lies where this paging mode or processor cannot reach.
    PartReach = 22, "part-reach", {
        /// Which part.
        part: Part,
        /// The physical address of its end, or of the part where that has no length.
        address: u64,
        /// The limit that it passes.
        limit: u64,
    }, "the {part} reaches the physical address {address:#x}, past the limit {limit:#x}";

    /// A part's virtual addresses are unaligned, outside the kernel's half, or not canonical.
    VirtualPlace = 23, "virtual-place", {
        /// Which part.
        part: Part,
        /// Its virtual address.
        base: u64,
        /// Its bytes.
        bytes: u64,
    }, "the {part} cannot be mapped at {base:#x} with {bytes:#x} bytes";

    /// Two parts share virtual addresses.
    VirtualOverlap = 24, "virtual-overlap", {
        /// The one.
        part: Part,
        /// The other.
        other: Part,
        /// The virtual address of the first.
        base: u64,
    }, "the {part} at {base:#x} overlaps the {other} in virtual memory";

    /// The block is not where the kernel found it.
    BlockAddress = 25, "block-address", {
        /// The virtual address in the header.
        found: u64,
        /// The address that the kernel was given.
        expected: u64,
    }, "the loader block says that it is at {found:#x}, it was found at {expected:#x}";

    /// The block is longer than its frames.
    BlockFrames = 26, "block-frames", {
        /// Bytes of the block.
        bytes: u64,
        /// Frames of the block.
        frames: u64,
    }, "the loader block's {bytes} bytes do not fit its {frames} frames";

    /// The stack pointer does not point into the boot stack.
    StackPointer = 27, "stack-pointer", {
        /// The stack pointer.
        pointer: u64,
        /// The lowest address of the stack.
        base: u64,
        /// The address after its last byte.
        top: u64,
    }, "the stack pointer {pointer:#x} is not inside the boot stack from {base:#x} to {top:#x}";

    /// A section is empty or leaves the image.
    SectionExtent = 28, "section-extent", {
        /// Its index.
        index: u64,
        /// Its first page.
        page: u64,
        /// Its pages.
        pages: u64,
    }, "section {index} of the kernel image cannot begin at page {page} and have {pages} pages";

    /// A section's protection has no meaning, or its reserved field is not zero.
    SectionProtection = 29, "section-protection", {
        /// Its index.
        index: u64,
        /// Its protection.
        protection: u64,
        /// Its reserved field.
        reserved: u64,
    }, "section {index} of the kernel image has the protection {protection} (reserved field {reserved}), which has no meaning";

    /// A section begins below the end of the one before it.
    SectionOrder = 30, "section-order", {
        /// Its index.
        index: u64,
        /// Its first page.
        page: u64,
        /// The end of the section before.
        previous_end: u64,
    }, "section {index} of the kernel image begins at page {page}, below {previous_end} where the section before ends";

    /// The entry point is not in an executable section.
    EntryPoint = 31, "entry-point", {
        /// The entry point.
        entry: u64,
        /// The image's base.
        base: u64,
    }, "the entry point {entry:#x} is not in an executable section of the image at {base:#x}";

    /// The parameters are too long.
    ParametersLength = 32, "parameters-length", {
        /// Their bytes.
        bytes: u64,
        /// The most bytes they may have.
        limit: u64,
    }, "the kernel parameters have {bytes} bytes, more than {limit}";

    /// The parameters are not UTF-8.
    ParametersText = 33, "parameters-text", {
        /// Bytes that are valid.
        valid: u64,
        /// All bytes.
        bytes: u64,
    }, "the kernel parameters stop being UTF-8 at byte {valid} of {bytes}";

    /// The descriptor counts contradict each other.
    Counts = 34, "counts", {
        /// Descriptors given.
        given: u64,
        /// Descriptors kept.
        kept: u64,
        /// Descriptors dropped.
        dropped: u64,
    }, "of {given} firmware descriptors {kept} were kept and {dropped} dropped, which does not add up";

    /// More descriptors were merged than kept.
    CountsMerged = 35, "counts-merged", {
        /// Descriptors merged.
        merged: u64,
        /// Descriptors kept.
        kept: u64,
    }, "{merged} firmware descriptors were merged, but only {kept} kept";

    /// There is no framebuffer according to the flags, and yet the record is not zero.
    FramebufferUnexpected = 36, "framebuffer-unexpected", {
        /// Its physical address.
        address: u64,
        /// Its bytes.
        bytes: u64,
    }, "the loader block has no framebuffer, but describes one of {bytes:#x} bytes at {address:#x}";

    /// The framebuffer is empty, or its lines overlap.
    FramebufferShape = 37, "framebuffer-shape", {
        /// Pixels of a line.
        width: u64,
        /// Lines.
        height: u64,
        /// Pixels from line to line.
        stride: u64,
    }, "a framebuffer cannot have {width} x {height} pixels with a stride of {stride}";

    /// The framebuffer's size is not `stride * height * 4`.
    FramebufferBytes = 38, "framebuffer-bytes", {
        /// The size found.
        found: u64,
        /// Pixels from line to line.
        stride: u64,
        /// Lines.
        height: u64,
    }, "the framebuffer has {found:#x} bytes, which does not match {height} lines with a stride of {stride}";

    /// There is no such pixel format.
    FramebufferFormat = 39, "framebuffer-format", {
        /// The number found.
        found: u64,
    }, "the framebuffer has the pixel format {found}, which has no meaning";

    /// A page table lies in a frame that is not listed as one: the kernel would hand out its own page tables.
    TableFrame = 40, "table-frame", {
        /// The frame of the table.
        frame: u64,
        /// The number of the kind that the map gives it; zero where the map does not list it.
        kind: u64,
    }, "frame {frame:#x} holds an active page table, but is listed with kind {kind}";

    /// There is no such origin of the layout, its reserved field is not zero, or the standard layout has a seed.
    LayoutSource = 41, "layout-source", {
        /// The number found.
        found: u64,
        /// The reserved field.
        reserved: u64,
        /// The seed.
        seed: u64,
    }, "the loader block's layout comes from {found} with the seed {seed:#x} (reserved field {reserved}), which has no meaning";
}

impl core::error::Error for BlockError {}
