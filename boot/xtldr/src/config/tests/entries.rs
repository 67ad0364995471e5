//! Sections that describe systems.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use xtcore::choice::Architecture;

use super::{GOOD, default_error, faults, parse, told};
use crate::config::{Edits, EntryKey, PATH, SystemType};
use crate::volume::Volume;

#[test]
fn the_documented_form_is_read() {
    let entry = parse(GOOD).default_entry().unwrap();
    assert_eq!((entry.name, entry.title), ("XTOS", "XT Operating System"));
    assert_eq!(entry.system, SystemType::Xtos);
    assert_eq!(entry.path.volume(), Volume::Own);
    assert_eq!(entry.parameters.value("debug"), Some("COM1"));
    assert_eq!((entry.initrd, entry.sha256), (None, None));
    let paths = entry.kernel_paths(Architecture::I686);
    assert_eq!(&paths[0], r"\XTOS\I686\XTOSKRNL.EXE");
    assert_eq!(&paths[1], r"\XTOS\XTOSKRNL.EXE");
    assert_eq!(told(GOOD), Vec::<String>::new());
}

#[test]
fn every_key_of_a_system_is_read() {
    let digest = "0123456789abcdefABCDEF9876543210".repeat(2);
    let text = format!(
        "[A]\nSystemType=chainloader\nSystemPath=multi(0)disk(0)rdisk(1)partition(2)/EFI/OTHER/\nKernelFile=X.EFI\n\
         InitrdFile=RAM.IMG\nBootModules=acpi, beep;dummy\nKernelSha256={digest}\n"
    );
    let entry = parse(&text).default_entry().unwrap();
    assert_eq!(entry.system, SystemType::Chainloader);
    assert_eq!(entry.title, "A");
    assert_eq!(entry.path.volume(), Volume::HardDisk { disk: 1, partition: 2 });
    assert_eq!(&entry.kernel_paths(Architecture::Amd64)[1], r"\EFI\OTHER\X.EFI");
    assert_eq!(entry.initrd_path().as_deref(), Some(r"\EFI\OTHER\RAM.IMG"));
    assert_eq!(entry.boot_modules.iter().collect::<Vec<_>>(), ["acpi", "beep", "dummy"]);
    let sha256 = entry.sha256.unwrap();
    assert_eq!(sha256[..9], [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xAB]);
    assert_eq!(entry.text(EntryKey::InitrdFile), "RAM.IMG");
}

#[test]
fn only_a_system_of_a_type_of_ours_needs_a_kernel() {
    let text = GOOD.replace("SystemType=XTOS", "SystemType=NT50").replace("KernelFile", ";");
    let entry = parse(&text).default_entry().unwrap();
    assert_eq!((entry.system, entry.kernel), (SystemType::Other("NT50"), ""));
}

#[test]
fn what_is_missing_is_named() {
    for key in ["SystemType", "SystemPath", "KernelFile"] {
        let without: String =
            GOOD.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        let message = default_error(&without);
        assert!(message.contains(key) && message.contains("lacks"), "{message}");

        let empty: String = GOOD
            .lines()
            .map(|line| if line.starts_with(key) { format!("{key}=\n") } else { format!("{line}\n") })
            .collect();
        let message = default_error(&empty);
        assert!(message.contains(key) && message.contains("no value"), "{message}");
    }
    assert_eq!(
        default_error("[XTLDR]\n"),
        format!("configuration {PATH}: no section describes a system to boot")
    );
}

#[test]
fn the_same_key_in_two_sections_is_no_repetition() {
    let text = GOOD.replace("[XTLDR]", "[XTOS2]\nSystemType=A\nSystemPath=\\\n[XTLDR]");
    assert_eq!(told(&text), Vec::<String>::new());
}

#[test]
fn a_broken_system_leaves_the_others_usable() {
    let good = "SystemType=XTOS\nSystemPath=\\\nKernelFile=K\n";
    let text =
        format!("[A]\n{good}[B]\nno equals sign\n{good}[C\n{good}[A]\n{good}[D]\nX\0=1\n{good}[E]\n{good}");
    let configuration = parse(&text);
    let usable: Vec<_> =
        configuration.entries().map(|section| (section.name(), section.entry().is_ok())).collect();
    assert_eq!(usable, [("A", true), ("B", false), ("[C", false), ("A", false), ("D", false), ("E", true)]);
    assert_eq!(
        faults(&text),
        [
            "error: line 6, section [B]: \"no equals sign\" is no comment, [section] or key=value",
            "error: line 10: \"[C\" is no [section]; what follows belongs to none",
            "error: line 14, section [A]: line 1 has begun a section of that name already, and that one counts",
            "error: line 19, section [D]: it holds the control character U+0000",
        ]
    );
}

#[test]
fn an_edited_entry_is_read_like_one_from_the_file() {
    let text = GOOD;
    let entry = parse(text).default_entry().unwrap();
    let mut edits = Edits::default();
    assert_eq!(entry.with(&edits), Ok(entry));
    let typed = String::from(" NOXPA ");
    edits.set(EntryKey::Parameters, &typed);
    edits.set(EntryKey::SystemPath, "ramdisk(0)");
    let edited = entry.with(&edits).unwrap();
    assert_eq!(edited.parameters.text(), "NOXPA");
    assert_eq!(edited.path.volume(), Volume::RamDisk(0));
    assert_eq!(&edited.kernel_paths(Architecture::Amd64)[0], r"\AMD64\XTOSKRNL.EXE");
    assert_eq!(edited.text(EntryKey::Parameters), "NOXPA");
    assert_eq!(entry.parameters.text(), "DEBUG=COM1 EXIT");

    for (key, value, message) in [
        (EntryKey::KernelFile, "", "as edited, key KernelFile: it has no value"),
        (
            EntryKey::KernelFile,
            "a/b",
            "as edited, key KernelFile: \"a/b\" is no file name: it has no folder in it",
        ),
        (
            EntryKey::Parameters,
            "a\u{1b}b",
            "as edited, key Parameters: it holds the control character U+001B",
        ),
    ] {
        let mut edits = Edits::default();
        edits.set(key, value);
        assert_eq!(entry.with(&edits).unwrap_err().to_string(), message);
    }
    assert_eq!(EntryKey::named("parameters"), Some(EntryKey::Parameters));
    assert_eq!(EntryKey::named("param"), None);
}
