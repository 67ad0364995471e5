//! Places that cannot be guessed, kernels that are the right ones, and what the TPM is told.

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use support::configuration;
use support::firmware::{Habits, Mock};
use support::judge::{HandedOver, judge};
use support::modes::{architecture, processor};
use support::pe;
use support::trust::Tpm;
use xtboot::block::{LayoutOrigin, LayoutSource};
use xtcore::PagingMode;
use xtldr::firmware::Status;
use xtldr::trust::{SecureBoot, SecureBootState, TrustError, check_kernel};

fn mock(mode: PagingMode, parameters: &str) -> Mock {
    let habits = Habits { high_first: mode.levels() > 3, ..Habits::default() };
    Mock::with_kernel(habits, parameters, pe::kernel(architecture(mode)).build())
}

/// Boots, has everything judged, and returns image base, slot and origin. Nothing of them may be in the log.
fn places(mock: &Mock, mode: PagingMode) -> (u64, usize, LayoutOrigin) {
    let processor = processor(mode);
    let ready = mock.boot(&processor).unwrap_or_else(|_| panic!("{}", mock.text()));
    judge(mock, &processor, ready);
    let over = HandedOver::find(mock, &processor, ready);
    let block = over.verify().unwrap();
    let (base, origin) = (block.image().placed.base.get(), block.layout());
    if origin.source != LayoutSource::Standard {
        let log = mock.text();
        assert!(!log.contains(&format!("{base:x}")), "{log}");
        assert!(!log.contains(&format!("{:x}", block.image().entry.get())), "{log}");
        assert!(
            origin.source == LayoutSource::Parameter || !log.contains(&format!("{:x}", origin.seed)),
            "{log}"
        );
    }
    (base, block.self_map_slot(), origin)
}

#[test]
fn a_seed_gives_the_same_places_each_time_and_others_than_another_seed() {
    for mode in PagingMode::ALL {
        let mut seen = BTreeSet::new();
        for seed in ["1", "0x2", "0xFFFFFFFFFFFFFFFF", "12345678901234567890"] {
            let parameters = format!("KASLRSEED={seed}");
            let first = places(&mock(mode, &parameters), mode);
            assert_eq!(places(&mock(mode, &parameters), mode), first);
            assert_eq!(first.2.source, LayoutSource::Parameter);
            assert!(first.0.is_multiple_of(64 << 10));
            seen.insert((first.0, first.1));
        }
        assert_eq!(seen.len(), 4, "{mode}: {seen:x?}");
    }
}

#[test]
fn a_seed_that_was_told_repeats_the_boot_that_drew_it() {
    for mode in PagingMode::ALL {
        let (base, slot, origin) = places(&mock(mode, ""), mode);
        assert_eq!(origin.source, LayoutSource::Firmware);
        let again = places(&mock(mode, &format!("kaslrseed={:#x}", origin.seed)), mode);
        assert_eq!((again.0, again.1, again.2.seed), (base, slot, origin.seed));
    }
}

#[test]
fn nokaslr_gives_the_standard_places_whatever_else_is_said() {
    for mode in PagingMode::ALL {
        for parameters in ["NOKASLR", "KASLRSEED=7 NOKASLR"] {
            let linked = if mode.levels() < 4 { 0x8080_0000 } else { 0xFFFF_F800_0000_0000 };
            let standard = (linked, mode.geometry().self_map_slot(), LayoutOrigin::STANDARD);
            assert_eq!(places(&mock(mode, parameters), mode), standard);
        }
    }
}

#[test]
fn the_sources_come_in_their_order_and_are_told_by_name() {
    const FIRST: u64 = 0x1111_2222_3333_4444;
    const SECOND: u64 = 0x5555_6666_7777_8888;
    let mode = PagingMode::Pml5;
    let with = |firmware, processor| {
        let mut mock = mock(mode, "");
        (mock.trust.firmware_random, mock.trust.processor_random) = (firmware, processor);
        let origin = places(&mock, mode).2;
        assert!(mock.text().contains(origin.source.text()), "{}", mock.text());
        origin
    };
    assert_eq!(with(Some(FIRST), Some(SECOND)), LayoutOrigin { source: LayoutSource::Firmware, seed: FIRST });
    assert_eq!(with(None, Some(SECOND)), LayoutOrigin { source: LayoutSource::Processor, seed: SECOND });
    assert_eq!(with(None, None).source, LayoutSource::Clock);
}

#[test]
fn without_a_generator_another_memory_map_gives_another_seed() {
    let mode = PagingMode::Pml4;
    let mut seeds = BTreeSet::new();
    for others in 0..20 {
        let mut mock = mock(mode, "");
        mock.habits.others = others;
        mock.trust.firmware_random = None;
        seeds.insert(places(&mock, mode).2.seed);
    }
    assert_eq!(seeds.len(), 20);
}

#[test]
fn a_seed_that_is_no_number_is_refused_and_everything_goes_back() {
    for value in ["KASLRSEED", "KASLRSEED=", "KASLRSEED=0x", "KASLRSEED=-1", "KASLRSEED=0x10000000000000000"]
    {
        let mock = mock(PagingMode::Pml4, value);
        assert!(mock.boot(&processor(PagingMode::Pml4)).is_err());
        assert!(mock.refusal().contains("KASLRSEED is no number"), "{}", mock.refusal());
        assert_eq!(mock.outstanding(), 0);
    }
}

#[test]
fn an_image_without_relocations_stays_and_the_self_map_moves() {
    let mode = PagingMode::Pml4;
    let mut image = pe::kernel(architecture(mode));
    image.relocations = (0, 0);
    let mut slots = BTreeSet::new();
    for seed in 0..20 {
        let parameters = format!("KASLRSEED={seed}");
        let mock = Mock::with_kernel(Habits::default(), &parameters, image.clone().build());
        let ready = mock.boot(&processor(mode)).unwrap();
        assert_eq!(ready.entry.get(), 0xFFFF_F800_0000_0000 + u64::from(image.entry));
        assert!(mock.text().contains("no relocations and stays"), "{}", mock.text());
        slots.insert(ready.self_map_slot);
    }
    assert!(slots.len() > 10, "{slots:x?}");
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[test]
fn the_digest_is_told_and_handed_over() {
    for mode in PagingMode::ALL {
        let (mock, processor) = (mock(mode, ""), processor(mode));
        let ready = mock.boot(&processor).unwrap();
        let digest = sha256(mock.file(r"\XTOS\K.EXE"));
        assert_eq!(HandedOver::find(&mock, &processor, ready).verify().unwrap().kernel_sha256(), digest);
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(mock.text().contains(&text), "{}", mock.text());
    }
}

#[test]
fn a_demanded_digest_is_kept_to_the_bit() {
    let mock = mock(PagingMode::Pml4, "");
    let file = b"abc";
    let right = sha256(file);
    // FIPS 180-4, appendix B.1.
    let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let checked = check_kernel(file, Some(right), &mock).unwrap();
    assert!(checked.is_demanded() && checked.digest().to_string() == text);
    assert!(!check_kernel(file, None, &mock).unwrap().is_demanded());
    for bit in 0..256 {
        let mut wrong = right;
        wrong[bit / 8] ^= 1 << (bit % 8);
        let refused = check_kernel(file, Some(wrong), &mock).unwrap_err();
        assert!(
            matches!(refused, TrustError::Digest { demanded, found } if demanded.0 == wrong && found.0 == right)
        );
        let words = refused.to_string();
        assert!(words.contains(text) && words.contains("KernelSha256"), "{words}");
    }
}

#[test]
fn under_secure_boot_the_firmware_decides_and_no_digest_replaces_it() {
    let mode = PagingMode::Pml4;
    // Access denied, and security violation.
    for status in [Status(15), Status(26)] {
        let mut mock = mock(mode, "");
        mock.trust.secure_boot = SecureBootState::On;
        mock.trust.refusal = status;
        let file = mock.file(r"\XTOS\K.EXE").to_vec();
        let refused = check_kernel(&file, Some(sha256(&file)), &mock).unwrap_err();
        assert!(matches!(refused, TrustError::Policy { status: found, .. } if found == status));
        assert!(mock.boot(&processor(mode)).is_err());
        assert!(mock.refusal().contains("Secure Boot is on"), "{}", mock.refusal());
        assert_eq!(mock.outstanding(), 0);
    }
    let mut mock = mock(mode, "");
    mock.trust.secure_boot = SecureBootState::On;
    mock.trust.accepted.push(sha256(mock.file(r"\XTOS\K.EXE")));
    assert!(mock.boot(&processor(mode)).is_ok(), "{}", mock.text());
    assert!(mock.text().contains("Secure Boot on"), "{}", mock.text());
}

#[test]
fn without_secure_boot_nobody_is_asked() {
    for state in [SecureBootState::Off, SecureBootState::Setup, SecureBootState::Unknown] {
        let mut mock = mock(PagingMode::Pml4, "");
        mock.trust.secure_boot = state;
        assert!(mock.authenticate(mock.file(r"\XTOS\K.EXE")).is_err(), "the mock would refuse");
        assert!(mock.boot(&processor(PagingMode::Pml4)).is_ok(), "{}", mock.text());
        assert!(mock.text().contains(state.text()), "{}", mock.text());
    }
}

#[test]
fn the_variables_mean_what_the_specification_says() {
    use SecureBootState::{Off, On, Setup, Unknown};
    for (secure_boot, setup_mode, state) in [
        (Some(1), Some(0), On),
        (Some(1), None, On),
        (Some(0), Some(0), Off),
        (Some(0), None, Off),
        (Some(0), Some(1), Setup),
        (None, Some(1), Setup),
        (None, Some(0), Unknown),
        (None, None, Unknown),
    ] {
        assert_eq!(SecureBootState::from_variables(secure_boot, setup_mode), state);
    }
}

#[test]
fn configuration_kernel_and_parameters_are_measured_in_that_order() {
    let mode = PagingMode::Pml4;
    let parameters = "DEBUG=COM1 NOKASLR";
    let mut mock = mock(mode, parameters);
    mock.trust.tpm = Some(RefCell::default());
    assert!(mock.boot(&processor(mode)).is_ok(), "{}", mock.text());
    let mut expected = Tpm::default();
    expected.extend(9, sha256(&configuration(parameters)), "XTLDR configuration");
    expected.extend(9, sha256(mock.file(r"\XTOS\K.EXE")), r"XTLDR kernel \XTOS\K.EXE");
    expected.extend(8, sha256(parameters.as_bytes()), "XTLDR parameters DEBUG=COM1 NOKASLR");
    let tpm = mock.trust.tpm.as_ref().unwrap().borrow();
    assert_eq!((tpm.registers, &tpm.log), (expected.registers, &expected.log));
    assert!(mock.text().contains("measured"), "{}", mock.text());
}

#[test]
fn a_kernel_that_is_refused_is_not_measured() {
    let mode = PagingMode::Pml4;
    let mut mock = mock(mode, "");
    mock.trust.tpm = Some(RefCell::default());
    mock.trust.secure_boot = SecureBootState::On;
    assert!(mock.boot(&processor(mode)).is_err());
    assert_eq!(mock.trust.tpm.as_ref().unwrap().borrow().log.len(), 1, "the configuration alone");
}

#[test]
fn parameters_of_any_length_are_measured_whole_and_logged_as_text() {
    let mode = PagingMode::Pml4;
    let parameters = "ä".repeat(2000);
    let mut mock = mock(mode, &parameters);
    mock.trust.tpm = Some(RefCell::default());
    assert!(mock.boot(&processor(mode)).is_ok(), "{}", mock.text());
    let tpm = mock.trust.tpm.as_ref().unwrap().borrow();
    let (pcr, digest, event) = tpm.log.last().unwrap();
    assert_eq!((*pcr, *digest), (8, sha256(parameters.as_bytes())));
    assert!(event.len() <= 512 && event.ends_with("ä"));
}

#[test]
fn a_tpm_that_fails_ends_the_boot() {
    let mut mock = mock(PagingMode::Pml4, "");
    mock.trust.tpm = Some(RefCell::default());
    mock.trust.tpm_status = Some(Status(7));
    assert!(mock.boot(&processor(PagingMode::Pml4)).is_err());
    assert!(mock.refusal().contains("PCR 9 (device error)"), "{}", mock.refusal());
    assert_eq!(mock.outstanding(), 0);
}
