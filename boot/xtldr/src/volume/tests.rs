//! ARC paths as people write them, and device paths as firmware has them.

use std::string::ToString;
use std::vec::Vec;

use super::*;

#[test]
fn every_documented_path_is_read() {
    let hard = |disk, partition| Volume::HardDisk { disk, partition };
    for (text, volume, folder) in [
        (r"\XTOS", Volume::Own, r"\XTOS"),
        ("/XTOS/", Volume::Own, "/XTOS/"),
        (r"\", Volume::Own, r"\"),
        (r"multi(0)esp(0)\XTOS", Volume::Own, r"\XTOS"),
        ("MULTI(0)ESP(0)", Volume::Own, ""),
        (r"ramdisk(0)\XTOS", Volume::RamDisk(0), r"\XTOS"),
        (r"multi(0)disk(0)rdisk(1)partition(2)\A\B", hard(1, 2), r"\A\B"),
        ("multi(0)disk(0)rdisk(4294967295)partition(0)/A", hard(u32::MAX, 0), "/A"),
        (r"multi(0)disk(0)cdrom(3)\A", Volume::CdRom(3), r"\A"),
        (r"multi(0)disk(0)CdRom(3)partition(0)\A", Volume::CdRom(3), r"\A"),
        ("multi(0)disk(0)fdisk(0)", Volume::Floppy(0), ""),
    ] {
        let path = ArcPath::parse(text).unwrap();
        assert_eq!((path.volume(), path.folder()), (volume, folder), "{text}");
        let again = volume.to_string();
        assert_eq!(ArcPath::parse(&again).unwrap().volume(), volume, "{again}");
    }
}

#[test]
fn what_is_no_path_is_told_with_what_should_stand_there() {
    for (text, message) in [
        ("", r"the path ends where a folder (\NAME), multi(0) or ramdisk(n) should stand"),
        ("XTOS", "the path has \"XTOS\" where a folder (\\NAME), multi(0) or ramdisk(n) should stand"),
        ("multi(1)esp(0)", "the path names multi(1), there is multi(0) only"),
        ("multi(0)", "the path ends where esp(0) or disk(0) should stand"),
        ("multi(0)esp(2)", "the path names esp(2), there is esp(0) only"),
        ("multi(0)disk(1)rdisk(0)partition(1)", "the path names disk(1), there is disk(0) only"),
        ("multi(0)disk(0)", "the path ends where rdisk(n), cdrom(n) or fdisk(n) should stand"),
        ("multi(0)disk(0)rdisk(0)", "the path ends where partition(n) should stand"),
        (
            "multi(0)disk(0)rdisk(+1)partition(1)",
            "the path has \"rdisk(+1)partition(1)\" where rdisk(n), cdrom(n) or fdisk(n) \
          should stand",
        ),
        (
            "multi(0)disk(0)rdisk()partition(1)",
            "the path has \"rdisk()partition(1)\" where rdisk(n), cdrom(n) or fdisk(n) \
          should stand",
        ),
        (
            "multi(0)disk(0)rdisk(4294967296)",
            "the path has \"rdisk(4294967296)\" where rdisk(n), cdrom(n) or fdisk(n) should \
          stand",
        ),
        ("multi(0)disk(0)cdrom(0)partition(1)", "the path names partition(1), there is partition(0) only"),
        ("ramdisk(0)XTOS", "the path has \"XTOS\" where a folder, which starts with \\, should stand"),
        (
            "ramdiskette(0)",
            "the path has \"ramdiskette(0)\" where a folder (\\NAME), multi(0) or ramdisk(n) should stand",
        ),
        ("é(0)", "the path has \"é(0)\" where a folder (\\NAME), multi(0) or ramdisk(n) should stand"),
    ] {
        assert_eq!(ArcPath::parse(text).unwrap_err().to_string(), message);
    }
}

/// A node of a device path.
fn node(kind: (u8, u8), data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 4).unwrap().to_le_bytes();
    [&[kind.0, kind.1, length[0], length[1]], data].concat()
}

fn path(nodes: &[Vec<u8>]) -> Vec<u8> {
    [nodes.concat(), node((0x7F, 0xFF), &[])].concat()
}

fn root() -> Vec<u8> {
    node((2, 1), &[0xD0, 0x41, 0x03, 0x0A, 0, 0, 0, 0])
}

fn port(number: u8) -> Vec<u8> {
    node((3, 18), &[number, 0, 0xFF, 0xFF, 0, 0])
}

fn partition(number: u8) -> Vec<u8> {
    let mut data = [0xAA; 38];
    data[..4].copy_from_slice(&u32::from(number).to_le_bytes());
    node((4, 1), &data)
}

fn floppy(unit: u8) -> Vec<u8> {
    node((2, 1), &[0xD0, 0x41, 0x04, 0x06, unit, 0, 0, 0])
}

#[test]
fn file_systems_are_named_by_their_disks() {
    let cd = || node((4, 2), &[0; 20]);
    let ram = || node((4, 9), &[0; 34]);
    let network = node((3, 24), b"https://example.org/");
    let disks = [
        path(&[root(), port(7)]),
        path(&[root(), port(2)]),
        path(&[ram()]),
        path(&[root(), floppy(0)]),
        path(&[root(), port(1)]),
        path(&[root(), port(9)]),
    ];
    let blocks = [512, 2048, 512, 512, 4096, 512];
    let disks: Vec<Disk<'_>> =
        disks.iter().zip(blocks).map(|(path, block_bytes)| Disk { path, block_bytes }).collect();
    let systems = [
        path(&[root(), port(1), partition(3)]),
        path(&[root(), port(2), cd()]),
        path(&[root(), port(7), partition(1)]),
        path(&[ram()]),
        path(&[root(), port(9)]),
        path(&[root(), floppy(1)]),
        path(&[root(), port(8), partition(1)]),
        path(&[network]),
        path(&[root(), port(3), cd()]),
        Vec::new(),
    ];
    let file_systems: Vec<&[u8]> = systems.iter().map(Vec::as_slice).collect();
    let devices = Devices { file_systems: &file_systems, disks: &disks };
    let hard = |disk, partition| Some(Volume::HardDisk { disk, partition });
    let names: Vec<_> = (0..=systems.len()).map(|number| devices.name(number)).collect();
    assert_eq!(
        names,
        [
            hard(1, 3),
            Some(Volume::CdRom(0)),
            hard(0, 1),
            Some(Volume::RamDisk(0)),
            hard(2, 0),
            Some(Volume::Floppy(1)),
            // A partition of a disk that is not there, and a volume that is none of ours.
            None,
            None,
            Some(Volume::CdRom(1)),
            None,
            None,
        ]
    );
    for (number, name) in names.iter().enumerate() {
        if let Some(name) = name {
            assert_eq!(devices.find(*name), Some(number));
        }
    }
    assert_eq!(devices.find(Volume::HardDisk { disk: 1, partition: 1 }), None);
    assert_eq!(devices.find(Volume::Own), None);
}

#[test]
fn a_broken_device_path_has_no_name() {
    let good = path(&[root(), port(1), partition(3)]);
    let disk = path(&[root(), port(1)]);
    for length in 0..good.len() {
        for value in [0, 3, 0x7F, 0xFF] {
            let mut broken = good.clone();
            broken[length] = value;
            let systems = [&good[..length], &broken];
            let disks = [Disk { path: &disk[..length.min(disk.len())], block_bytes: 512 }];
            let devices = Devices { file_systems: &systems, disks: &disks };
            // Whatever it is called, it is found under that name or an earlier one.
            for number in 0..2 {
                let name = devices.name(number);
                assert!(name.is_none_or(|name| devices.find(name).is_some_and(|found| found <= number)));
            }
        }
    }
}
