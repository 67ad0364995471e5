//! The choice of the mode: every combination of processor, user and kernel against a table written by hand.

extern crate std;

use std::vec::Vec;

use super::*;
use crate::geometry::PagingMode::{Pml2, Pml3, Pml4, Pml5};

/// A processor whose CPUID the test makes up.
struct MockProcessor {
    /// CPUID.1:EDX.
    leaf_1_edx: u32,
    /// CPUID.7.0:ECX.
    leaf_7_ecx: u32,
}

impl MockProcessor {
    /// Reads the feature bit that makes the wide mode of the architecture possible.
    fn wide(&self, architecture: Architecture) -> WideMode {
        let (register, bit) = match architecture {
            Architecture::I686 => (self.leaf_1_edx, 6),
            Architecture::Amd64 => (self.leaf_7_ecx, 16),
        };
        if register >> bit & 1 == 1 { WideMode::Present } else { WideMode::Absent }
    }
}

/// Processor, request, kernel, and what must come out.
type Row = (WideMode, WideRequest, ModeSet, Result<(PagingMode, Reason), ChoiceError>);

fn set(modes: &[PagingMode]) -> ModeSet {
    modes.iter().fold(ModeSet::default(), |set, &mode| set.with(mode))
}

#[test]
fn an_old_processor_without_pae_gets_pml2_by_itself() {
    // A Pentium: CPUID.1:EDX with PSE (3) and without PAE (6).
    let pentium = MockProcessor { leaf_1_edx: 0x0000_01BF, leaf_7_ecx: 0 };
    let choice = choose(
        Architecture::I686,
        pentium.wide(Architecture::I686),
        WideRequest::Automatic,
        set(&[Pml2, Pml3]),
    );
    assert_eq!(choice, Ok(Choice { mode: Pml2, reason: Reason::NoFeature }));
}

#[test]
fn processors_with_the_feature_get_the_wide_mode_by_themselves() {
    let modern = MockProcessor { leaf_1_edx: 1 << 6, leaf_7_ecx: 1 << 16 };
    let all = set(&PagingMode::ALL);
    for (architecture, mode) in [(Architecture::I686, Pml3), (Architecture::Amd64, Pml5)] {
        let choice = choose(architecture, modern.wide(architecture), WideRequest::Automatic, all);
        assert_eq!(choice, Ok(Choice { mode, reason: Reason::Wide }));
    }
    let without_la57 = MockProcessor { leaf_1_edx: 1 << 6, leaf_7_ecx: !(1 << 16) };
    let choice =
        choose(Architecture::Amd64, without_la57.wide(Architecture::Amd64), WideRequest::Automatic, all);
    assert_eq!(choice, Ok(Choice { mode: Pml4, reason: Reason::NoFeature }));
}

#[test]
fn every_combination_is_decided_as_written_here() {
    use ChoiceError::{KernelLacks, NoCommonMode, ProcessorLacks};
    use Reason::{Kernel, NoFeature, Parameter, Wide, WideParameter};
    for (architecture, narrow, wide) in [(Architecture::I686, Pml2, Pml3), (Architecture::Amd64, Pml4, Pml5)]
    {
        let (automatic, noxpa, xpa) = (WideRequest::Automatic, WideRequest::Narrow, WideRequest::Wide);
        let (has, lacks) = (WideMode::Present, WideMode::Absent);
        let (both, only_narrow, only_wide, neither) =
            (set(&[narrow, wide]), set(&[narrow]), set(&[wide]), set(&[]));
        let table: [Row; 24] = [
            (has, automatic, both, Ok((wide, Wide))),
            (has, automatic, only_narrow, Ok((narrow, Kernel))),
            (has, automatic, only_wide, Ok((wide, Kernel))),
            (has, automatic, neither, Err(NoCommonMode { kernel: neither, possible: both })),
            (has, noxpa, both, Ok((narrow, Parameter))),
            (has, noxpa, only_narrow, Ok((narrow, Parameter))),
            (has, noxpa, only_wide, Err(NoCommonMode { kernel: only_wide, possible: only_narrow })),
            (has, noxpa, neither, Err(NoCommonMode { kernel: neither, possible: only_narrow })),
            (lacks, automatic, both, Ok((narrow, NoFeature))),
            (lacks, automatic, only_narrow, Ok((narrow, NoFeature))),
            (lacks, automatic, only_wide, Err(NoCommonMode { kernel: only_wide, possible: only_narrow })),
            (lacks, automatic, neither, Err(NoCommonMode { kernel: neither, possible: only_narrow })),
            (lacks, noxpa, both, Ok((narrow, Parameter))),
            (lacks, noxpa, only_narrow, Ok((narrow, Parameter))),
            (lacks, noxpa, only_wide, Err(NoCommonMode { kernel: only_wide, possible: only_narrow })),
            (lacks, noxpa, neither, Err(NoCommonMode { kernel: neither, possible: only_narrow })),
            (has, xpa, both, Ok((wide, WideParameter))),
            (has, xpa, only_narrow, Err(KernelLacks { wide, kernel: only_narrow })),
            (has, xpa, only_wide, Ok((wide, WideParameter))),
            (has, xpa, neither, Err(KernelLacks { wide, kernel: neither })),
            (lacks, xpa, both, Err(ProcessorLacks { wide })),
            (lacks, xpa, only_narrow, Err(ProcessorLacks { wide })),
            (lacks, xpa, only_wide, Err(ProcessorLacks { wide })),
            (lacks, xpa, neither, Err(ProcessorLacks { wide })),
        ];
        for (processor, request, kernel, expected) in table {
            let expected = expected.map(|(mode, reason)| Choice { mode, reason });
            assert_eq!(choose(architecture, processor, request, kernel), expected);
        }
    }
}

#[test]
fn the_modes_of_the_other_architecture_do_not_count() {
    let foreign = choose(Architecture::Amd64, WideMode::Present, WideRequest::Automatic, set(&[Pml2, Pml3]));
    let (kernel, possible) = (set(&[Pml2, Pml3]), set(&[Pml4, Pml5]));
    assert_eq!(foreign, Err(ChoiceError::NoCommonMode { kernel, possible }));
    let demanded = choose(Architecture::Amd64, WideMode::Present, WideRequest::Wide, kernel);
    assert_eq!(demanded, Err(ChoiceError::KernelLacks { wide: Pml5, kernel }));
}

#[test]
fn sets_of_modes_hold_what_was_put_in() {
    assert_eq!(ModeSet::from_bits(u32::MAX).bits(), 0b11_1100);
    for bits in 0..64 {
        let set = ModeSet::from_bits(bits);
        let held: Vec<_> = PagingMode::ALL.into_iter().filter(|&mode| set.contains(mode)).collect();
        assert_eq!(held.iter().fold(0, |bits, mode| bits | 1 << mode.levels()), set.bits());
    }
}

#[test]
fn reasons_keep_their_numbers_and_their_words() {
    for (number, reason) in [
        (1, Reason::Wide),
        (2, Reason::NoFeature),
        (3, Reason::Parameter),
        (4, Reason::Kernel),
        (5, Reason::WideParameter),
    ] {
        assert_eq!(Reason::from_number(number), Some(reason));
        assert_eq!(reason as u32, number);
        assert!(!reason.text().is_empty());
    }
    assert_eq!((Reason::from_number(0), Reason::from_number(6)), (None, None));
}
