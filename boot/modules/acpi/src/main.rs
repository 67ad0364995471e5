//! Finds the tables that firmware hands to the kernel, ACPI and SMBIOS, and checks them: a summary in one line when the
//! module starts, a warning for each table that is broken, and all of it by the command `acpi`.
//!
//! It changes nothing. The kernel reads the tables itself and trusts none of them; this is for people who want to know
//! before, with a firmware at hand whose tables are in doubt.

#![cfg_attr(target_os = "uefi", no_std, no_main)]

mod memory;
mod smbios;

use memory::Described;
use smbios::EntryPoint;
use xtacpi::{Found, Notices, ReadPhysical, survey};
use xtcore::PhysAddr;
use xtmodule::uefi::table::cfg::ConfigTableEntry;
use xtmodule::uefi::{self, Guid, system};
use xtmodule::{Command, Loader};

xtmodule::module! { start: start }

fn start(loader: Loader) -> uefi::Result {
    loader.provide_command::<Acpi>("acpi", "lists the ACPI and SMBIOS tables")?;
    look(loader, Telling::Summary)
}

/// The command `acpi`.
struct Acpi;

impl Command for Acpi {
    fn run(loader: Loader, _arguments: &str) -> uefi::Result {
        look(loader, Telling::Everything)
    }
}

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// One line, and what is wrong.
    Summary,
    /// Each table.
    Everything,
}

/// Looks at all tables, and tells of them.
fn look(loader: Loader, telling: Telling) -> uefi::Result {
    // The firmware maps what its memory map describes; to read elsewhere would be a fault.
    let mut memory = Described::now()?;
    match table(&[ConfigTableEntry::ACPI2_GUID, ConfigTableEntry::ACPI_GUID]) {
        Some(rsdp) => look_at_acpi(loader, &mut memory, rsdp, telling),
        None => loader.print(format_args!("acpi: the firmware has no ACPI tables")),
    }
    match table(&[ConfigTableEntry::SMBIOS3_GUID, ConfigTableEntry::SMBIOS_GUID]) {
        Some(entry) => look_at_smbios(loader, &mut memory, entry),
        None => loader.print(format_args!("acpi: the firmware has no SMBIOS tables")),
    }
    Ok(())
}

fn look_at_acpi(loader: Loader, memory: &mut Described, rsdp: PhysAddr, telling: Telling) {
    let mut notices = Notices::default();
    let (mut root, mut tables, mut broken) = (None, 0_u32, 0_u32);
    survey(memory, rsdp, &mut notices, &mut |found| {
        root.get_or_insert(*found);
        tables += 1;
        if telling == Telling::Everything {
            tell(loader, found);
        }
        if let Err(fault) = found.sound {
            broken += 1;
            let (at, name) = (found.at, found.header.map(|(signature, _)| signature));
            match name {
                Ok(name) => loader.print(format_args!("acpi: warning: {name} at {at:#x}: {fault}")),
                Err(_) => loader.print(format_args!("acpi: warning: table at {at:#x}: {fault}")),
            }
        }
    });
    for notice in notices.listed() {
        loader.print(format_args!("acpi: warning: {notice}"));
    }
    if let Some(Found { at, header: Ok((signature, _)), .. }) = root {
        // The root table is one of those that were counted.
        let listed = tables - 1;
        loader.print(format_args!(
            "acpi: RSDP at {rsdp:#x}, {signature} at {at:#x} lists {listed} tables, {broken} of them broken"
        ));
    }
}

fn tell(loader: Loader, found: &Found) {
    if let Ok((signature, bytes)) = found.header {
        loader.print(format_args!("  {signature} at {:#x}, {bytes} bytes", found.at));
    }
}

fn look_at_smbios(loader: Loader, memory: &mut Described, at: PhysAddr) {
    let mut bytes = [0; smbios::MAX_BYTES];
    if let Err(fault) = memory.read(at, &mut bytes) {
        loader.print(format_args!("acpi: warning: SMBIOS: {fault}"));
        return;
    }
    match EntryPoint::parse(&bytes) {
        Ok(entry) => loader.print(format_args!("acpi: SMBIOS {entry}, entry point at {at:#x}")),
        Err(fault) => loader.print(format_args!("acpi: warning: SMBIOS entry point at {at:#x}: {fault}")),
    }
}

/// Returns the address of the first of these tables that the firmware has.
fn table(names: &[Guid]) -> Option<PhysAddr> {
    names.iter().find_map(|name| {
        system::with_config_table(|entries| {
            let entry = entries.iter().find(|entry| entry.guid == *name)?;
            Some(PhysAddr::new(entry.address as u64))
        })
    })
}
