//! What holds for any configuration, whoever wrote it: shared by the property tests and the fuzz target.

use std::collections::BTreeSet;

use xtcore::choice::Architecture;
use xtldr::config::{
    Configuration, Edits, EntryKey, Fault, MAX_BYTES, MAX_OPTIONS_BYTES, MAX_PATH_BYTES, MAX_PROBLEMS,
    Options, PATH, Severity, room,
};

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is refused as a whole.
    Refused,
    /// No system of it can be booted.
    Useless,
    /// A system of it can be booted.
    Bootable,
}

/// Reads a file with a command line, and asserts what a [`Configuration`] promises.
pub(crate) fn judge(bytes: &[u8], load_options: &[u8]) -> Verdict {
    let mut into = vec![0; room(bytes)];
    let configuration = match Configuration::read(PATH, bytes, &mut into) {
        Ok(configuration) => configuration,
        Err(error) => {
            assert!(matches!(error.fault, Fault::Empty) || bytes.len() > MAX_BYTES, "{error}");
            one_line(&error.to_string());
            return Verdict::Refused;
        }
    };
    let mut room = [0; MAX_OPTIONS_BYTES];
    let options = Options::decode(load_options, &mut room);

    let mut count = 0;
    let mut broken = BTreeSet::new();
    let mut hidden = false;
    configuration.problems(&mut |problem| {
        count += 1;
        let text = one_line(&problem.to_string());
        assert!(text.contains(PATH), "{text}");
        hidden |= matches!(problem.error.fault, Fault::More);
        if problem.severity == Severity::Error {
            broken.extend(problem.error.at.section);
        }
    });
    assert!(count <= MAX_PROBLEMS + 1);
    let mut count = 0;
    configuration.option_problems(&options, &mut |problem| {
        count += 1;
        assert!(one_line(&problem.to_string()).contains("command line"));
    });
    assert!(count <= MAX_PROBLEMS + 1);

    let settings = configuration.settings(&options);
    assert!(settings.modules.iter().all(|name| !name.is_empty()));
    let entries: Vec<_> = configuration.entries().collect();
    match configuration.preselect(&settings, settings.default) {
        Some(selected) => assert!(selected.index < entries.len()),
        None => assert!(entries.is_empty()),
    }
    let mut verdict = Verdict::Useless;
    for section in entries {
        assert!(!section.title().contains(char::is_control), "{:?}", section.title());
        match section.entry() {
            Err(error) => {
                one_line(&error.to_string());
                let told = error.at.section.is_none_or(|name| broken.contains(name));
                assert!(told || hidden, "{error} was not told");
            }
            Ok(entry) => {
                verdict = Verdict::Bootable;
                assert_eq!(entry.title, section.title());
                for path in entry.kernel_paths(Architecture::Amd64).iter().chain(&entry.initrd_path()) {
                    assert!(
                        path.starts_with('\\') && path.len() <= MAX_PATH_BYTES && !path.contains('/'),
                        "{path}"
                    );
                }
                let mut edits = Edits::default();
                EntryKey::EDITABLE.iter().for_each(|key| edits.set(*key, entry.text(*key)));
                match entry.with(&edits) {
                    Ok(edited) => assert_eq!(edited.parameters, entry.parameters),
                    // A key that was not given differs from one that is empty where it is needed.
                    Err(error) => assert!(matches!(error.fault, Fault::EmptyValue), "{error}"),
                }
            }
        }
    }
    verdict
}

/// Asserts that a message is one line without anything that a terminal would act on, and not too long a one.
fn one_line(text: &str) -> String {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
    assert!(text.chars().count() < 400, "{text}");
    text.to_owned()
}
