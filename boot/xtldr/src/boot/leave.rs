//! Leaving boot services, and what follows without them: reconcile, seal.
//!
//! From the first `ExitBootServices` on, whether it succeeds or not, the firmware may be half gone (UEFI 2.10, section
//! 7.4.6): nothing is allocated or freed any more, and an error can only be told and followed by a reset.

use core::mem::ManuallyDrop;

use xtboot::block::{Features, Handover, Image, Placed, Stamps, flags, seal};
use xtboot::ledger::{Claim, lay_over};
use xtboot::map::{Edge, RawMap, Summary, sanitise};
use xtboot::parameters::Parameters;
use xtcore::choice::Architecture;
use xtcore::{Frame, FrameCount, MemoryKind, MemoryRun, PagingMode, PhysAddr, VirtAddr};
use xtpaging::processor::Processor;
use xtpaging::{AddressSpace, Support};

use super::error::BootError;
use super::plan::{CLAIMS, Prepared, hand_over_frames};
use super::{Pause, Refused, Remains};
use crate::firmware::{MapFailure, MapShape, Pages, Status};
use crate::report;

/// Descriptors by which the map may grow between the first look at it and the last.
pub const MAP_SLACK: usize = 512;

/// How often the firmware is asked to let go. Twice is what firmware in the field needs at most; the rest is patience.
pub const MAX_ATTEMPTS: u32 = 4;

/// What the processor's switch needs to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    /// The instruction set.
    pub architecture: Architecture,
    /// The mode to switch to.
    pub mode: PagingMode,
    /// For CR3.
    pub page_root: PhysAddr,
    /// The page for the switch's code, identity-mapped in the new tables.
    pub code: Frame,
    /// The page for the switch's data and stack, likewise.
    pub data: Frame,
    /// The slot of the self-map in those tables.
    pub self_map_slot: usize,
    /// The kernel's entry point.
    pub entry: VirtAddr,
    /// The loader block.
    pub block: VirtAddr,
    /// The address after the stack's last byte.
    pub stack_top: VirtAddr,
    /// Whether the tables use the no-execute bit.
    pub no_execute: Support,
    /// Whether IA32_PAT must be set.
    pub page_attributes: Support,
    /// Whether the mode's 4 MiB pages must be switched on.
    pub large_pages: Support,
    /// Whether CR4.CET may be set.
    pub control_flow: Support,
}

/// An error, and whether boot services are still there.
struct Failure {
    error: BootError<'static>,
    firmware: Remains,
}

impl Prepared<'_> {
    /// Leaves boot services, reconciles the loader's account with the final memory map, and seals the loader block.
    ///
    /// Allocates nothing. After a success all memory belongs to the kernel's boot.
    ///
    /// # Errors
    /// [`Refused`]: the reason has been printed. Only where boot services are untouched has memory gone back.
    pub fn leave(self) -> Result<Ready, Refused> {
        let mut this = ManuallyDrop::new(self);
        report::leaving(this.firmware);
        let outcome = this.exit().and_then(|shape| {
            this.reconcile(shape).map_err(|error| Failure { error, firmware: Remains::Nothing })
        });
        outcome.map_err(|Failure { error, firmware }| {
            report::refuse(this.firmware, &error);
            let pause: Pause = this.pause;
            if firmware == Remains::BootServices {
                drop(ManuallyDrop::into_inner(this));
            }
            Refused { pause, firmware }
        })
    }

    /// Takes the final map and leaves, up to [`MAX_ATTEMPTS`] times.
    fn exit(&mut self) -> Result<MapShape, Failure> {
        let mut firmware = Remains::BootServices;
        let mut last = Status::INVALID_PARAMETER;
        for _ in 0..MAX_ATTEMPTS {
            let buffer = self.memory.map.bytes_mut();
            let available = buffer.len();
            let shape = self.firmware.memory_map(buffer).map_err(|failure| Failure {
                error: match failure {
                    MapFailure::TooSmall { needed, .. } => BootError::MapGrew { needed, available },
                    MapFailure::Refused(status) => BootError::Map(status),
                },
                firmware,
            })?;
            match self.firmware.leave(shape.key) {
                Ok(()) => return Ok(shape),
                Err(status) => last = status,
            }
            firmware = Remains::Nothing;
        }
        let error = BootError::Leave { attempts: MAX_ATTEMPTS, status: last };
        Err(Failure { error, firmware })
    }

    fn reconcile(&mut self, shape: MapShape) -> Result<Ready, BootError<'static>> {
        let services_left = self.firmware.ticks();
        let memory = &mut self.memory;
        let claim = |pages: &Pages<'_>, kind| Claim { frames: pages.frames(), kind };
        let mut claims: [Claim; CLAIMS] = [
            claim(&memory.tables, MemoryKind::PageTables),
            claim(&memory.image, MemoryKind::KernelImage),
            claim(&memory.block, MemoryKind::LoaderBlock),
            claim(&memory.stack, MemoryKind::BootStack),
            claim(&memory.hand_over, MemoryKind::LoaderTemporary),
        ];
        let available = memory.map.bytes().len();
        let bytes = memory.map.bytes().get(..shape.bytes);
        let bytes = bytes.ok_or(BootError::MapGrew { needed: shape.bytes, available })?;
        let map = RawMap::new(bytes, shape.stride).map_err(BootError::MapShape)?;
        let nothing = MemoryRun::new(Frame::default(), FrameCount::ZERO, MemoryKind::Reserved);
        let sanitised = sanitise(map, memory.edges.array_mut(Edge::EMPTY), memory.runs.array_mut(nothing))
            .map_err(BootError::Sanitise)?;
        let runs =
            lay_over(&sanitised, &mut claims, memory.ledger.array_mut(nothing)).map_err(BootError::Ledger)?;
        let limit = self.space.format().ram_limit();
        let counts = sanitised.counts();
        report::memory(self.firmware, counts, Summary::of(runs.iter().copied(), limit));

        let tables = self.firmware.system_tables();
        let placed = |pages: &Pages<'_>, base| Placed { frames: pages.frames(), base };
        let image = Image { placed: placed(&memory.image, self.layout.image.start()), entry: self.entry };
        let block = placed(&memory.block, self.layout.block.start());
        let stack = placed(&memory.stack, self.layout.stack.start());
        report::hand_over(self.firmware);
        let handover = Handover {
            architecture: self.processor.architecture,
            choice: self.choice,
            features: features(&self.space, &self.processor),
            page_root: self.space.root(),
            self_map_slot: self.space.self_map().slot(),
            physical_bits: self.processor.capabilities.physical_bits,
            image,
            block,
            stack,
            identity: memory.hand_over.frames(),
            runs,
            sections: &self.sections,
            parameters: Parameters::new(&self.parameters),
            counts,
            acpi_rsdp: tables.acpi_rsdp,
            smbios: tables.smbios,
            system_table: tables.system_table,
            screen: self.screen,
            stamps: Stamps {
                loader_entry: self.start,
                services_left,
                hand_over: self.firmware.ticks(),
                in_firmware: self.firmware.ticks_inside(),
            },
            layout: self.origin,
            kernel_sha256: self.kernel_digest.0,
        };
        seal(memory.block.bytes_mut(), &handover).map_err(BootError::Seal)?;
        #[cfg(feature = "tamper")]
        super::tamper::apply(self);
        Ok(self.ready())
    }

    fn ready(&self) -> Ready {
        let (code, data) = hand_over_frames(&self.memory.hand_over);
        let capabilities = self.processor.capabilities;
        Ready {
            architecture: self.processor.architecture,
            mode: self.choice.mode,
            page_root: self.space.root(),
            self_map_slot: self.space.self_map().slot(),
            code,
            data,
            entry: self.entry,
            block: self.layout.block.start(),
            stack_top: self.layout.stack.end(),
            no_execute: no_execute(&self.space),
            page_attributes: self.processor.page_attributes,
            large_pages: capabilities.large_pages,
            control_flow: self.processor.control_flow,
        }
    }
}

fn no_execute(space: &AddressSpace) -> Support {
    if space.format().has_no_execute() { Support::Present } else { Support::Absent }
}

fn features(space: &AddressSpace, processor: &Processor) -> Features {
    let capabilities = processor.capabilities;
    let bits = [
        (no_execute(space), flags::NO_EXECUTE),
        (capabilities.global, flags::GLOBAL),
        (processor.page_attributes, flags::PAT),
        (capabilities.gigabyte_pages, flags::GIGABYTE_PAGES),
    ];
    let present = bits.iter().filter(|(support, _)| support.is_present());
    Features::from_bits(present.fold(0, |set, (_, flag)| set | flag)).unwrap_or_default()
}
