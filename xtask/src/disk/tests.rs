//! Disk images, written and read back.

use super::{Entry, read, write};

fn entry(path: &str, bytes: Vec<u8>) -> Entry {
    Entry { path: path.to_owned(), bytes }
}

/// Sorted by path, as `read` returns them.
fn system() -> Vec<Entry> {
    vec![
        entry("EFI/BOOT/BOOTIA32.EFI", vec![0x32; 70_000]),
        entry("EFI/BOOT/BOOTX64.EFI", vec![0x64; 90_001]),
        entry("EFI/BOOT/XTLDR/XTLDR.INI", b"[XTLDR]\nDefault=XTOS\n".to_vec()),
        entry("XTOS/AMD64/XTOSKRNL.EXE", (0_u32..100_000).flat_map(u32::to_le_bytes).collect()),
        entry("XTOS/I686/XTOSKRNL.EXE", Vec::new()),
    ]
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disk.img");
    write(&image, &system()).unwrap();
    assert_eq!(read(&image).unwrap(), system());
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.img"), folder.path().join("other.img"));
    write(&one, &system()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    write(&other, &system()).unwrap();
    assert!(std::fs::read(one).unwrap() == std::fs::read(other).unwrap());
}

#[test]
fn a_damaged_table_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disk.img");
    write(&image, &system()).unwrap();
    let mut bytes = std::fs::read(&image).unwrap();
    let end = bytes.len() - 512;
    bytes[512 + 16] ^= 0xFF;
    bytes[end + 16] ^= 0xFF;
    std::fs::write(&image, bytes).unwrap();
    assert!(read(&image).is_err());
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disk.img");
    assert!(write(&image, &[entry("BIG.BIN", vec![1; 65 << 20])]).is_err());
}
