//! Sizes, disks, command lines and damaged images.

use std::path::Path;

use super::*;

fn guest() -> Guest {
    Guest::new(Architecture::Amd64, EspFiles::new("loader".into(), "kernel".into()), "work".into())
}

fn arguments(guest: &Guest) -> String {
    let places = Places {
        code: Path::new("/firmware/a,b.fd"),
        variables: "variables.fd",
        partition: "esp",
        monitor: Path::new("/tmp/qmp"),
    };
    let command = command(guest, &places);
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    format!("{} {}", command.get_program().to_string_lossy(), words.join(" "))
}

#[test]
fn memory_sizes_are_read_and_written_in_the_largest_unit() {
    for (text, shown) in
        [("64M", "64M"), ("1024m", "1G"), ("512", "512M"), ("12T", "12T"), ("1536M", "1536M")]
    {
        assert_eq!(text.parse::<MemorySize>().map(|size| size.to_string()), Ok(shown.to_owned()));
    }
    for text in ["", "M", "0G", "-1M", "1X", "1MB", "99999999999T", "1.5G"] {
        assert!(text.parse::<MemorySize>().is_err(), "{text} must be refused");
    }
}

#[test]
fn the_parameters_follow_from_the_fields_and_end_with_the_users() {
    let mut guest = guest();
    guest.parameters = "  NOXPA  TAMPER=wx ".to_owned();
    assert_eq!(guest.kernel_parameters(), "DEBUG=COM1 EXIT DEBUGEXIT=0xF4 INSPECT NOXPA TAMPER=wx");
    guest.exit_device = ExitDevice::Absent;
    guest.inspection = Inspection::Off;
    assert_eq!(guest.kernel_parameters(), "DEBUG=COM1 EXIT NOXPA TAMPER=wx");
    guest.ending = Ending::StayOn;
    assert_eq!(guest.kernel_parameters(), "DEBUG=COM1 NOXPA TAMPER=wx");
}

#[test]
fn memory_beyond_the_hosts_is_not_reserved_and_gets_address_bits() {
    let mut guest = guest();
    assert!(!arguments(&guest).contains("reserve=off"));
    guest.memory = MemorySize::gibibytes(1024);
    let line = arguments(&guest);
    assert!(line.contains("memory-backend-ram,id=ram,size=1T,reserve=off"), "{line}");
    assert!(line.contains("q35,memory-backend=ram") && line.contains("max,phys-bits=46"), "{line}");
}

#[test]
fn a_32_bit_guest_with_much_memory_runs_in_the_64_bit_emulator() {
    let mut guest = guest();
    guest.architecture = Architecture::I686;
    assert!(arguments(&guest).starts_with("qemu-system-i386 "));
    guest.memory = MemorySize::gibibytes(64);
    assert!(arguments(&guest).starts_with("qemu-system-x86_64 "));
}

#[test]
fn commas_in_a_path_do_not_split_the_option() {
    assert!(arguments(&guest()).contains("file=/firmware/a,,b.fd"));
}

#[test]
fn the_second_serial_port_comes_after_one_that_nobody_listens_to() {
    let mut guest = guest();
    assert!(
        arguments(&guest).contains("signal=off -serial chardev:line") && !arguments(&guest).contains("null")
    );
    guest.serial = SerialPort::Second;
    assert!(
        arguments(&guest).contains("-serial null -chardev stdio,id=line,signal=off -serial chardev:line")
    );
}

#[test]
fn processors_fill_packages_and_cores() {
    let mut guest = guest();
    assert!(arguments(&guest).contains("-smp 1,sockets=1,cores=1,threads=1 "));
    guest.processors = 8;
    guest.arrangement = Arrangement { sockets: 2, threads: 2 };
    assert!(arguments(&guest).contains("-smp 8,sockets=2,cores=2,threads=2 "));
    for (processors, sockets, threads) in [(6, 2, 2), (1, 1, 2), (2, 0, 1), (2, 1, 0), (4, u32::MAX, 2)] {
        let arrangement = Arrangement { sockets, threads };
        assert_eq!(arrangement.cores(processors), Err(Uneven { processors, arrangement }));
    }
}

#[test]
fn processors_share_one_thread_where_they_are_told_to_and_in_32_bit_guests() {
    let mut guest = guest();
    guest.processors = 4;
    let in_turns = |guest: &Guest| arguments(guest).contains("tcg,thread=single");
    assert!(!in_turns(&guest));
    guest.concurrency = Concurrency::Turns;
    assert!(in_turns(&guest));
    guest.concurrency = Concurrency::Threads;
    guest.architecture = Architecture::I686;
    assert!(in_turns(&guest));
}

/// A PE file with two sections; `.reloc` is the second one.
fn image() -> Vec<u8> {
    let mut image = vec![0_u8; 0x600];
    image[0x3C] = 0x80;
    image[0x80..0x84].copy_from_slice(b"PE\0\0");
    image[0x84..0x86].copy_from_slice(&0x8664_u16.to_le_bytes());
    image[0x86] = 2;
    image[0x94] = 0xF0;
    let first = 0x80 + 24 + 0xF0;
    let second = first + 40;
    image[first..first + 5].copy_from_slice(b".text");
    image[first + 12..first + 16].copy_from_slice(&0x1000_u32.to_le_bytes());
    image[second..second + 6].copy_from_slice(b".reloc");
    image[second + 12..second + 16].copy_from_slice(&0x2000_u32.to_le_bytes());
    image[second + 20..second + 24].copy_from_slice(&0x400_u32.to_le_bytes());
    image
}

#[test]
fn each_damage_changes_exactly_its_own_bytes() {
    let second = 0x80 + 24 + 0xF0 + 40;
    let expected = [
        (Damage::WrongMachine, 0x84..0x86),
        (Damage::Signature, 0x80..0x84),
        (Damage::OverlappingSections, second + 12..second + 16),
        (Damage::RelocationOutside, 0x400..0x404),
    ];
    for (damage, place) in expected {
        let mut broken = image();
        assert_eq!(damage.apply(&mut broken), Ok(()));
        let changed: Vec<_> = (0..broken.len()).filter(|at| broken[*at] != image()[*at]).collect();
        assert!(
            !changed.is_empty() && changed.iter().all(|at| place.contains(at)),
            "{damage:?}: {changed:?}"
        );
    }
    let mut broken = image();
    assert_eq!(Damage::Truncated.apply(&mut broken), Ok(()));
    assert_eq!(broken, image()[..0x300]);
}

#[test]
fn what_is_no_image_cannot_be_damaged() {
    let mut text = b"not an image".to_vec();
    assert_eq!(Damage::WrongMachine.apply(&mut text), Err(NotAnImage));
    let mut empty = vec![0_u8; 64];
    assert_eq!(Damage::RelocationOutside.apply(&mut empty), Err(NotAnImage));
}

#[test]
fn the_partition_holds_what_the_description_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("loader"), "loader").expect("written");
    std::fs::write(at("shim"), "shim").expect("written");
    std::fs::write(at("kernel"), image()).expect("written");

    let mut files = EspFiles::new(at("loader"), at("kernel"));
    files.install(Architecture::I686, "EXIT", &at("esp")).expect("installed");
    assert_eq!(std::fs::read(at("esp/EFI/BOOT/BOOTIA32.EFI")).expect("loader"), b"loader");
    assert_eq!(std::fs::read(at("esp/XTOS/I686/XTOSKRNL.EXE")).expect("kernel"), image());
    let text = std::fs::read_to_string(at("esp/EFI/BOOT/XTLDR/XTLDR.INI")).expect("configuration");
    assert!(text.ends_with("KernelFile=XTOSKRNL.EXE\nParameters=EXIT\n"), "{text}");

    files.loader = BootLoader::Behind { shim: at("shim"), loader: at("loader") };
    files.kernel = Kernel::Missing;
    files.configuration = Configuration::Standard(LineEnds::CrLf);
    files.install(Architecture::Amd64, "EXIT", &at("esp")).expect("installed");
    assert_eq!(std::fs::read(at("esp/EFI/BOOT/BOOTX64.EFI")).expect("shim"), b"shim");
    assert_eq!(std::fs::read(at("esp/EFI/BOOT/XTLDR64.EFI")).expect("loader"), b"loader");
    assert!(!at("esp/XTOS").exists() && !at("esp/EFI/BOOT/BOOTIA32.EFI").exists());
    let text = std::fs::read_to_string(at("esp/EFI/BOOT/XTLDR/XTLDR.INI")).expect("configuration");
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
}

#[test]
fn absent_firmware_names_its_package() {
    let error = FirmwareMissing { architecture: Architecture::I686, package: "ovmf-ia32", expected: "/x.fd" };
    assert!(error.to_string().contains("install the package ovmf-ia32"));
}
