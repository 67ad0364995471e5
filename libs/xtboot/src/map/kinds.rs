//! Which firmware memory type becomes which [`MemoryKind`], and which kind wins where two meet.
//!
//! The table is data and published, also in `docs/boot-protocol.md`. A type that is not in it (OEM-defined, made up by
//! another loader, or newer than this crate) is [`MemoryKind::Reserved`].

use xtcore::MemoryKind;

/// A row of the published table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirmwareType {
    /// The number of the `EFI_MEMORY_TYPE`.
    pub number: u32,
    /// Its name in the UEFI specification, without the `Efi` in front.
    pub name: &'static str,
    /// What such memory is for, once boot services have been left.
    pub kind: MemoryKind,
}

const fn row(number: u32, name: &'static str, kind: MemoryKind) -> FirmwareType {
    FirmwareType { number, name, kind }
}

/// The memory types of UEFI 2.10 (section 7.2.1, table 7.6, and section 7.2.3) and their kinds, by number.
///
/// Runtime-services memory keeps its kind by type, not by the attribute EFI_MEMORY_RUNTIME: there is firmware that
/// forgets the attribute. `PalCode` is an Itanium's and means nothing here, so it stays reserved.
pub const FIRMWARE_TYPES: &[FirmwareType] = &[
    row(0, "ReservedMemoryType", MemoryKind::Reserved),
    row(1, "LoaderCode", MemoryKind::LoaderTemporary),
    row(2, "LoaderData", MemoryKind::LoaderTemporary),
    row(3, "BootServicesCode", MemoryKind::FirmwareTemporary),
    row(4, "BootServicesData", MemoryKind::FirmwareTemporary),
    row(5, "RuntimeServicesCode", MemoryKind::RuntimeCode),
    row(6, "RuntimeServicesData", MemoryKind::RuntimeData),
    row(7, "ConventionalMemory", MemoryKind::Free),
    row(8, "UnusableMemory", MemoryKind::Bad),
    row(9, "ACPIReclaimMemory", MemoryKind::AcpiReclaimable),
    row(10, "ACPIMemoryNVS", MemoryKind::AcpiNvs),
    row(11, "MemoryMappedIO", MemoryKind::Device),
    row(12, "MemoryMappedIOPortSpace", MemoryKind::Device),
    row(13, "PalCode", MemoryKind::Reserved),
    row(14, "PersistentMemory", MemoryKind::Persistent),
    row(15, "UnacceptedMemoryType", MemoryKind::Unaccepted),
];

/// The attribute bits of a descriptor that change its kind. All others are capabilities and say nothing about it.
pub mod attributes {
    /// EFI_MEMORY_NV: the memory keeps its contents. On memory that would be free it means [`Persistent`].
    ///
    /// [`Persistent`]: xtcore::MemoryKind::Persistent
    pub const NON_VOLATILE: u64 = 0x8000;
    /// EFI_MEMORY_SP: set aside for a driver. On memory that would be free it means [`SpecialPurpose`].
    ///
    /// [`SpecialPurpose`]: xtcore::MemoryKind::SpecialPurpose
    pub const SPECIAL_PURPOSE: u64 = 0x4_0000;
}

/// Returns what memory of the type with that number and those attributes is for.
///
/// The attributes count only for conventional and boot-services memory. Loader memory is what the firmware gave to the
/// loader on request, so it is not taken away again.
#[must_use]
pub const fn kind_of(number: u32, attributes: u64) -> MemoryKind {
    let kind = by_type(number);
    match kind {
        MemoryKind::Free | MemoryKind::FirmwareTemporary => {
            if attributes & attributes::NON_VOLATILE != 0 {
                MemoryKind::Persistent
            } else if attributes & attributes::SPECIAL_PURPOSE != 0 {
                MemoryKind::SpecialPurpose
            } else {
                kind
            }
        }
        _ => kind,
    }
}

const fn by_type(number: u32) -> MemoryKind {
    let mut rows = FIRMWARE_TYPES;
    while let [first, rest @ ..] = rows {
        if first.number == number {
            return first.kind;
        }
        rows = rest;
    }
    MemoryKind::Reserved
}

/// Returns the place of `kind` in the order of restrictiveness; the higher number wins where descriptors overlap.
///
/// The order asks how much is lost when the frame is treated as the *other* kind. From the bottom: memory that is free,
/// now or soon; memory that somebody holds but that stays RAM (the four kinds that only the loader's ledger gives come
/// first); memory that only one party may touch; addresses behind which there may be no RAM at all.
#[must_use]
pub const fn restrictiveness(kind: MemoryKind) -> usize {
    match kind {
        MemoryKind::Free => 0,
        MemoryKind::FirmwareTemporary => 1,
        MemoryKind::LoaderTemporary => 2,
        MemoryKind::BootStack => 3,
        MemoryKind::LoaderBlock => 4,
        MemoryKind::KernelImage => 5,
        MemoryKind::PageTables => 6,
        MemoryKind::AcpiReclaimable => 7,
        MemoryKind::SpecialPurpose => 8,
        MemoryKind::Persistent => 9,
        MemoryKind::Unaccepted => 10,
        MemoryKind::RuntimeData => 11,
        MemoryKind::RuntimeCode => 12,
        MemoryKind::AcpiNvs => 13,
        MemoryKind::Device => 14,
        MemoryKind::Reserved => 15,
        MemoryKind::Bad => 16,
    }
}
