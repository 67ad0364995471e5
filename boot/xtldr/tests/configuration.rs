//! Configurations by the thousand: as a simple reading of them has it, and written by chance.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use support::settings::{Verdict, judge};
use xtldr::config::{Configuration, EntryKey, Options, PATH, Timeout, room};

/// A file: its sections in order, each with its keys and values.
type Model = Vec<(String, Vec<(String, String)>)>;

/// How a file is written down.
#[derive(Clone, Debug)]
struct Style {
    end: &'static str,
    blanks: &'static str,
    comment: &'static str,
    is_upper_case: bool,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Utf8,
    Utf8Marked,
    Utf16Little,
    Utf16Big,
}

fn style() -> impl Strategy<Value = Style> {
    let encodings = [Encoding::Utf8, Encoding::Utf8Marked, Encoding::Utf16Little, Encoding::Utf16Big];
    (
        select(vec!["\n", "\r\n", "\n\n"]),
        select(vec!["", " ", "\t ", "  "]),
        select(vec!["", "; a=b", "# [c]"]),
        any::<bool>(),
        select(encodings.to_vec()),
    )
        .prop_map(|(end, blanks, comment, is_upper_case, encoding)| Style {
            end,
            blanks,
            comment,
            is_upper_case,
            encoding,
        })
}

/// A text that can stand in a file as it is: no blanks around it, no control characters.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_=;#éß漢🚀\\\\/.()-]([ -~éß漢🚀]{0,20}[A-Za-z0-9_=;#éß漢🚀.()-])?"
}

/// A name that no other section's name equals, whatever its case.
fn name(number: usize, text: &str) -> String {
    format!("{number} {}", text.replace(['[', ']'], "x"))
}

fn model() -> impl Strategy<Value = Model> {
    let value = |key: &'static str, value: BoxedStrategy<String>| (Just(key.to_owned()), value);
    let section = (
        text(),
        value("SystemName", text().boxed()),
        value("SystemType", select(vec!["XTOS", "CHAINLOADER", "NT50"]).prop_map(str::to_owned).boxed()),
        value(
            "SystemPath",
            select(vec![r"\XTOS", r"multi(0)disk(0)rdisk(1)partition(2)\A"]).prop_map(str::to_owned).boxed(),
        ),
        value("KernelFile", "[A-Z]{1,8}\\.EXE".boxed()),
        value("Parameters", text().boxed()),
        value("InitrdFile", "[A-Z]{1,8}\\.IMG".boxed()),
    );
    let sections = vec(section, 1..6).prop_map(|sections| {
        let numbered = sections.into_iter().enumerate();
        let with_pairs = numbered
            .map(|(number, (text, a, b, c, d, e, f))| (name(number, &text), Vec::from([a, b, c, d, e, f])));
        with_pairs.collect::<Model>()
    });
    (sections, 0..1000_u32).prop_map(|(mut sections, seconds)| {
        let default = sections[sections.len() / 2].0.clone();
        let own = vec![("Timeout".to_owned(), seconds.to_string()), ("Default".to_owned(), default)];
        let place = sections.len() / 3;
        sections.insert(place, ("XTLDR".to_owned(), own));
        sections
    })
}

/// Writes a file.
fn write(model: &Model, style: &Style) -> Vec<u8> {
    let Style { end, blanks, comment, .. } = style;
    let mut text = String::new();
    for (name, pairs) in model {
        text += &format!("{blanks}[{blanks}{name}{blanks}]{blanks}{end}{blanks}{comment}{end}");
        for (key, value) in pairs {
            let key = if style.is_upper_case { key.to_uppercase() } else { key.clone() };
            text += &format!("{blanks}{key}{blanks}={blanks}{value}{blanks}{end}");
        }
    }
    let marked = format!("\u{FEFF}{text}");
    match style.encoding {
        Encoding::Utf8 => text.into_bytes(),
        Encoding::Utf8Marked => marked.into_bytes(),
        Encoding::Utf16Little => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Big => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(model in model(), style in style()) {
        let bytes = write(&model, &style);
        let mut into = vec![0; room(&bytes)];
        let read = Configuration::read(PATH, &bytes, &mut into).unwrap();
        let mut told = Vec::new();
        read.problems(&mut |problem| told.push(problem.to_string()));
        prop_assert_eq!(told, Vec::<String>::new());

        let expected: Vec<_> = model.iter().filter(|(name, _)| name != "XTLDR").collect();
        let sections: Vec<_> = read.entries().collect();
        prop_assert_eq!(sections.len(), expected.len());
        for (section, (name, pairs)) in sections.iter().zip(&expected) {
            let entry = section.entry().unwrap();
            prop_assert_eq!(entry.name, name);
            for (key, value) in pairs {
                prop_assert_eq!(entry.text(EntryKey::named(key).unwrap()), value);
            }
            prop_assert_eq!(entry.parameters.text(), &pairs[4].1);
            prop_assert_eq!(entry.initrd, Some(&*pairs[5].1));
        }
        let settings = read.settings(&Options::default());
        let own = &model.iter().find(|(name, _)| name == "XTLDR").unwrap().1;
        prop_assert_eq!(settings.timeout, Timeout::Seconds(own[0].1.parse().unwrap()));
        prop_assert_eq!(settings.default, Some(&*own[1].1));
        let selected = read.preselect(&settings, None).unwrap().index;
        prop_assert_eq!(&expected[selected].0, &own[1].1);
    }
}

/// Chance, the same in every run: SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// A good file to begin with.
const GOOD: &str = "\u{FEFF}; comment\r\n[XTLDR]\r\nDefault=B\r\nTimeout=5\r\nDebug=COM1,9600;SCREEN\r\nKeepLastBoot=Yes\r\n\
                    [A]\r\nSystemType=XTOS\r\nSystemPath=multi(0)disk(0)rdisk(0)partition(1)\\XTOS\r\nKernelFile=K.EXE\r\n\
                    [B]\r\nSystemName=Ünï\r\nSystemType=CHAINLOADER\r\nSystemPath=\\EFI\r\nKernelFile=B.EFI\r\nInitrdFile=I\r\n\
                    Parameters=DEBUG=COM1\r\n";

/// Pieces that matter to a reader of configurations.
const PIECES: [&str; 18] = [
    "[",
    "]",
    "=",
    "\n",
    "\r",
    ";",
    "#",
    "\0",
    "\u{1b}[2J",
    "[XTLDR]\n",
    "[A]\n",
    "SystemType=XTOS\n",
    "SystemPath=\\\n",
    "KernelFile=K\n",
    "Timeout=99999999999\n",
    "Default=\n",
    "multi(0)disk(0)",
    "\u{FEFF}",
];

/// Writes a file, or a command line, into `file`.
fn hostile(chance: &mut Chance, file: &mut Vec<u8>) {
    file.clear();
    match chance.below(4) {
        // Anything.
        0 => (0..chance.below(300)).for_each(|_| file.push(chance.next() as u8)),
        // Pieces in any order.
        1 => (0..chance.below(40)).for_each(|_| file.extend(PIECES[chance.below(PIECES.len())].bytes())),
        // A good file with changes, as it is or in UTF-16.
        kind => {
            if kind == 2 {
                file.extend(GOOD.bytes());
            } else {
                file.extend(GOOD.encode_utf16().flat_map(u16::to_le_bytes));
            }
            for _ in 0..chance.below(6) {
                let at = chance.below(file.len());
                match chance.below(4) {
                    0 => file[at] = chance.next() as u8,
                    1 => drop(file.drain(at..file.len().min(at + chance.below(30)))),
                    2 => drop(file.splice(at..at, PIECES[chance.below(PIECES.len())].bytes())),
                    _ => {
                        let end = file.len().min(at + chance.below(80));
                        let copy = file[at..end].to_vec();
                        file.extend(copy);
                    }
                }
                if file.is_empty() {
                    break;
                }
            }
        }
    }
}

/// Returns how many files are judged: 10^5, or as many as `XTOS_FUZZ_CASES` says.
fn wanted() -> u32 {
    let all = std::env::var("XTOS_FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    all.unwrap_or(100_000)
}

#[test]
fn files_by_chance_are_judged_without_a_panic() {
    let mut chance = Chance(5);
    let (mut file, mut line) = (Vec::new(), Vec::new());
    let mut counts = [0_u32; 3];
    for _ in 0..wanted() {
        hostile(&mut chance, &mut file);
        hostile(&mut chance, &mut line);
        let verdict = judge(&file, &line);
        counts[verdict as usize] += 1;
    }
    let share = |verdict: Verdict| u64::from(counts[verdict as usize]) * 100 / u64::from(wanted().max(1));
    // All kinds must be there, or the test shows nothing.
    if wanted() >= 1000 {
        assert!(share(Verdict::Refused) < 20, "{counts:?}");
        assert!(share(Verdict::Useless) >= 20 && share(Verdict::Bootable) >= 20, "{counts:?}");
    }
}

#[test]
fn the_delivered_file_is_without_fault_and_stands_in_the_documentation() {
    let delivered = include_str!("../XTLDR.INI");
    let configuration = Configuration::parse(delivered.as_bytes()).unwrap();
    configuration.problems(&mut |problem| panic!("{problem}"));
    let settings = configuration.settings(&Options::default());
    assert_eq!(settings.timeout, Timeout::Seconds(5));
    let titles: Vec<_> = configuration.entries().map(|section| section.entry().unwrap().title).collect();
    assert_eq!(titles, ["XTOS", "XTOS, narrow paging"]);
    assert!(include_str!("../../../docs/loader.md").contains(&format!("```ini\n{delivered}```\n")));
}
