//! The MADT: processors, local and I/O APICs, and the wiring between them (ACPI 6.5, section 5.2.12).
//!
//! The table is walked twice. The first walk finds everything but the NMI inputs of local APICs, which belong to
//! processors that may be listed later; the second finds those.

mod entry;
mod interrupts;
mod processor;

use xtcore::interrupt::Signal;
use xtcore::{ApicId, PhysAddr};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

use self::entry::{Entries, Entry, Placed, Target};
use crate::interrupt::{Flags, IsaIrq, Wiring};
use crate::memory::{ReadPhysical, Unreadable};
use crate::notice::{EntryFault, Listed, Notice, Notices};
use crate::table::{Header, Table};

pub use self::interrupts::{InterruptModel, Interrupts, IoApic, LegacyPics, Lint};
pub use self::processor::{Processor, Processors, Readiness};

/// What stands before the entries.
#[derive(FromBytes, IntoBytes)]
#[repr(C)]
struct Madt {
    header: Header,
    local_apic: U32,
    flags: U32,
}

/// The machine has the two interrupt controllers of a PC (`PCAT_COMPAT`).
const HAS_LEGACY_PICS: u32 = 1 << 0;
/// A processor is there.
const ENABLED: u32 = 1 << 0;
/// A processor that is not there can come.
const ONLINE_CAPABLE: u32 = 1 << 1;

/// Reads a MADT into `processors` and `interrupts`.
///
/// # Errors
/// What stands before the entries cannot be read; nothing has changed then.
pub(crate) fn read(
    memory: &mut impl ReadPhysical,
    table: Table,
    processors: &mut Processors,
    interrupts: &mut Interrupts,
    notices: &mut Notices,
) -> Result<(), Unreadable> {
    let Madt { local_apic, flags, .. } = table.beginning(memory)?;
    interrupts.model = InterruptModel::Apic;
    if flags.get() & HAS_LEGACY_PICS == 0 {
        interrupts.legacy_pics = LegacyPics::Absent;
    }
    let mut reader = Reader { processors, interrupts, wide_address: None };
    for step in Entries::of(table, memory) {
        match step.map(|placed| reader.take(&placed)) {
            Ok(Ok(())) => {}
            Ok(Err(notice)) | Err(notice) => notices.push(notice),
        }
    }
    let address = reader.wide_address.unwrap_or(PhysAddr::new(local_apic.get().into()));
    if address == PhysAddr::ZERO {
        notices.push(Notice::NoLocalApicAddress);
    } else {
        interrupts.local_apic = address;
    }
    // What was wrong with the way of the walk has been said.
    for placed in Entries::of(table, memory).flatten() {
        if let Err(notice) = wire_nmi(processors, &placed) {
            notices.push(notice);
        }
    }
    tell_counts(processors, interrupts, notices);
    Ok(())
}

/// Says what is missing in the lists, or did not fit.
fn tell_counts(processors: &Processors, interrupts: &Interrupts, notices: &mut Notices) {
    if processors.enabled().next().is_none() {
        notices.push(Notice::NoProcessor);
    }
    if interrupts.io_apics().is_empty() {
        notices.push(Notice::NoIoApic);
    }
    if processors.repeated > 0 {
        notices.push(Notice::ProcessorsRepeated { count: processors.repeated });
    }
    let beyond = [
        (Listed::Processors, processors.listed().len(), processors.beyond),
        (Listed::IoApics, interrupts.io_apics().len(), interrupts.io_apics_beyond),
        (Listed::NmiSources, interrupts.nmi_sources().len(), interrupts.nmi_sources_beyond),
    ];
    for (what, kept, count) in beyond {
        if count > 0 {
            notices.push(Notice::Beyond { what, kept, count });
        }
    }
}

/// Where the first walk puts what it finds.
struct Reader<'a> {
    processors: &'a mut Processors,
    interrupts: &'a mut Interrupts,
    wide_address: Option<PhysAddr>,
}

impl Reader<'_> {
    /// Takes an entry, or says why not.
    fn take(&mut self, placed: &Placed) -> Result<(), Notice> {
        let wrong = |fault| placed.notice(fault);
        match placed.entry {
            Entry::Processor { apic_id, uid, flags } => self.take_processor(apic_id, uid, flags),
            Entry::IoApic { address: PhysAddr::ZERO, .. } | Entry::LocalApicAddress(PhysAddr::ZERO) => {
                Err(EntryFault::NoAddress)
            }
            Entry::IoApic { id, address, first } => {
                match self.interrupts.add_io_apic(IoApic { id, address, first }) {
                    None => Ok(()),
                    Some(twin) => Err(EntryFault::SameInputs { first, address: twin.address }),
                }
            }
            Entry::Override { bus: 0, source, gsi, flags } => {
                let irq = IsaIrq::new(source).ok_or(wrong(EntryFault::NoSuchLine { bus: 0, source }))?;
                let (wiring, meaning) = Wiring::decode(flags);
                match self.interrupts.isa.record(irq, gsi, wiring) {
                    Some((before, same)) if (before, same) != (gsi, wiring) => {
                        Err(EntryFault::WiredAlready { source, gsi: before })
                    }
                    _ => expect_defined(meaning, flags),
                }
            }
            Entry::Override { bus, source, .. } => Err(EntryFault::NoSuchLine { bus, source }),
            Entry::NmiSource { gsi, flags } => {
                let (wiring, meaning) = Wiring::decode(flags);
                self.interrupts.add_nmi_source(gsi, wiring.on(Signal::ISA));
                expect_defined(meaning, flags)
            }
            Entry::LocalApicAddress(address) => match self.wide_address {
                Some(before) if before != address => Err(EntryFault::AddressedAlready { address: before }),
                _ => {
                    self.wide_address = Some(address);
                    Ok(())
                }
            },
            Entry::LocalNmi { .. } | Entry::Other => Ok(()),
        }
        .map_err(wrong)
    }

    fn take_processor(&mut self, apic_id: Option<ApicId>, uid: u32, flags: u32) -> Result<(), EntryFault> {
        let readiness = match (flags & ENABLED, flags & ONLINE_CAPABLE) {
            (0, 0) => {
                self.processors.disabled += 1;
                return Ok(());
            }
            (0, _) => Readiness::OnlineCapable,
            _ => Readiness::Enabled,
        };
        let apic_id = apic_id.ok_or(EntryFault::EverybodysApicId)?;
        self.processors.add(Processor::new(apic_id, uid, readiness));
        Ok(())
    }
}

/// Tells the processors of an NMI that is wired to their local APICs. For a processor that is not listed, as those that
/// are disabled are not, there is nothing to do. Linear in the processors that are listed.
fn wire_nmi(processors: &mut Processors, placed: &Placed) -> Result<(), Notice> {
    let Entry::LocalNmi { target, lint, flags } = placed.entry else { return Ok(()) };
    let lint = match lint {
        0 => Lint::Zero,
        1 => Lint::One,
        _ => return Err(placed.notice(EntryFault::NoSuchInput { lint })),
    };
    let (wiring, meaning) = Wiring::decode(flags);
    let signal = wiring.on(Signal::ISA);
    for processor in processors.listed_mut() {
        if matches!(target, Target::All) || target == Target::Uid(processor.uid) {
            processor.wire_nmi(lint, signal);
        }
    }
    expect_defined(meaning, flags).map_err(|fault| placed.notice(fault))
}

const fn expect_defined(meaning: Flags, flags: u16) -> Result<(), EntryFault> {
    match meaning {
        Flags::Defined => Ok(()),
        Flags::Reserved => Err(EntryFault::ReservedSignal { flags }),
    }
}
