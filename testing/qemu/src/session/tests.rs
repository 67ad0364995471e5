//! Consoles as firmware paints them, lines as the kernel prints them, and verdicts.

use serde_json::json;
use xtcore::{PhysAddr, VirtAddr};

use super::console::lines::Splitter;
use super::console::machine_line::{MachineLine, Refusal};
use super::console::transcript::{Request, Transcript};
use super::verdict::{Ended, verdict};
use super::*;
use crate::guest::{Architecture, EspFiles, ExitDevice};
use crate::inspect::{Rights, Run};
use crate::monitor::End;

fn lines(chunks: &[&[u8]]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut splitter = Splitter::default();
    for chunk in chunks {
        splitter.push(chunk, |line| lines.push(line.to_owned()));
    }
    splitter.finish(|line| lines.push(line.to_owned()));
    lines
}

#[test]
fn escape_sequences_vanish_and_a_moved_cursor_ends_the_line() {
    let painted: &[u8] = b"\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: starting\x1b[02;01H\x1b[37mXTOS-INSPECT\r\nrest";
    assert_eq!(lines(&[painted]), ["BdsDxe: starting", "XTOS-INSPECT", "rest"]);
}

#[test]
fn bytes_may_arrive_in_any_pieces() {
    let text: &[u8] = b"one\x1b[0;37mtwo\r\nXTOS-INSPECT\r\n\xFFthree";
    let whole = lines(&[text]);
    let single: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(lines(&single), whole);
    assert_eq!(whole, ["onetwo", "XTOS-INSPECT", "\u{FFFD}three"]);
}

#[test]
fn a_line_without_an_end_is_cut() {
    let endless = vec![b'x'; (1 << 20) + 5];
    let cut = lines(&[&endless]);
    assert_eq!(cut.iter().map(String::len).collect::<Vec<_>>(), [1 << 20, 5]);
}

#[test]
fn ranges_and_translations_become_typed() {
    let run = Run {
        page: VirtAddr::new(0xffff_f800_0000_0000),
        target: PhysAddr::new(0x20_0000),
        bytes: 0x40_0000,
        rights: Rights::READ.with(Rights::WRITE).with(Rights::GLOBAL),
        page_bytes: 0x20_0000,
    };
    let line = "XTOS-RANGE 0xfffff80000000000 0x200000 0x400000 rw-sg 2M";
    assert_eq!(MachineLine::parse(line), Some(MachineLine::Range(run)));
    let pair = MachineLine::Translation(VirtAddr::new(0x8080_1234), PhysAddr::new(0x1_0000_0234));
    assert_eq!(MachineLine::parse("XTOS-TRANSLATION 0x80801234 0x100000234"), Some(pair));
    let answer = MachineLine::parse("XTOS-ANSWER {\"command\":\"vm\"}");
    assert!(matches!(answer, Some(MachineLine::Answer(members)) if members["command"] == "vm"));
    assert_eq!(MachineLine::parse("XTOS 0.1 starts"), None);
}

#[test]
fn broken_machine_lines_are_kept_as_such() {
    for line in [
        "XTOS-RANGE 0x1000 0x2000 0x1001 rw-sg 4K",
        "XTOS-RANGE 0x1000 0x2000 0x0 rw-sg 4K",
        "XTOS-RANGE 0x1000 0x2000 0x1000 rwzsg 4K",
        "XTOS-RANGE 0x1000 0x2000 0x1000 rw-sg 8K",
        "XTOS-TRANSLATION 1000 0x2000",
        "XTOS-REPORT {\"verdict\":\"pass\"",
        "XTOS-REFUSED {\"by\":\"xtldr\"}",
        "XTOS-ANSWER {",
        "XTOS-GREETING",
    ] {
        assert_eq!(MachineLine::parse(line), Some(MachineLine::Malformed(line.to_owned())));
    }
}

fn guest() -> Guest {
    let mut guest = Guest::new(Architecture::Amd64, EspFiles::new("l".into(), "k".into()), "w".into());
    guest.inspection = Inspection::Off;
    guest.parameters = "TIME=2000-02-29T12:00:00".to_owned();
    guest
}

fn transcript(lines: &[&str]) -> Transcript {
    let mut transcript = Transcript::default();
    for line in lines {
        transcript.take(line);
    }
    transcript
}

const REPORT: &str = concat!(
    r#"XTOS-REPORT {"verdict":"pass","paging":"pml4","nx":true,"wx_pages_kernel":0,"#,
    r#""frames_writable_and_executable":0,"platform":{"processors":1},"cpus":1,"contexts":{"handovers":2000,"wrong":0},"#,
    r#""delivery":{"delivered":9,"deferred":4,"spurious":0,"unexpected":0,"lost":0,"complaints":0},"#,
    r#""processors":{"wanted":1,"running":1,"silent":0,"silent_apic_ids":[],"left_behind":0,"start_pages":0,"wrong":0,"#,
    r#""placed":0,"misplaced":0,"each":[{"cpu":0,"package":0,"core":0,"thread":0,"apic_id":0,"ran":1}]},"#,
    r#""time":{"boot_time":125962992000000000},"seed":"0x7","slide":65536,"self_map_slot":256}"#
);
const EXITED_WELL: Ended = Ended::ByItself(Some(33), End::Other);

fn judged(guest: &Guest, ended: Ended, lines: &[&str]) -> Verdict {
    verdict(guest, ended, &transcript(lines), None).0
}

#[test]
fn a_pass_needs_the_report_and_the_exit_port() {
    assert_eq!(judged(&guest(), EXITED_WELL, &[REPORT]), Verdict::Pass);
    assert_eq!(judged(&guest(), EXITED_WELL, &[]), Verdict::Fail);
    assert_eq!(judged(&guest(), Ended::ByItself(Some(35), End::Other), &[REPORT]), Verdict::Fail);
    assert_eq!(judged(&guest(), Ended::ByItself(Some(0), End::PoweredOff), &[REPORT]), Verdict::Fail);
    assert_eq!(judged(&guest(), Ended::ByItself(None, End::Other), &[REPORT]), Verdict::Fail);
    assert_eq!(judged(&guest(), EXITED_WELL, &[r#"XTOS-REPORT {"verdict":"fail"}"#]), Verdict::Fail);
    assert_eq!(judged(&guest(), EXITED_WELL, &[REPORT, "XTOS-RANGE nonsense"]), Verdict::Fail);
}

#[test]
fn a_pass_needs_as_many_processors_in_the_tables_as_there_are() {
    let mut four = guest();
    four.processors = 4;
    assert_eq!(judged(&four, EXITED_WELL, &[REPORT]), Verdict::Fail);
    let (_, reason) = verdict(&four, EXITED_WELL, &transcript(&[REPORT]), None);
    assert_eq!(reason, "the kernel found 1 processors in the firmware's tables, there are 4");
    let silent = r#"XTOS-REPORT {"verdict":"pass","platform":{}}"#;
    assert_eq!(judged(&guest(), EXITED_WELL, &[silent]), Verdict::Fail);
    assert_eq!(judged(&guest(), EXITED_WELL, &[r#"XTOS-REPORT {"verdict":"pass"}"#]), Verdict::Fail);
}

#[test]
fn without_the_exit_port_the_guest_must_power_off() {
    let mut guest = guest();
    guest.exit_device = ExitDevice::Absent;
    assert_eq!(judged(&guest, Ended::ByItself(Some(0), End::PoweredOff), &[REPORT]), Verdict::Pass);
    assert_eq!(judged(&guest, Ended::ByItself(Some(0), End::Other), &[REPORT]), Verdict::Fail);
}

#[test]
fn a_reset_is_named_as_a_triple_fault() {
    let (verdict, reason) =
        verdict(&guest(), Ended::ByItself(Some(0), End::Reset), &transcript(&[REPORT]), None);
    assert_eq!(verdict, Verdict::Fail);
    assert!(reason.contains("the guest reset: triple fault"), "{reason}");
}

#[test]
fn silence_is_a_time_out_whatever_was_said_before() {
    assert_eq!(judged(&guest(), Ended::TimedOut, &[REPORT]), Verdict::TimedOut);
}

#[test]
fn an_inspection_that_did_not_happen_is_no_pass() {
    let mut guest = guest();
    guest.inspection = Inspection::Full;
    assert_eq!(judged(&guest, EXITED_WELL, &[REPORT]), Verdict::Fail);
}

#[test]
fn refusals_come_from_the_loader_or_as_a_bug_check_with_the_right_exit() {
    let refused = r#"XTOS-REFUSED {"by":"xtldr","what":"no kernel"}"#;
    let stopped = r#"XTOS-BUGCHECK {"code":256,"name":"LOADER_BLOCK_MISMATCH","parameters":[1,2,3,4]}"#;
    assert_eq!(judged(&guest(), Ended::GivenUp, &[refused]), Verdict::Refused);
    assert_eq!(judged(&guest(), Ended::ByItself(Some(37), End::Other), &[stopped]), Verdict::Refused);
    assert_eq!(judged(&guest(), Ended::ByItself(Some(35), End::Other), &[stopped]), Verdict::Fail);
}

#[test]
fn of_a_line_that_comes_twice_the_first_counts() {
    let transcript = transcript(&[
        r#"XTOS-REFUSED {"by":"xtldr","what":"first"}"#,
        r#"XTOS-REFUSED {"by":"xtldr","what":"second"}"#,
    ]);
    assert_eq!(transcript.refusal, Some(Refusal { by: "xtldr".to_owned(), what: "first".to_owned() }));
}

#[test]
fn the_tail_keeps_the_last_lines_and_leaves_the_bulk_out() {
    let mut transcript = Transcript::default();
    for number in 0..100 {
        assert_eq!(transcript.take(&format!("line {number}")), Request::None);
        transcript.take("XTOS-TRANSLATION 0x1000 0x2000");
    }
    assert_eq!(transcript.tail.len(), 25);
    assert_eq!(transcript.tail.back().map(String::as_str), Some("line 99"));
    assert_eq!(transcript.translations.len(), 100);
    assert_eq!(transcript.take("XTOS-INSPECT"), Request::Inspect);
}

#[test]
fn a_report_has_every_key_and_its_images_hash() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kernel = folder.path().join("kernel");
    std::fs::write(&kernel, "abc").expect("written");
    let mut guest = guest();
    guest.files = EspFiles::new("l".into(), kernel);
    let transcript = transcript(&[r#"XTOS-REPORT {"verdict":"pass","usable_frames":7,"extra":1}"#]);
    let log = folder.path().join("serial.log");
    let report =
        report::merge(&guest, Verdict::Fail, "because", None, &transcript, None, &log).expect("merged");
    for key in report::KEYS {
        assert!(report.contains_key(key), "{key}");
    }
    assert_eq!(report["verdict"], "fail", "the harness has the last word");
    assert_eq!(report["usable_frames"], 7);
    assert_eq!(report["extra"], 1, "keys of later kernels are kept");
    assert_eq!(report["walker_differences"], json!(null));
    let sha256_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(report["image_sha256"], sha256_of_abc);
}

#[test]
#[ignore = "starts the emulator"]
fn a_guest_that_never_speaks_times_out_and_leaves_its_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("no-image");
    std::fs::write(&file, "neither a loader nor a kernel").expect("written");
    let mut guest = Guest::new(
        Architecture::Amd64,
        EspFiles::new(file.clone(), file),
        folder.path().join("a folder, with=odd:characters"),
    );
    // Long enough for the firmware to speak on a host that does other work too.
    guest.timeout = Some(Duration::from_secs(20));
    let mut heard = 0;
    let outcome = boot(&guest, &mut |_| heard += 1).expect("the emulator runs");
    assert_eq!(outcome.verdict, Verdict::TimedOut);
    assert!(heard > 0, "the firmware says what it tries to start");
    assert!(std::fs::metadata(&outcome.log).is_ok_and(|log| log.len() > 0));
    assert!(!outcome.tail.is_empty());
}

#[test]
#[ignore = "starts the emulator"]
fn an_emulator_that_refuses_its_options_says_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("no-image");
    std::fs::write(&file, "neither a loader nor a kernel").expect("written");
    let mut guest =
        Guest::new(Architecture::Amd64, EspFiles::new(file.clone(), file), folder.path().join("work"));
    guest.processor = "no-such-processor".to_owned();
    match boot(&guest, &mut |_| {}) {
        Err(BootError::Emulator(text)) => assert!(text.contains("no-such-processor"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_terminal_shows_every_byte_but_the_lines_for_programs() {
    let text: &[u8] = b"\x1b[2Jboot\r\nXTOS-RANGE 1 2\r\n0: kd> XTOS-\rXTOSKRNL\r\nXTOS-REPORT {}\r\nXT";
    let expected = b"\x1b[2Jboot\r\n0: kd> XTOS-\rXTOSKRNL\r\n";
    assert_eq!(Show::default().filter(text), expected);
    let mut show = Show::default();
    let single: Vec<u8> = text.chunks(1).flat_map(|byte| show.filter(byte)).collect();
    assert_eq!(single, expected);
    assert_eq!(show.filter(b"LDR"), b"XTLDR", "what was held back is not lost");
}
