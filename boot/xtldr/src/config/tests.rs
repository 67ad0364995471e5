//! Configurations as people write them, and as they should not.

use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use arrayvec::ArrayVec;
use xtcore::choice::Architecture;

use super::*;
use crate::volume::Volume;

const GOOD: &str = "; the loader\n[XTLDR]\nDefault=XTOS\n\n[XTOS]\nSystemName = XT Operating System \nSystemType=XTOS\n\
                    SystemPath=\\XTOS\nKernelFile=XTOSKRNL.EXE\nParameters=DEBUG=COM1 EXIT\n";

fn parse(text: &str) -> Configuration<'_> {
    Configuration::parse(text.as_bytes()).unwrap()
}

/// What is told about a file.
fn told(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    parse(text).problems(&mut |problem| lines.push(problem.to_string()));
    lines
}

/// What is told about a file, without the words that all of it begins with.
fn faults(text: &str) -> Vec<String> {
    let strip = |line: &String| line.replace(&format!("configuration {PATH}, "), "");
    told(text).iter().map(strip).collect()
}

fn settings(own: &str) -> Settings<'_> {
    Configuration::parse(own.as_bytes()).unwrap().settings(&Options::default())
}

fn default_error(text: &str) -> String {
    parse(text).default_entry().unwrap_err().to_string()
}

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
fn a_modules_key_is_told_from_a_mistyped_one_by_its_dot() {
    let text = "[XTLDR]\nDummy.Greeting=Good day\nGreeting=x\n[A]\nSystemType=CHAINLOADER\nSystemPath=\\\nKernelFile=X\nA.B=c\n";
    let [first, second] = told(text).try_into().unwrap();
    assert!(first.contains("key Greeting") && second.contains("key A.B"), "{first} {second}");
    let configuration = parse(text);
    assert_eq!(configuration.own_value("dummy.greeting"), Some("Good day"));
    let options = Options::parse("Dummy.Greeting=Hello");
    assert_eq!(options.value("DUMMY.GREETING"), Some("Hello"));
    configuration.option_problems(&options, &mut |problem| panic!("{problem}"));
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
fn crlf_a_byte_order_mark_case_and_blanks_change_nothing() {
    let text = format!("\u{FEFF}{}", GOOD.replace('\n', "\r\n").replace("Default=", "  dEFAULT =\t"));
    let entry = parse(&text).default_entry().unwrap();
    assert_eq!(entry.parameters.text(), "DEBUG=COM1 EXIT");
    assert_eq!(entry.name, "XTOS");
}

#[test]
fn utf_16_of_either_order_says_the_same() {
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let text = format!("\u{FEFF}{}", GOOD.replace("XT Operating", "Ünïcødé 🚀"));
        let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
        let mut into = vec![0; room(&bytes)];
        let read = Configuration::read(PATH, &bytes, &mut into).unwrap();
        assert_eq!(read.default_entry().unwrap().title, "Ünïcødé 🚀 System");
        assert_eq!(read.entries().count(), 1);

        let mut small = vec![0; 10];
        let error = Configuration::read(PATH, &bytes, &mut small).unwrap_err();
        assert!(matches!(error.fault, Fault::TooLong { limit: 10, .. }));
    }
}

#[test]
fn half_a_character_of_utf_16_breaks_its_line_only() {
    let mut units: Vec<u16> = "\u{FEFF}[A]\nSystemName=".encode_utf16().collect();
    units.push(0xD83D);
    units.extend("\n[B]\nSystemName=B\nSystemType=X\nSystemPath=\\\n".encode_utf16());
    let mut bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    bytes.push(b'x');
    let mut into = vec![0; room(&bytes)];
    let read = Configuration::read(PATH, &bytes, &mut into).unwrap();
    let sections: Vec<_> = read.entries().collect();
    assert_eq!(sections[0].entry().unwrap_err().at.line, Some(2));
    assert_eq!(sections[0].entry().unwrap_err().fault, Fault::NotText);
    let odd = sections[1].entry().unwrap_err();
    assert_eq!((odd.at.line, odd.fault), (Some(7), Fault::NotText));
}

#[test]
fn a_prefix_of_a_name_is_another_name() {
    for name in ["XTO", "XTOS2"] {
        let text = GOOD.replace("Default=XTOS", &format!("Default={name}"));
        assert!(default_error(&text).contains(&format!("[{name}]")));
        let selected = parse(&text).preselect(&settings(&text), None).unwrap();
        assert_eq!(selected, Preselected { index: 0, reason: Preselection::Instead });
    }
    let three = "[XTLDR]\nDefault=AB\n[A]\n[ABC]\n[ab]\n";
    let selected = parse(three).preselect(&settings(three), None).unwrap();
    assert_eq!(selected, Preselected { index: 2, reason: Preselection::Default });
}

#[test]
fn the_last_choice_counts_where_it_is_kept_and_still_exists() {
    let text = "[XTLDR]\nDefault=B\nKeepLastBoot=Yes\n[A]\n[B]\n[C]\n";
    let select = |text: &str, last| parse(text).preselect(&settings(text), last).unwrap();
    assert_eq!(select(text, Some("c")), Preselected { index: 2, reason: Preselection::Last });
    assert_eq!(select(text, Some("D")), Preselected { index: 1, reason: Preselection::Default });
    assert_eq!(select(text, None), Preselected { index: 1, reason: Preselection::Default });
    let forgets = text.replace("Yes", "No");
    assert_eq!(select(&forgets, Some("C")), Preselected { index: 1, reason: Preselection::Default });
    assert_eq!(select("[A]\n[B]\n", None), Preselected { index: 0, reason: Preselection::First });
    assert_eq!(parse("[XTLDR]\n").preselect(&Settings::default(), None), None);
}

#[test]
fn an_empty_file_is_refused_by_name() {
    for text in ["", "\r\n\r\n", "; nothing\n# here\n", "\u{FEFF}"] {
        let error = Configuration::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.fault, Fault::Empty, "{text:?}");
        assert!(error.to_string().contains("XTLDR.INI"));
    }
}

#[test]
fn a_file_at_the_limit_is_read_and_one_above_it_is_not() {
    let mut text = String::from(GOOD);
    while text.len() < MAX_BYTES {
        text.push('\n');
    }
    assert!(Configuration::parse(text.as_bytes()).is_ok());
    for bytes in [MAX_BYTES + 1, 1 << 20] {
        let text = "\n".repeat(bytes);
        let error = Configuration::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, ConfigError::too_long(PATH, bytes as u64));
    }
}

#[test]
fn a_file_of_nothing_but_sections_or_nuls_is_told_in_good_time() {
    let sections: String = (0..MAX_BYTES / 7).map(|number| format!("[{number:04x}]\n")).collect();
    for text in [sections, "\0".repeat(MAX_BYTES), "[a]\n".repeat(MAX_BYTES / 4), "a\n".repeat(MAX_BYTES / 2)]
    {
        let lines = told(&text);
        assert!(!lines.is_empty() && lines.len() <= MAX_PROBLEMS + 1, "{}", lines.len());
    }
}

#[test]
fn a_comment_may_be_in_any_encoding() {
    let text = [b"; caf\xE9\n#\0\n".as_slice(), GOOD.as_bytes()].concat();
    let configuration = Configuration::parse(&text).unwrap();
    configuration.problems(&mut |problem| panic!("{problem}"));
    let text = [GOOD.as_bytes(), b"InitrdFile=caf\xE9\n"].concat();
    let error = Configuration::parse(&text).unwrap().default_entry().unwrap_err();
    assert_eq!((error.at.line, error.fault), (Some(11), Fault::NotText));
}

#[test]
fn the_same_key_in_two_sections_is_no_repetition() {
    let text = GOOD.replace("[XTLDR]", "[XTOS2]\nSystemType=A\nSystemPath=\\\n[XTLDR]");
    assert_eq!(told(&text), Vec::<String>::new());
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
fn only_a_system_of_a_type_of_ours_needs_a_kernel() {
    let text = GOOD.replace("SystemType=XTOS", "SystemType=NT50").replace("KernelFile", ";");
    let entry = parse(&text).default_entry().unwrap();
    assert_eq!((entry.system, entry.kernel), (SystemType::Other("NT50"), ""));
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
fn every_message_names_file_line_section_and_key() {
    let cases: &[(&str, &[&str])] = &[
        (
            "x=1\n!\n[A]\n",
            &[
                "error: line 1, key x: it stands before the first [section]",
                "error: line 2: \"!\" is no comment, [section] or key=value",
                "error: section [A], key SystemType: it must be given, and the section lacks it",
                "error: section [A], key SystemPath: it must be given, and the section lacks it",
            ],
        ),
        (
            "[XTLDR]\nDefault=B\nTimeout=-1\nKeepLastBoot=maybe\nDebug=COM5;SCREEN\nColour=red\nTimeout=3\n",
            &[
                "warning: line 6, section [XTLDR], key Colour: nobody knows it, it is ignored",
                "error: line 7, section [XTLDR], key Timeout: line 3 has given it already, and counts",
                "error: line 5, section [XTLDR], key Debug: \"COM5\" is none of COM1 to COM4, COM0:0xADDRESS (each with ,baud if \
             wanted) and SCREEN",
                "error: line 4, section [XTLDR], key KeepLastBoot: \"maybe\" is neither YES, ON, TRUE, ENABLED nor NO, OFF, FALSE, \
             DISABLED",
                "error: line 3, section [XTLDR], key Timeout: \"-1\" is no number of seconds",
                "error: line 2, section [XTLDR], key Default: there is no system's section [B]",
                "error: configuration \\EFI\\BOOT\\XTLDR\\XTLDR.INI: no section describes a system to boot",
            ],
        ),
        (
            "[A]\nSystemType=XTOS\nSystemPath=XTOS\nKernelFile=A\\B.EXE\nInitrdFile=/R\nKernelSha256=abc\n",
            &[
                "error: line 3, section [A], key SystemPath: the path has \"XTOS\" where a folder (\\NAME), multi(0) or ramdisk(n) \
             should stand",
                "error: line 4, section [A], key KernelFile: \"A\\B.EXE\" is no file name: it has no folder in it",
                "error: line 5, section [A], key InitrdFile: \"/R\" is no file name: it has no folder in it",
                "error: line 6, section [A], key KernelSha256: \"abc\" is no SHA-256, which has 64 hexadecimal digits",
            ],
        ),
        (
            "[A]\nSystemType=X\nSystemPath=\\\nsystemtype=Y\n[xtldr]\n[XTLDR]\n",
            &[
                "error: line 4, section [A], key systemtype: line 2 has given it already, and counts",
                "error: line 6, section [XTLDR]: line 5 has begun a section of that name already, and that one counts",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(text), *expected, "{text}");
    }
}

#[test]
fn paths_and_parameters_have_their_limits() {
    let long = format!("{}.EXE", "K".repeat(300));
    let message = default_error(&GOOD.replace("XTOSKRNL.EXE", &long));
    assert!(message.contains("KernelFile") && message.contains("316 bytes, the limit is 260"), "{message}");
    let fits = "K".repeat(MAX_PATH_BYTES - r"\XTOS\AMD64\".len());
    let text = GOOD.replace("XTOSKRNL.EXE", &fits);
    assert_eq!(
        parse(&text).default_entry().unwrap().kernel_paths(Architecture::Amd64)[0].len(),
        MAX_PATH_BYTES
    );
    let parameters = "P ".repeat(3000);
    assert!(default_error(&GOOD.replace("DEBUG=COM1 EXIT", &parameters)).contains("Parameters: 5999 bytes"));
}

#[test]
fn of_very_many_problems_the_first_are_told() {
    let some = told(&"junk\n".repeat(MAX_PROBLEMS - 1));
    assert_eq!(some.len(), MAX_PROBLEMS, "with the one that there is no system");
    for text in ["junk\n".repeat(MAX_PROBLEMS + 5), "[a\n".repeat(MAX_PROBLEMS + 1)] {
        let lines = told(&text);
        assert_eq!(lines.len(), MAX_PROBLEMS + 1);
        let last = format!("error: configuration {PATH}: there are more problems than these");
        assert_eq!(lines[MAX_PROBLEMS], last);
    }
}

#[test]
fn text_from_the_file_cannot_break_a_message() {
    let text = format!("[{}\n[B]\nx\u{1b}[2J=1\n", "é".repeat(100));
    let lines = told(&text);
    assert!(lines[0].contains(&format!("\"[{}…\"", "é".repeat(59))), "{}", lines[0]);
    assert!(lines[1].contains("U+001B"));
    assert!(lines.iter().all(|line| !line.contains(char::is_control)));
}

#[test]
fn tabulators_stand_around_names_and_not_in_them() {
    let text = "[\tA\t]\nSystemName\t=\tA\tB\n[C\tD]\n[E\tF\n";
    let shown: Vec<_> = parse(text).entries().map(|section| (section.name(), section.title())).collect();
    assert_eq!(shown, [("A", "A"), ("[C", "[C"), ("[E", "[E")]);
    let told = faults(text);
    assert!(told[0].ends_with("key SystemName: it holds the control character U+0009"), "{}", told[0]);
    let header = |line: &&String| line.starts_with("error: line 3: it holds the control character U+0009");
    assert_eq!(told.iter().filter(header).count(), 1, "{told:?}");
}

#[test]
fn settings_have_their_values_and_defaults() {
    assert_eq!(settings("[A]\n"), Settings::default());
    assert_eq!(Settings::default().timeout, Timeout::Never);
    let read = settings(
        "[XTLDR]\nTimeout=07\nModules=acpi framebuf\nTune=480 440 1\nKeepLastBoot=enabled\nDefault= X Y \n",
    );
    assert_eq!(read.timeout, Timeout::Seconds(7));
    assert_eq!(read.modules.iter().collect::<Vec<_>>(), ["acpi", "framebuf"]);
    assert_eq!((read.tune, read.default), (Some("480 440 1"), Some("X Y")));
    assert_eq!(read.keep_last_boot, KeepLastBoot::Yes);
    for (word, kept) in [("on", true), ("True", true), ("YES", true), ("off", false), ("nonsense", false)] {
        let text = format!("[XTLDR]\nKeepLastBoot={word}\n");
        assert_eq!(settings(&text).keep_last_boot == KeepLastBoot::Yes, kept, "{word}");
    }
    for nonsense in ["-1", "+1", "1s", "4294967296", "0x10"] {
        assert_eq!(settings(&format!("[XTLDR]\nTimeout={nonsense}\n")).timeout, Timeout::Never, "{nonsense}");
    }
}

#[test]
fn debug_ports_are_read_with_a_speed_only_where_one_is_given() {
    let read = |text: &str| settings(&format!("[XTLDR]\nDebug={text}\n")).debug;
    let port = |base, divisor| DebugPort { base, divisor };
    let chosen =
        |ports: &[DebugPort], screen| DebugPorts::Chosen { serial: ports.iter().copied().collect(), screen };
    assert_eq!(read(""), DebugPorts::Usual);
    assert_eq!(read("COM1"), chosen(&[port(0x3F8, None)], ScreenLines::Hidden));
    assert_eq!(read("screen"), chosen(&[], ScreenLines::Shown));
    let all = read("com2,57600; COM0:0x4F0 ;SCREEN;COM1,9600;COM2");
    let ports = [port(0x2F8, None), port(0x4F0, None), port(0x3F8, Some(12))];
    assert_eq!(all, chosen(&ports, ScreenLines::Shown));
    for nonsense in ["COM", "COM9", "LPT1", "COM1,7", "COM0:4F0", "COM1 COM2"] {
        assert_eq!(read(nonsense), DebugPorts::Usual, "{nonsense}");
    }
    assert_eq!(read("COM1;COM2;COM3;COM4;COM0:0x100"), DebugPorts::Usual);
}

#[test]
fn the_command_line_counts_above_the_file() {
    let configuration = parse("[XTLDR]\nTimeout=5\nDefault=A\nKeepLastBoot=YES\n[A]\n[B C]\n");
    let told = |text| {
        let options = Options::parse(text);
        let mut lines = Vec::new();
        configuration.option_problems(&options, &mut |problem| lines.push(problem.to_string()));
        (configuration.settings(&options), lines)
    };
    let (settings, lines) =
        told("FS0:\\BOOTX64.EFI timeout=0 \"Default=B C\" KeepLastBoot=\"off\" Timeout=9");
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!((settings.timeout, settings.default), (Timeout::Seconds(9), Some("B C")));
    assert_eq!(settings.keep_last_boot, KeepLastBoot::No);

    let (settings, lines) = told("Timeout=soon quiet Colour=red Default=C Tune=\"1 2");
    assert_eq!((settings.timeout, settings.tune), (Timeout::Seconds(5), None));
    assert_eq!(
        lines,
        [
            "warning: command line: \"quiet\" is no KEY=VALUE, it is ignored",
            "warning: command line, key Colour: nobody knows it, it is ignored",
            "error: command line: the quotation mark in \"Tune=\"1 2\" is never closed",
            "error: command line, key Timeout: \"soon\" is no number of seconds",
            "error: command line, key Default: there is no system's section [C]",
        ]
    );
    assert_eq!(told("Timeout=").0.timeout, Timeout::Never);
}

#[test]
fn load_options_of_another_kind_are_passed_over() {
    let mut into = [0; MAX_OPTIONS_BYTES];
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let text = utf16("XTLDR.EFI Timeout=3\0garbage");
    assert_eq!(Options::decode(&text, &mut into), Options::parse("XTLDR.EFI Timeout=3"));
    // What EDK II puts into a boot option that it made by itself.
    let guid =
        [0x4E, 0xAC, 0x08, 0x81, 0x11, 0x9F, 0x59, 0x4D, 0x85, 0x0E, 0xE2, 0x1A, 0x52, 0x2C, 0x59, 0xB2];
    let configuration = parse("[A]\n");
    let options = Options::decode(&guid, &mut into);
    configuration.option_problems(&options, &mut |problem| panic!("{problem}"));
    for bytes in [&b"odd"[..], &[0x3D, 0xD8, 0x20, 0]] {
        assert_eq!(Options::decode(bytes, &mut [0; 64]), Options::default());
    }
    assert_eq!(Options::decode(&text, &mut [0; 5]), Options::default());
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

#[test]
fn too_many_serial_ports_are_one_too_many() {
    let five = "[XTLDR]\nDebug=COM1;COM2;COM3;COM4;COM0:0x100\n[A]\nSystemType=X\nSystemPath=\\\n";
    assert_eq!(faults(five), ["error: line 2, section [XTLDR], key Debug: more than 4 serial ports"]);
    let four: ArrayVec<DebugPort, MAX_PORTS> =
        [0x3F8, 0x2F8, 0x3E8, 0x2E8].map(|base| DebugPort { base, divisor: None }).into();
    let read = settings("[XTLDR]\nDebug=COM1;COM2;COM3;COM4;COM1\n").debug;
    assert_eq!(read, DebugPorts::Chosen { serial: four, screen: ScreenLines::Hidden });
}
