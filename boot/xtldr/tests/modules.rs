//! Boot modules before any of their code runs: what their files say, in which order they are loaded, and what becomes of
//! the others when one cannot be.

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use support::module::{SUBSYSTEM, Shelf, module, name, with_section};
use support::pe::at;
use xtcore::choice::Architecture::{self, Amd64, I686};
use xtldr::modules::{
    ImageError, Kind, MAX_MODULES, MAX_PROVIDED, ModuleError, Owner, Reason, Registry, Unregistered, inspect,
    load, order,
};
use xtmodule::info::InfoError;

/// Plans, and returns the names in their order, or the message.
fn planned(shelf: &Shelf, wanted: &[&str]) -> Result<Vec<String>, String> {
    let plan = order(wanted.iter().copied(), shelf, Amd64).map_err(|error| error.to_string())?;
    Ok(plan.modules().iter().map(|module| module.name.to_string()).collect())
}

/// Loads, and returns the messages.
fn loaded(shelf: &Shelf, wanted: &[&str]) -> Vec<String> {
    let mut messages = Vec::new();
    load(wanted.iter().copied(), shelf, shelf, Amd64, &mut |error| messages.push(error.to_string()));
    messages
}

#[test]
fn a_module_is_known_by_its_section() {
    for architecture in [Amd64, I686] {
        let file = module(architecture, "Dummy", "acpi");
        let info = inspect(&file, architecture).unwrap();
        assert_eq!(info.name, name("dummy"));
        assert_eq!(info.depends().collect::<Vec<_>>(), [name("acpi")]);
    }
}

#[test]
fn a_file_that_is_no_module_is_told_apart() {
    let file = module(Amd64, "dummy", "");
    assert_eq!(inspect(b"junk", Amd64), Err(ImageError::NoImage));
    assert_eq!(inspect(&[], Amd64), Err(ImageError::NoImage));
    assert_eq!(inspect(&file[..at::OPTIONAL], Amd64), Err(ImageError::NoImage));
    assert_eq!(inspect(&file, I686), Err(ImageError::Machine { found: 0x8664, architecture: I686 }));
    let other = module(I686, "dummy", "");
    assert_eq!(inspect(&other, Amd64), Err(ImageError::Machine { found: 0x14C, architecture: Amd64 }));
    let mut application = file.clone();
    application[SUBSYSTEM] = 10;
    assert_eq!(inspect(&application, Amd64), Err(ImageError::Subsystem { found: 10 }));
    let kernel = {
        let mut kernel = support::pe::kernel(Amd64).build();
        kernel[SUBSYSTEM] = 11;
        kernel
    };
    assert_eq!(inspect(&kernel, Amd64), Err(ImageError::NoInfo));
    let nameless = with_section(Amd64, b"version=1\0");
    assert_eq!(inspect(&nameless, Amd64), Err(ImageError::Info(InfoError::NoName)));
}

#[test]
fn dependencies_come_first_and_each_module_once() {
    let shelf = Shelf::of(&[("a", "b c"), ("b", "d"), ("c", "d"), ("d", ""), ("e", "")]);
    assert_eq!(planned(&shelf, &["e", "a", "d", "a"]).unwrap(), ["e", "d", "b", "c", "a"]);
    assert_eq!(shelf.reads.borrow().len(), 5, "each file is read once");
}

#[test]
fn names_have_no_case() {
    let shelf = Shelf::of(&[("acpi", "BEEP"), ("beep", "")]);
    assert_eq!(planned(&shelf, &["Acpi"]).unwrap(), ["beep", "acpi"]);
}

#[test]
fn what_is_loaded_is_not_loaded_again() {
    let shelf = Shelf::of(&[("a", "b"), ("b", "")]);
    assert!(loaded(&shelf, &["b"]).is_empty());
    assert_eq!(planned(&shelf, &["a", "b"]).unwrap(), ["a"]);
    assert!(loaded(&shelf, &["a", "b", "a"]).is_empty());
    assert_eq!(*shelf.loaded.borrow(), ["b", "a"]);
}

#[test]
fn a_cycle_is_named_from_its_first_module_on() {
    let shelf = Shelf::of(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b"), ("self", "self")]);
    assert_eq!(
        planned(&shelf, &["a"]).unwrap_err(),
        "boot module b, which d depends on: it depends on itself: b -> c -> d -> b"
    );
    assert_eq!(
        planned(&shelf, &["self"]).unwrap_err(),
        "boot module self, which self depends on: it depends on itself: self -> self"
    );
}

#[test]
fn a_missing_module_is_told_with_whoever_wants_it() {
    let shelf = Shelf::of(&[("a", "gone")]);
    assert_eq!(
        planned(&shelf, &["a"]).unwrap_err(),
        r"boot module gone, which a depends on: there is no such file in \EFI\BOOT\XTLDR\MODULES"
    );
    assert!(planned(&shelf, &["gone"]).unwrap_err().starts_with("boot module gone: there is no such file"));
    assert_eq!(
        planned(&shelf, &["..\\a\u{1b}[2J"]).unwrap_err(),
        r#"boot module "..\\a\u{1b}[2J": a module's name has 1 to 24 letters, digits, - and _"#
    );
}

#[test]
fn a_module_under_another_name_is_refused() {
    let mut shelf = Shelf::of(&[("a", "")]);
    let file = shelf.files["a"].clone();
    shelf.files.insert("b".into(), file);
    assert_eq!(planned(&shelf, &["b"]).unwrap_err(), "boot module b: it calls itself a");
}

#[test]
fn a_chain_that_is_too_long_is_refused() {
    let names: Vec<String> = (0..=MAX_MODULES).map(|number| format!("m{number}")).collect();
    let chain: Vec<(&str, &str)> = (0..=MAX_MODULES)
        .map(|number| (names[number].as_str(), names.get(number + 1).map_or("", String::as_str)))
        .collect();
    let shelf = Shelf::of(&chain);
    assert_eq!(planned(&shelf, &["m1"]).unwrap().len(), MAX_MODULES);
    let error = order(["m0"], &shelf, Amd64).unwrap_err();
    assert!(matches!(error, ModuleError::Module { reason: Reason::TooMany, .. }), "{error}");
}

#[test]
fn one_that_fails_leaves_the_others() {
    let mut shelf = Shelf::of(&[("a", "b"), ("b", ""), ("c", ""), ("d", "b")]);
    shelf.broken.insert("b".into());
    let messages = loaded(&shelf, &["a", "no/name", "gone", "c", "d"]);
    assert_eq!(messages.len(), 4, "{messages:#?}");
    assert_eq!(messages[0], "boot module b, which a depends on: it doesn't start: device error");
    assert_eq!(messages[3], "boot module b, which d depends on: it doesn't start: device error");
    assert_eq!(*shelf.loaded.borrow(), ["c"]);
}

#[test]
fn what_is_provided_is_found_by_kind_and_name() {
    let mut registry = Registry::default();
    let (one, other) = (Owner(1), Owner(2));
    registry.add(one, Kind::System, "CHAINLOADER", "starts\x1b[2J another", 10).unwrap();
    registry.add(one, Kind::Command, "acpi", "", 11).unwrap();
    registry.add(other, Kind::Command, "chainloader", "", 20).unwrap();
    assert_eq!(registry.find(Kind::System, "ChainLoader"), Some(10));
    assert_eq!(registry.find(Kind::Command, "chainloader"), Some(20));
    assert_eq!(registry.find(Kind::System, "acpi"), None);
    assert_eq!(registry.find(Kind::System, "no name"), None);
    assert_eq!(registry.iter().next().unwrap().help.as_str(), "starts?[2J another");
    assert_eq!(registry.add(other, Kind::Command, "ACPI", "", 0), Err(Unregistered::Taken { by: one }));
    assert_eq!(registry.add(other, Kind::Command, "a b", "", 0), Err(Unregistered::NoName));
    registry.forget(one);
    assert_eq!(registry.find(Kind::System, "chainloader"), None);
    assert_eq!(registry.iter().count(), 1);
}

#[test]
fn the_registry_has_an_end() {
    let mut registry = Registry::default();
    for number in 0..MAX_PROVIDED {
        let help = "ä".repeat(200);
        registry.add(Owner(1), Kind::Command, &format!("c{number}"), &help, ()).unwrap();
    }
    assert_eq!(registry.add(Owner(1), Kind::Command, "more", "", ()), Err(Unregistered::Full));
}

/// Modules m0, m1, …, each with the numbers of those it depends on; some of them are not there.
fn graph() -> impl Strategy<Value = Vec<BTreeSet<usize>>> {
    prop::collection::vec(prop::collection::btree_set(0_usize..12, 0..4), 1..12)
}

/// What can be reached, by the definition: dependencies of dependencies until nothing is added.
fn reachable(graph: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let direct = |number: usize| graph.get(number).cloned().unwrap_or_default();
    let mut found = direct(from);
    loop {
        let more: BTreeSet<usize> = found.iter().flat_map(|number| direct(*number)).collect();
        if more.is_subset(&found) {
            return found;
        }
        found.extend(more);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_order_exists_just_where_nothing_is_missing_or_cyclic(graph in graph()) {
        let texts: Vec<(String, String)> = graph.iter().enumerate().map(|(number, depends)| {
            let depends: Vec<String> = depends.iter().map(|one| format!("m{one}")).collect();
            (format!("m{number}"), depends.join(" "))
        }).collect();
        let pairs: Vec<(&str, &str)> = texts.iter().map(|(name, depends)| (name.as_str(), depends.as_str())).collect();
        let shelf = Shelf::of(&pairs);
        let needed = reachable(&graph, 0);
        let missing = needed.iter().any(|one| *one >= graph.len());
        let cyclic = needed.iter().chain([&0]).any(|one| reachable(&graph, *one).contains(one));
        match order(["m0"], &shelf, Amd64) {
            Ok(plan) => {
                prop_assert!(!missing && !cyclic);
                let place = |number: usize| {
                    plan.modules().iter().position(|module| module.name == name(&format!("m{number}")))
                };
                prop_assert_eq!(plan.modules().len(), needed.len() + 1);
                for one in needed.iter().chain([&0]) {
                    for dependency in &graph[*one] {
                        prop_assert!(place(*dependency).unwrap() < place(*one).unwrap());
                    }
                }
            }
            Err(ModuleError::Module { reason: Reason::Cycle { names }, .. }) => {
                prop_assert!(cyclic);
                // Each really depends on the next, and the last on the first.
                for (one, next) in names.iter().zip(names.iter().cycle().skip(1)) {
                    let number: usize = one.as_str()[1..].parse().unwrap();
                    let next: usize = next.as_str()[1..].parse().unwrap();
                    prop_assert!(graph[number].contains(&next), "{:?}", names);
                }
            }
            Err(ModuleError::Module { reason: Reason::File(_), .. }) => prop_assert!(missing),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn any_bytes_are_inspected(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for architecture in [Amd64, I686] {
            prop_assert!(inspect(&bytes, architecture).is_err() || bytes.starts_with(b"MZ"));
        }
    }

    #[test]
    fn damaged_modules_are_inspected(
        changes in prop::collection::vec((0_usize..0x400, any::<u8>()), 1..6),
        cut in 0_usize..0x2000,
        wide in any::<bool>(),
    ) {
        let architecture: Architecture = if wide { Amd64 } else { I686 };
        let mut file = module(architecture, "dummy", "acpi beep");
        let length = file.len();
        for (place, value) in changes {
            file[place % length] = value;
        }
        file.truncate(length.saturating_sub(cut).max(1));
        // A name that comes out is one, whatever was changed; so it can be shown.
        if let Ok(info) = inspect(&file, architecture) {
            prop_assert!(!info.name.as_str().is_empty());
        }
    }
}
