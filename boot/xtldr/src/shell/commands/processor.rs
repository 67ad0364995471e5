//! The processor: who made it, what it can do, which paging modes are possible and why the others are not.
//!
//! Source: Intel SDM volume 2A, CPUID; AMD64 APM volume 3, appendix E.

use core::fmt::{self, Write};

use arrayvec::ArrayString;
use xtcore::PagingMode;
use xtcore::choice::{Architecture, ChoiceError, ModeSet, WideMode, WideRequest, choose};
use xtpaging::Support;
use xtpaging::processor::{Cpuid, Leaf, Processor};
use xtterm::draw::wrap;

use super::{Context, Result};
use crate::boot::leaves_gigabyte_pages;
use crate::shell::SessionParameters;

pub(super) fn cpu(context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    let Context { out, host, memory } = context;
    let (processor, cpuid) = (host.processor(), host.cpuid());
    identity(*out, cpuid)?;
    features(*out, processor, cpuid)?;
    modes(*out, processor, cpuid)?;
    choice(*out, processor, &memory.parameters)?;
    Ok(None)
}

/// The bytes of registers as text: what is no printable ASCII is left out.
fn letters(out: &mut dyn Write, registers: impl IntoIterator<Item = u32>) -> fmt::Result {
    let bytes = registers.into_iter().flat_map(u32::to_le_bytes);
    bytes.filter(|byte| matches!(byte, b' '..=b'~')).try_for_each(|byte| out.write_char(char::from(byte)))
}

fn identity(out: &mut dyn Write, cpuid: &dyn Cpuid) -> fmt::Result {
    const BRAND: core::ops::RangeInclusive<u32> = 0x8000_0002..=0x8000_0004;

    let Leaf { ebx, ecx, edx, .. } = cpuid.read(0, 0);
    write!(out, "Vendor     ")?;
    letters(out, [ebx, edx, ecx])?;
    let signature = cpuid.read(1, 0).eax;
    let (family, model) = (signature >> 8 & 0xF, signature >> 4 & 0xF);
    // The extensions count for family 15 alone, those of the model for family 6 too.
    let whole_family = if family == 15 { family + (signature >> 20 & 0xFF) } else { family };
    let whole_model = if matches!(family, 6 | 15) { model | (signature >> 12 & 0xF0) } else { model };
    writeln!(out, ", family {whole_family}, model {whole_model}, stepping {}", signature & 0xF)?;
    if (*BRAND.end()..=0x8000_FFFF).contains(&cpuid.read(0x8000_0000, 0).eax) {
        write!(out, "Name       ")?;
        for leaf in BRAND {
            let Leaf { eax, ebx, ecx, edx } = cpuid.read(leaf, 0);
            letters(out, [eax, ebx, ecx, edx])?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Bytes of all names of features.
const FEATURE_BYTES: usize = 320;
/// Columns for them, on a screen of eighty.
const FEATURE_COLUMNS: u16 = 68;

fn features(out: &mut dyn Write, processor: &Processor, cpuid: &dyn Cpuid) -> fmt::Result {
    let capabilities = processor.capabilities;
    let basic = cpuid.read(1, 0);
    let bit = |register: u32, number: u32| {
        if register >> number & 1 == 1 { Support::Present } else { Support::Absent }
    };
    let list = [
        ("no-execute pages", capabilities.no_execute),
        ("global pages", capabilities.global),
        ("large pages", capabilities.large_pages),
        ("1 GiB pages", capabilities.gigabyte_pages),
        ("memory types per page (PAT)", processor.page_attributes),
        ("EFER", processor.extended_features),
        ("SMEP", processor.smep),
        ("SMAP", processor.smap),
        ("UMIP", processor.umip),
        ("control-flow enforcement", processor.control_flow),
        ("x2APIC", bit(basic.ecx, 21)),
        ("TSC deadline", bit(basic.ecx, 24)),
        ("RDRAND", bit(basic.ecx, 30)),
        ("hypervisor", bit(basic.ecx, 31)),
    ];
    for (label, wanted) in [("Has", Support::Present), ("Lacks", Support::Absent)] {
        let mut names = ArrayString::<FEATURE_BYTES>::new();
        for (name, _) in list.iter().filter(|(_, found)| *found == wanted) {
            let gap = if names.is_empty() { "" } else { ", " };
            // There is room for all of them.
            let _ = write!(names, "{gap}{name}");
        }
        let mut label = label;
        for line in wrap(if names.is_empty() { "nothing of what matters" } else { &names }, FEATURE_COLUMNS) {
            writeln!(out, "{label:10} {line}")?;
            label = "";
        }
    }
    writeln!(out, "Addresses  {} physical bits", capabilities.physical_bits)
}

fn modes(out: &mut dyn Write, processor: &Processor, cpuid: &dyn Cpuid) -> fmt::Result {
    writeln!(out, "Paging modes:")?;
    for mode in [PagingMode::Pml2, PagingMode::Pml3, PagingMode::Pml4, PagingMode::Pml5] {
        writeln!(out, "  {mode}  {}", possibility(mode, processor, cpuid))?;
    }
    Ok(())
}

/// Tells whether a mode is possible, and if not, why not.
fn possibility(mode: PagingMode, processor: &Processor, cpuid: &dyn Cpuid) -> &'static str {
    let (narrow, wide) = processor.architecture.modes();
    if mode == narrow {
        return "possible: every processor has it; NOXPA asks for it";
    }
    if mode == wide {
        return match (processor.wide, mode) {
            (WideMode::Present, _) => "possible: the processor has it",
            (WideMode::Absent, PagingMode::Pml3) => "not possible: the processor lacks PAE",
            (WideMode::Absent, _) => "not possible: the processor lacks LA57",
        };
    }
    match processor.architecture {
        Architecture::Amd64 => "not possible here: it takes 32-bit firmware",
        Architecture::I686 if has_long_mode(cpuid) => {
            "not possible here: the processor has it, but it takes 64-bit firmware"
        }
        Architecture::I686 => "not possible: the processor lacks 64-bit mode",
    }
}

fn has_long_mode(cpuid: &dyn Cpuid) -> bool {
    let extended = (0x8000_0001..=0x8000_FFFF).contains(&cpuid.read(0x8000_0000, 0).eax);
    extended && cpuid.read(0x8000_0001, 0).edx >> 29 & 1 == 1
}

/// Tells what a boot would choose now, for a kernel that supports every mode.
fn choice(out: &mut dyn Write, processor: &Processor, session: &SessionParameters) -> fmt::Result {
    let parameters = session.parameters();
    let request = match (parameters.has("NOXPA"), parameters.has("XPA")) {
        (false, false) => WideRequest::Automatic,
        (true, false) => WideRequest::Narrow,
        (false, true) => WideRequest::Wide,
        (true, true) => return writeln!(out, "No boot: both NOXPA and XPA are set."),
    };
    let (narrow, wide) = processor.architecture.modes();
    let kernel = ModeSet::from_bits(0).with(narrow).with(wide);
    match choose(processor.architecture, processor.wide, request, kernel) {
        Ok(choice) => {
            writeln!(out, "A boot now would take {}: {}.", choice.mode, choice.reason.text())?;
            match leaves_gigabyte_pages(choice.mode, &parameters) {
                true => writeln!(out, "It would leave 1 GiB pages alone: the parameter NOGBPAGES."),
                false => Ok(()),
            }
        }
        Err(ChoiceError::ProcessorLacks { wide }) => {
            writeln!(out, "No boot: XPA is set, and the processor lacks {wide}.")
        }
        // The kernel supposed here supports both modes.
        Err(ChoiceError::KernelLacks { .. } | ChoiceError::NoCommonMode { .. }) => Ok(()),
    }
}
