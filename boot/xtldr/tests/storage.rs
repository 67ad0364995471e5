//! What the loader finds on a machine's volumes and among its variables, and what it says of what it doesn't find.

mod support;

use support::volumes::Storage;
use xtcore::choice::Architecture;
use xtldr::config::{MAX_REMEMBERED_BYTES, PATH, last_boot, locate, paths, remember};
use xtldr::firmware::Status;
use xtldr::volume::{FileFailure, NotThere, Place, Role, Variable, Variables, Volume};

const SECOND: Volume = Volume::HardDisk { disk: 1, partition: 2 };
const FIRST: Volume = Volume::HardDisk { disk: 0, partition: 1 };

#[test]
fn the_common_configuration_comes_before_the_architectures_own() {
    for (architecture, own) in [
        (Architecture::Amd64, r"\EFI\BOOT\XTLDR64\XTLDR.INI"),
        (Architecture::I686, r"\EFI\BOOT\XTLDR32\XTLDR.INI"),
    ] {
        assert_eq!(paths(architecture), [PATH, own]);
        let both = Storage::default().with(Some(FIRST), Role::Own, &[(PATH, b"1"), (own, b"22")]);
        let found = locate(&both, architecture).unwrap();
        assert_eq!((found.path, found.bytes), (PATH, 1));
        let one = Storage::default().with(Some(FIRST), Role::Own, &[(own, b"22")]);
        let found = locate(&one, architecture).unwrap();
        assert_eq!((found.path, found.bytes), (own, 2));
        let elsewhere = Storage::default().with(Some(FIRST), Role::Own, &[]).with(
            Some(SECOND),
            Role::Other,
            &[(PATH, b"1")],
        );
        assert_eq!(locate(&elsewhere, architecture), Err((PATH, FileFailure::Missing)));
    }
}

#[test]
fn a_configuration_that_cannot_be_opened_is_not_passed_over() {
    let folder = format!(r"{PATH}\FILE");
    let storage = Storage::default().with(Some(FIRST), Role::Own, &[(&folder, b"")]);
    assert_eq!(locate(&storage, Architecture::Amd64), Err((PATH, FileFailure::NotAFile)));
    assert_eq!(locate(&Storage::default(), Architecture::Amd64), Err((PATH, FileFailure::NoVolume)));
}

#[test]
fn what_is_not_there_is_told_with_the_volumes_that_are() {
    let storage = Storage::default()
        .with(Some(FIRST), Role::Own, &[])
        .with(Some(SECOND), Role::Other, &[])
        .with(None, Role::Other, &[]);
    let place = |volume, path| Place { volume, path };
    let third = Volume::HardDisk { disk: 2, partition: 1 };
    let message = |places: &[Place<'_>], failure| NotThere { files: &storage, places, failure }.to_string();
    let volumes = "the volumes are multi(0)esp(0) = multi(0)disk(0)rdisk(0)partition(1) (64 MiB, \"DISK 0\"), \
                   multi(0)disk(0)rdisk(1)partition(2) (64 MiB, \"DISK 1\"), a volume without an ARC name (64 MiB, \"DISK 2\")";
    assert_eq!(
        message(&[place(third, r"\XTOS\K.EXE")], FileFailure::NoVolume),
        format!(r"multi(0)disk(0)rdisk(2)partition(1)\XTOS\K.EXE: there is no such volume; {volumes}")
    );
    assert_eq!(
        message(
            &[place(Volume::Own, r"\XTOS\AMD64\K"), place(Volume::Own, r"\XTOS\K")],
            FileFailure::Missing
        ),
        format!(r"\XTOS\AMD64\K or \XTOS\K: there is no such file; {volumes}")
    );
    assert_eq!(
        message(&[place(SECOND, r"\K")], FileFailure::Refused(Status(7))),
        r"multi(0)disk(0)rdisk(1)partition(2)\K: it cannot be read: device error"
    );
    let none = NotThere { files: &Storage::default(), places: &[], failure: FileFailure::NoVolume };
    assert!(none.to_string().ends_with("the volumes are none"));
}

#[test]
fn the_last_choice_is_remembered_and_written_only_when_it_changes() {
    let storage = Storage::default();
    let known = |storage: &Storage| last_boot(storage, &mut [0; MAX_REMEMBERED_BYTES]).map(str::to_owned);
    assert_eq!(known(&storage), None);
    for (name, writes) in [("XTOS", 1), ("XTOS", 1), ("Ünïcødé", 2), ("XTOS", 3)] {
        remember(&storage, name).unwrap();
        assert_eq!((known(&storage).as_deref(), storage.writes.get()), (Some(name), writes));
    }
    assert_eq!(remember(&storage, &"x".repeat(MAX_REMEMBERED_BYTES + 1)), Err(Status::INVALID_PARAMETER));
    let longest = "x".repeat(MAX_REMEMBERED_BYTES);
    remember(&storage, &longest).unwrap();
    assert_eq!(known(&storage), Some(longest));
}

#[test]
fn a_variable_that_is_garbage_says_nothing_and_one_that_cannot_be_written_is_told() {
    for garbage in [&b"\xFF\xFE"[..], b"", &[b'x'; 1000]] {
        let storage = Storage::default();
        storage.set(Variable::LastBoot, garbage).unwrap();
        assert_eq!(last_boot(&storage, &mut [0; MAX_REMEMBERED_BYTES]), None);
    }
    let full = Storage { refusal: Some(Status::OUT_OF_RESOURCES), ..Storage::default() };
    assert_eq!(remember(&full, "XTOS"), Err(Status::OUT_OF_RESOURCES));
}
