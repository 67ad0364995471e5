//! What holds whatever the tables are.

use std::collections::BTreeSet;

use xtacpi::{Interrupts, IsaIrq, Notices, Platform, Processors};
use xtcore::PhysAddr;

use super::memory::Memory;

/// Reads the tables and checks every promise that does not depend on what they hold.
pub fn read(memory: &mut Memory, rsdp: u64) -> Platform {
    memory.asked = 0;
    let platform = Platform::find(memory, PhysAddr::new(rsdp));
    assert!(memory.asked <= Platform::MOST_BYTES, "{} bytes were read", memory.asked);

    let Processors { disabled: _, repeated, beyond, .. } = platform.processors;
    let listed = platform.processors.listed();
    let ids: BTreeSet<_> = listed.iter().map(|processor| processor.apic_id).collect();
    assert_eq!(ids.len(), listed.len(), "no APIC id occurs twice");
    assert!(beyond == 0 || listed.len() == Processors::MOST);
    assert!(repeated == 0 || !listed.is_empty());

    let interrupts = &platform.interrupts;
    let firsts: BTreeSet<_> = interrupts.io_apics().iter().map(|io_apic| io_apic.first).collect();
    assert_eq!(firsts.len(), interrupts.io_apics().len(), "no two begin with the same input");
    assert!(interrupts.io_apics_beyond == 0 || interrupts.io_apics().len() == Interrupts::MOST_IO_APICS);
    assert!(
        interrupts.nmi_sources_beyond == 0 || interrupts.nmi_sources().len() == Interrupts::MOST_NMI_SOURCES
    );
    assert_ne!(interrupts.local_apic, PhysAddr::ZERO);
    for irq in IsaIrq::all() {
        let found = interrupts.io_apic_of(platform.gsi_of(irq).gsi);
        assert!(
            found
                .is_none_or(|(io_apic, input)| io_apic.first.get() + input == platform.gsi_of(irq).gsi.get())
        );
    }
    if let Some(hpet) = platform.hpet {
        assert!((1..=32).contains(&hpet.comparators) && hpet.address != PhysAddr::ZERO);
    }
    if let Some(how) = platform.soft_off {
        assert!(how.control_a != 0 && how.type_a <= 7 && how.type_b <= 7);
    }
    assert!(platform.notices.beyond() == 0 || platform.notices.listed().len() == Notices::MOST);
    for notice in platform.notices.listed() {
        let text = notice.to_string();
        assert!(!text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
    }
    assert!(!platform.to_string().is_empty());
    platform
}
