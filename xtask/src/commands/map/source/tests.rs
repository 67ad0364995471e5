//! Logs and files, whole and broken.

use super::{csv, log};
use crate::commands::map::model::{Address, Kind};
use crate::commands::map::samples::{self, LAYOUT, MEMMAP};

/// The whole chain of causes, as the user reads it.
fn refused(read: anyhow::Result<crate::commands::map::model::Picture>) -> String {
    format!("{:#}", read.unwrap_err())
}

fn on_one_line(answer: &str) -> String {
    answer.replace('\n', "")
}

#[test]
fn a_log_tells_both_spaces_of_the_machine() {
    let picture = samples::machine();
    assert_eq!(picture.title, "XTOS amd64 pml5");
    let [layout, memory] = &picture.spaces[..] else { panic!("{picture:?}") };
    assert_eq!((layout.kind, memory.kind), (Kind::Virtual, Kind::Physical));
    assert_eq!(layout.axis.start().to_string(), "ff000000_00000000");
    assert_eq!(layout.axis.end(), Address::END);
    assert_eq!(layout.regions().count(), 9);
    let pool = layout.regions().find(|(_, region)| region.name == "non-paged pool").unwrap().1;
    assert_eq!(pool.note, "16 KiB in use");
    assert_eq!(memory.tracks.len(), 2);
    assert!(memory.facts[0].contains("12.1 TiB of RAM, 992 KiB of it in use"), "{:?}", memory.facts);
}

#[test]
fn what_stands_around_an_answer_does_not_matter() {
    for answer in [on_one_line(LAYOUT), on_one_line(LAYOUT).replacen("{", "{ ", 1)] {
        let log = format!("\u{1b}[2Jxtkd {{x}}> {answer}\u{1b}[0m\r\n");
        assert_eq!(log::read(&log).unwrap().spaces.len(), 1);
    }
}

#[test]
fn the_last_answer_to_a_command_counts() {
    let renamed = on_one_line(LAYOUT).replace("boot stack", "later stack");
    let log = format!("{}\n{renamed}\n", on_one_line(LAYOUT));
    let picture = log::read(&log).unwrap();
    assert!(picture.spaces[0].regions().any(|(_, region)| region.name == "later stack"));
    assert!(!picture.spaces[0].regions().any(|(_, region)| region.name == "boot stack"));
}

#[test]
fn answers_to_other_commands_are_skipped() {
    let log = format!("XTOS-ANSWER {{\"command\":\"vm\",\"free\":1}}\n{}", on_one_line(MEMMAP));
    assert_eq!(log::read(&log).unwrap().spaces.len(), 1);
}

#[test]
fn a_log_without_an_answer_says_how_to_get_one() {
    let told = refused(log::read("XTLDR 0.1.0\nxtoskrnl: PASS\n"));
    assert!(told.contains("MONITOR=json+layout,json+memmap"), "{told}");
}

#[test]
fn an_answer_cut_off_anywhere_is_refused_by_its_line() {
    let whole = on_one_line(LAYOUT);
    for length in [10, 22, 60, 200, whole.len() - 1] {
        let told = refused(log::read(&format!("first\n{}\n", &whole[..length])));
        assert!(told.starts_with("line 2: "), "{length}: {told}");
    }
    for length in [0, 1, 8] {
        let told = refused(log::read(&format!("XTOS-ANSWER {}\n{whole}\n", &whole[..length])));
        assert!(told.starts_with("line 1: "), "{length}: {told}");
    }
}

#[test]
fn an_answer_that_does_not_say_what_it_should_is_refused() {
    let whole = on_one_line(LAYOUT);
    for (from, to, why) in [
        ("\"regions\"", "\"religions\"", "`regions`"),
        ("\"0xfffff80040600000\"", "\"fffff80040600000\"", "region boot stack: `start` is no address"),
        ("0xfffff80040610000", "0xfffff80040600000", "boot stack: it ends at fffff800_40600000, not above"),
        ("0xff00000000000000", "0x1000", "window lies outside the kernel's half"),
        (":57", ":7", "7 virtual address bits"),
        (":57", ":\"57\"", "`virtual_bits`"),
        (":86016", ":\"much\"", "`used` of per-processor data"),
    ] {
        assert!(whole.contains(from), "{from}");
        let told = refused(log::read(&whole.replacen(from, to, 1)));
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_32_bit_kernel_has_the_upper_2_gib() {
    let log = r#"{"command":"layout","arch":"i686","mode":"pml2","virtual_bits":32,"slide":"0x0","regions":[{"name":"window","start":"0x86c00000","end":"0xbfc00000","used":null}]}"#;
    let picture = log::read(log).unwrap();
    let axis = picture.spaces[0].axis;
    assert_eq!((axis.start().get(), axis.end().get()), (0x8000_0000, 0x1_0000_0000));
    assert_eq!(picture.spaces[0].facts.len(), 1, "no slide, nothing to tell");
}

#[test]
fn without_owners_the_kinds_are_drawn_alone() {
    let (before, _) = MEMMAP.split_once("\"owners\"").unwrap();
    let picture = log::read(&on_one_line(&format!("{before}\"owners\":[]}}"))).unwrap();
    assert_eq!(picture.spaces[0].tracks.len(), 1);
}

#[test]
fn a_firmware_map_has_a_before_and_an_after() {
    for picture in samples::firmware() {
        let [space] = &picture.spaces[..] else { panic!("{picture:?}") };
        let [before, after] = &space.tracks[..] else { panic!("{space:?}") };
        assert!(before.regions.len() >= after.regions.len() - 1, "only page 0 may be split off");
        let disjoint = after.regions.windows(2).all(|two| two[0].span.end() <= two[1].span.start());
        assert!(disjoint, "{after:?}");
    }
}

#[test]
fn a_descriptor_of_no_bytes_is_shown_where_it_was() {
    let file = samples::memmaps().join("04_lenovo_x240_8GB_zero-length.csv");
    let picture = csv::read("x240", &std::fs::read_to_string(file).unwrap()).unwrap();
    let before = &picture.spaces[0].tracks[0];
    let empty: Vec<_> = before.regions.iter().filter(|region| region.span.is_empty()).collect();
    assert_eq!(empty.len(), 7);
    assert!(empty.iter().all(|region| region.note.contains("dropped")));
    assert!(picture.spaces[0].facts[0].contains("7 dropped"));
}

#[test]
fn columns_may_come_in_any_order_and_numbers_in_both_bases() {
    let text = "attr,type,note,end,start\n0xf,7,x,0x3000,4096\n0,0x70000001,y,0x4000,0x3000\n";
    let picture = csv::read("small", text).unwrap();
    let names: Vec<&str> =
        picture.spaces[0].tracks[0].regions.iter().map(|region| region.name.as_str()).collect();
    assert_eq!(names, ["ConventionalMemory", "type 0x70000001"]);
}

#[test]
fn what_is_no_map_is_refused_by_its_line() {
    for (text, why) in [
        ("", "the file is empty"),
        ("start,end,type,attr\n", "lists no descriptor"),
        ("start,end,type\n0,4096,7\n", "line 1: there is no column `attr`"),
        ("start,end,type,attr\n0,4096,7,0\n0,x,7,0\n", "line 3: `0,x,7,0`: `end` is no number: x"),
        ("start,end,type,attr\n0,4096,7\n", "line 2: `0,4096,7`: there is no `attr`"),
        ("start,end,type,attr\n8192,4096,7,0\n", "it ends before it starts"),
        ("start,end,type,attr\n0,4097,7,0\n", "4097 bytes are not whole pages"),
        ("start,end,type,attr\n0,4096,0x100000000,0\n", "a type has 32 bits"),
    ] {
        let told = refused(csv::read("broken", text));
        assert!(told.contains(why), "{told}");
    }
}
