//! All that is found, in one value.

use core::fmt;

use xtcore::PhysAddr;
use xtcore::interrupt::Line;

use crate::fixed::{self, Fadt, Fixed, SoftOff};
use crate::hpet::{self, Hpet};
use crate::interrupt::IsaIrq;
use crate::madt::{self, InterruptModel, Interrupts, Processors};
use crate::memory::{ReadPhysical, Unreadable};
use crate::notice::{Notice, Notices};
use crate::root::{self, Kind};
use crate::table::{Signature, Table};

/// What firmware's tables say of the machine. Plain data of a few KiB.
///
/// The default is what to assume where there are no tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Platform {
    /// The processors.
    pub processors: Processors,
    /// How interrupts reach them.
    pub interrupts: Interrupts,
    /// The fixed hardware of ACPI.
    pub fixed: Fixed,
    /// The event timer.
    pub hpet: Option<Hpet>,
    /// How to switch the machine off.
    pub soft_off: Option<SoftOff>,
    /// What is wrong with the tables.
    pub notices: Notices,
}

impl Platform {
    /// More bytes than [`find`](Self::find) ever reads.
    ///
    /// Tables that are no AML have at most 1 MiB, and at most five of a kind are read to be added up; the MADT is walked
    /// twice after that. A DSDT has at most 4 MiB; two are read to be added up, one is searched, and behind each
    /// definition of `_S5_` in it 10 bytes are read again.
    pub const MOST_BYTES: u64 = 32 << 20;

    /// Reads the tables that begin with the RSDP at `rsdp`.
    ///
    /// Never fails: what cannot be used is missing, and a notice says so. Reads each byte of well-formed tables about
    /// twice, and never more than [`MOST_BYTES`](Self::MOST_BYTES) of any.
    #[must_use]
    pub fn find(memory: &mut impl ReadPhysical, rsdp: PhysAddr) -> Self {
        let mut platform = Self::default();
        let Some(tables) = root::tables(memory, rsdp, &mut platform.notices) else { return platform };
        platform.use_needed(Signature::MADT, tables.madt, |platform, table| {
            let Self { processors, interrupts, notices, .. } = platform;
            madt::read(memory, table, processors, interrupts, notices)
        });
        // The way of the SCI depends on the MADT.
        platform.use_needed(Signature::FADT, tables.fadt, |platform, table| {
            let fadt = Fadt::read(memory, table)?;
            platform.fixed = fadt.fixed(&platform.interrupts, &mut platform.notices);
            platform.soft_off = fixed::find_soft_off(memory, &fadt, &mut platform.notices);
            Ok(())
        });
        if let Some(table) = tables.hpet.table {
            match hpet::read(memory, table) {
                Ok(hpet) => platform.hpet = Some(hpet),
                Err(notice) => platform.notices.push(notice),
            }
        }
        platform
    }

    /// Uses a table that every machine has, or says that there is none.
    fn use_needed(
        &mut self,
        signature: Signature,
        kind: Kind,
        read: impl FnOnce(&mut Self, Table) -> Result<(), Unreadable>,
    ) {
        let Some(table) = kind.table else {
            // What is wrong with those that are there has been said.
            if kind.faulty == 0 {
                self.notices.push(Notice::Absent { signature });
            }
            return;
        };
        if let Err(fault) = read(self, table) {
            self.notices.push(Notice::Table { signature, at: table.base(), fault: fault.into() });
        }
    }

    /// Returns the input at which a line of the ISA bus ends, and how it signals.
    #[must_use]
    pub fn gsi_of(&self, irq: IsaIrq) -> Line {
        self.interrupts.isa.of(irq)
    }
}

/// One line: "4 processors, 1 I/O APIC, HPET, ACPI PM timer of 24 bits".
impl fmt::Display for Platform {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.interrupts.model {
            InterruptModel::Pic => out.write_str("no MADT")?,
            InterruptModel::Apic => {
                counted(out, self.processors.enabled().count(), "processor")?;
                let capable = self.processors.listed().len() - self.processors.enabled().count();
                if capable > 0 {
                    write!(out, " and {capable} to come")?;
                }
                out.write_str(", ")?;
                counted(out, self.interrupts.io_apics().len(), "I/O APIC")?;
            }
        }
        if self.hpet.is_some() {
            out.write_str(", HPET")?;
        }
        if let Some(timer) = self.fixed.pm_timer {
            write!(out, ", ACPI PM timer of {} bits", timer.width.bits())?;
        }
        Ok(())
    }
}

fn counted(out: &mut fmt::Formatter<'_>, count: usize, what: &str) -> fmt::Result {
    let plural = if count == 1 { "" } else { "s" };
    write!(out, "{count} {what}{plural}")
}
