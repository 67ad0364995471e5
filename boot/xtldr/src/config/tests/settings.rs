//! The loader's own section.

use std::format;
use std::vec::Vec;

use super::{GOOD, default_error, parse, settings, told};
use crate::config::{
    DebugPort, DebugPorts, KeepLastBoot, Options, Preselected, Preselection, ScreenLines, Settings, Timeout,
};

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
