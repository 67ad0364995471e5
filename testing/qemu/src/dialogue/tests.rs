//! Keys, screens, and pictures of text in a font that was made up here.

use serde_json::json;

use super::answers::{Check, judge};
use super::glyphs::{compare, compare_last};
use super::keys;
use super::terminal::Terminal;
use crate::guest::Graphics;
use crate::screen::Picture;

#[test]
fn an_escape_sequence_is_one_key_and_a_lone_escape_is_too() {
    let typed: Vec<&str> = keys("e\x1b[21~é\x1bOP\x1bq\x1b").collect();
    assert_eq!(typed, ["e", "\x1b[21~", "é", "\x1bOP", "\x1b", "q", "\x1b"]);
}

#[test]
fn the_terminal_shows_what_was_drawn_last() {
    let mut terminal = Terminal::new(Graphics::Card);
    terminal.take(b"\x1b[2J\x1b[1;1Hold words\x1b[3;5Hmenu");
    terminal.take(b"\x1b[1;1Hnew");
    assert_eq!(terminal.rows(), ["new words", "", "    menu"]);
    assert!(terminal.shows("menu") && !terminal.shows("old"));
    assert!(terminal.framed().ends_with("| new words\n| \n|     menu"));
}

/// Draws a text in 80 columns and 25 lines, centred on a screen, as a console would.
fn drawn(rows: &[&str], spoil: impl Fn(usize, usize, char) -> char) -> Vec<u8> {
    let (width, height) = (660_usize, 481_usize);
    let mut file = format!("P6\n{width} {height}\n255\n").into_bytes();
    for y in 0..height {
        for x in 0..width {
            let cell = x.checked_sub(10).zip(y.checked_sub(3)).filter(|(x, y)| *x < 640 && *y < 475);
            let ink = cell.is_some_and(|(x, y)| {
                let (column, line) = (x / 8, y / 19);
                let there = rows.get(line).and_then(|row| row.chars().nth(column)).unwrap_or(' ');
                let character = spoil(line, column, there);
                // The code's bits, in the middle of the cell.
                character != ' ' && y % 19 == 9 && (u32::from(character) >> (x % 8)) & 1 == 1
            });
            file.extend(if ink { [200, 200, 200] } else { [0, 0, 90] });
        }
    }
    file
}

#[test]
fn a_picture_shows_a_text_if_equal_characters_look_alike_and_others_do_not() {
    let rows = ["A menu", "", "  of two lines"];
    let text = rows.map(str::to_owned);
    let right = drawn(&rows, |_, _, character| character);
    assert_eq!(compare(&Picture::parse(&right).unwrap(), &text), Ok(()));
    let at = |place: (usize, usize), other: char| {
        drawn(&rows, move |line, column, character| if (line, column) == place { other } else { character })
    };
    let wrong = [
        (at((2, 2), ' '), "nothing for 'o'"),
        (at((5, 0), 'x'), "something for ' '"),
        (at((2, 7), 'z'), "'o' looks different"),
        (drawn(&rows, |_, _, character| if character == 'w' { 'o' } else { character }), "looks like"),
    ];
    for (file, words) in wrong {
        let reason = compare(&Picture::parse(&file).unwrap(), &text).expect_err(words);
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn the_last_lines_are_found_on_the_kernels_console() {
    // 60 columns and 8 lines of 7 x 16 pixels.
    let (width, height) = (425_usize, 130_usize);
    let draw = |rows: &[&str]| {
        let mut file = format!("P6\n{width} {height}\n255\n").into_bytes();
        for y in 0..height {
            for x in 0..width {
                let character = rows.get(y / 16).and_then(|row| row.chars().nth(x / 7)).unwrap_or(' ');
                let ink = character != ' ' && y % 16 == 5 && (u32::from(character) >> (x % 7)) & 1 == 1;
                file.extend(if ink { [200, 200, 200] } else { [12, 14, 20] });
            }
        }
        file
    };
    let lines = ["gone", "one", "two", "three"].map(str::to_owned);
    let judge = |rows: &[&str]| compare_last(&Picture::parse(&draw(rows)).unwrap(), &lines);
    assert_eq!(judge(&["one", "two", "three"]), Ok(()));
    assert!(judge(&["one", "too", "three"]).unwrap_err().contains("'w' looks like 'o'"));
    assert!(judge(&["two", "three", ""]).is_ok());
    assert!(judge(&["three"]).unwrap_err().contains("1 lines only"));
    assert!(judge(&["0", "gone", "one", "two", "three"]).unwrap_err().contains("more lines"));
}

#[test]
fn answers_of_the_monitor_are_judged() {
    let vm = |free: u64, owned: u64| {
        json!({
            "command": "vm", "physical": 100, "available": 60, "in_use": 40, "owned": owned, "on_the_way": 2,
            "zeroed": 10, "cached": 20, "free": free, "untouched": 0,
            "owners": [{ "owner": "a", "bytes": 30 }, { "owner": "b", "bytes": 8 }],
        })
    };
    assert_eq!(judge(&vm(30, 38), Check::AddsUp, None), Ok(()));
    for wrong in [vm(29, 38), vm(30, 39)] {
        assert!(judge(&wrong, Check::AddsUp, None).is_err());
    }
    let pte = json!({ "command": "pte", "address": "0x80", "physical": "0x1080" });
    assert_eq!(judge(&pte, Check::Translates, Some("gpa: 0x1080\r\n")), Ok(()));
    for wrong in [Some("gpa: 0x1081\r\n"), Some("Unmapped\r\n"), None] {
        assert!(judge(&pte, Check::Translates, wrong).is_err(), "{wrong:?}");
    }
    let table =
        |references: u64, owner: &str| json!({ "state": "active", "owner": owner, "references": references });
    assert_eq!(judge(&table(1, "page tables"), Check::IsTable, None), Ok(()));
    assert!(judge(&table(2, "page tables"), Check::IsTable, None).is_err());
    assert!(judge(&table(1, "stacks"), Check::IsTable, None).is_err());
    let list = json!({ "rows": [{ "name": "main" }], "faults": 0 });
    assert_eq!(judge(&list, Check::Lists("rows", "name", "main"), None), Ok(()));
    assert!(judge(&list, Check::Lists("rows", "name", "idle"), None).is_err());
    assert_eq!(judge(&list, Check::Zero(&["faults"]), None), Ok(()));
    assert!(judge(&json!({ "faults": 1 }), Check::Zero(&["faults"]), None).is_err());
    let threads = json!({ "threads": [{ "name": "idle 0", "waits_for": null }, { "name": "reaper", "waits_for": "the dead" }] });
    assert_eq!(judge(&threads, Check::Waits("reaper", "the dead"), None), Ok(()));
    for wrong in [("reaper", "work"), ("idle 0", "the dead"), ("main", "the dead")] {
        assert!(judge(&threads, Check::Waits(wrong.0, wrong.1), None).is_err(), "{wrong:?}");
    }
    let cpus = json!({ "cpus": [{ "cpu": 0, "name": null }, { "cpu": 1, "name": "idle 1" }] });
    assert_eq!(judge(&cpus, Check::Runs(1, "idle 1"), None), Ok(()));
    for wrong in [(1, "main"), (0, "idle 1"), (2, "idle 1")] {
        assert!(judge(&cpus, Check::Runs(wrong.0, wrong.1), None).is_err(), "{wrong:?}");
    }
    let mut thread = json!({ "frames": [{ "function": null }, { "function": "a::run_reaper<b>" }] });
    assert_eq!(judge(&thread, Check::ComesFrom("run_reaper"), None), Ok(()));
    assert!(judge(&thread, Check::ComesFrom("run_worker"), None).is_err());
    thread["broken"] = json!("the frames go in circles");
    assert!(judge(&thread, Check::ComesFrom("run_reaper"), None).is_err());
    for trouble in [json!({ "busy": "the ledger" }), json!({ "error": "no" })] {
        assert!(judge(&trouble, Check::Whole, None).is_err());
    }
}
