//! Each rule is shown what it must refuse and what it must let pass.

use super::{Source, imports, layers, machine, mask, shape, sites, unfinished};

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\n{rest}")
}

fn refusals(name: &str, rest: &str) -> Vec<String> {
    let found = imports::check("x/Cargo.toml", &manifest(name, rest)).unwrap();
    found.iter().map(|one| one.what.clone()).collect()
}

#[test]
fn a_library_may_import_what_lies_below_it() {
    assert!(refusals("xtpaging", "[dependencies]\nxtcore.workspace = true\nbitflags = \"2\"\n").is_empty());
    assert!(refusals("xtpaging", "[dev-dependencies]\nxtsim.workspace = true\n").is_empty());
    assert!(refusals("xtpaging", "[dev-dependencies]\nxtsupport.workspace = true\n").is_empty());
}

#[test]
fn the_core_of_a_kernel_meets_the_mapper_in_tests_only() {
    assert!(refusals("xtke", "[dev-dependencies]\nxtpaging.workspace = true\n").is_empty());
    assert_eq!(
        refusals("xtke", "[dependencies]\nxtpaging.workspace = true\n"),
        ["xtke must not import xtpaging"]
    );
}

#[test]
fn an_import_against_the_direction_is_refused() {
    assert_eq!(
        refusals("xtcore", "[dependencies]\nxtpaging.workspace = true\n"),
        ["xtcore must not import xtpaging"]
    );
    assert_eq!(
        refusals("xtpaging", "[dependencies]\nxtsim.workspace = true\n"),
        ["xtpaging must not import xtsim"]
    );
    assert_eq!(
        refusals("xtmm", "[dependencies]\nxtsupport.workspace = true\n"),
        ["xtmm must not import xtsupport"]
    );
}

#[test]
fn the_oracle_shares_nothing_with_what_it_judges_not_even_in_tests() {
    assert_eq!(
        refusals("xtsim", "[dev-dependencies]\nxtpaging.workspace = true\n"),
        ["xtsim must not import xtpaging"]
    );
    assert_eq!(
        refusals("xtsim", "[dev-dependencies]\nxtsupport.workspace = true\n"),
        ["xtsim must not import xtsupport"]
    );
}

#[test]
fn the_kernel_never_imports_the_firmware_or_the_loader() {
    assert_eq!(
        refusals("xtoskrnl", "[dependencies]\nuefi = \"0.41\"\n"),
        ["xtoskrnl must never import uefi"]
    );
    assert_eq!(
        refusals("xtoskrnl", "[dependencies]\nxtldr = { path = \"x\" }\n"),
        ["xtoskrnl must not import xtldr"]
    );
}

#[test]
fn an_import_under_another_name_or_for_one_target_is_seen() {
    let renamed = "[dependencies]\nharmless = { package = \"xtldr\", path = \"x\" }\n";
    assert_eq!(refusals("xtboot", renamed), ["xtboot must not import xtldr"]);
    let targeted = "[target.'cfg(unix)'.dependencies]\nxtldr = { path = \"x\" }\n";
    assert_eq!(refusals("xtboot", targeted), ["xtboot must not import xtldr"]);
}

#[test]
fn a_package_without_a_row_is_refused() {
    assert_eq!(refusals("xtnew", "").len(), 1);
}

fn uses(path: &str, text: &str) -> Vec<String> {
    layers::check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
}

#[test]
fn a_lower_folder_of_the_kernel_must_not_use_a_higher_one() {
    let path = "kernel/xtoskrnl/src/ke/entry.rs";
    assert_eq!(
        uses(path, "//! x\nuse crate::mm::layout;\n"),
        ["kernel/xtoskrnl/src/ke/entry.rs:2: ke/ must not use mm/, which lies above it"]
    );
    assert_eq!(uses(path, "use crate::{hl, ar::{cpu, mm}, ex::pool};").len(), 1);
    assert_eq!(uses(path, "use super::super::mm;").len(), 1);
    assert_eq!(uses("kernel/xtoskrnl/src/ar/amd64/mod.rs", "fn f() { super::super::ke::g() }").len(), 1);
}

#[test]
fn a_higher_folder_may_use_lower_ones_and_the_debugger() {
    let path = "kernel/xtoskrnl/src/mm/audit.rs";
    assert!(uses(path, "use crate::{ar, hl, ke, kd};\nuse crate::mm::x;\nuse super::y;").is_empty());
    assert!(uses("kernel/xtoskrnl/src/ar/trap.rs", "use crate::kd::print;").is_empty());
    assert!(uses("kernel/xtoskrnl/src/kd/mod.rs", "use crate::mm::x;").is_empty());
    assert!(uses("kernel/xtoskrnl/src/start.rs", "use crate::ex::x;").is_empty());
}

#[test]
fn words_in_comments_and_literals_are_no_code() {
    let text =
        "a /* crate::x /* y */ */ b \"asm! \\\" \" c 'x' '\\'' 'static r#\"asm!\" \"# d // asm!\ne b\"asm!\"";
    let code = mask::code_of(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "b", "c", "'static", "d", "e"]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn identifiers_that_end_like_a_prefix_do_not_begin_a_literal() {
    assert_eq!(mask::code_of("attr\"x\" br b"), "attr    br b");
    assert_eq!(mask::code_of("for r in 0..3 {}"), "for r in 0..3 {}");
}

#[test]
fn machine_code_outside_its_folders_is_refused() {
    let text = "fn halt() {\n    unsafe { core::arch::asm!(\"hlt\") }\n}\n#[cfg(target_arch = \"x86\")]\nfn f() {}\n";
    let refused = machine::check(&Source::new("libs/xtcore/src/lib.rs", text));
    assert_eq!(refused.iter().map(|one| one.line).collect::<Vec<_>>(), [Some(2), Some(4)]);
    assert!(machine::check(&Source::new("kernel/xtoskrnl/src/ar/amd64/cpu.rs", text)).is_empty());
}

#[test]
fn a_file_of_more_than_six_hundred_lines_is_refused() {
    assert!(shape::lines(&Source::new("x.rs", &"x\n".repeat(600))).is_none());
    assert!(shape::lines(&Source::new("x.rs", &"x\n".repeat(601))).is_some());
}

#[test]
fn a_folder_of_more_than_nine_sources_is_refused() {
    let files = |count: usize| (0..count).map(|number| format!("a/src/{number}.rs")).collect::<Vec<_>>();
    assert!(shape::folders(&files(9)).is_empty());
    assert_eq!(shape::folders(&files(10)).len(), 1);
}

#[test]
fn unfinished_work_is_refused() {
    let note = concat!("// TO", "DO: more\nfn f() { todo!() }\n");
    assert_eq!(unfinished::check(&Source::new("x.rs", note)).len(), 2);
    assert!(unfinished::check(&Source::new("x.rs", "// says \"todo!\" in a comment\n")).is_empty());
}

fn sites_in(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> =
        files.iter().map(|(path, text)| Source::new(&format!("libs/xtmm/src/{path}"), text)).collect();
    sites::check(&sources).iter().map(ToString::to_string).collect()
}

#[test]
fn whoever_can_run_out_passes_a_site_itself_or_in_what_it_calls() {
    let asks =
        "pub fn allocate(&self) -> Result<Frame, OutOfFrames> { if self.injector.fails(Site::Frame) { } }";
    let calls = "pub fn fill(&self) -> Result<(), PoolError> { let frame = self.allocate()?; }";
    let further = "pub fn twice(&self) -> Result<(), PoolError> { self.fill()?; self.fill() }";
    assert_eq!(sites_in(&[("a.rs", asks), ("b.rs", calls), ("c.rs", further)]), [""; 0]);
    let silent = "\npub fn other(&self) -> Result<(), StackError> { reallocate() }";
    let found = sites_in(&[("a.rs", asks), ("b.rs", silent)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("b.rs:") && found[0].contains("`other`"), "{found:?}");
}

#[test]
fn private_functions_errors_of_another_kind_and_what_is_declared_only_need_no_site() {
    let rest = "fn own(&self) -> Result<(), StackError> { x() } pub fn crime() -> Result<(), Crime> { y() } \
                trait T { fn commit(&self) -> Result<(), OutOfFrames>; }";
    assert_eq!(sites_in(&[("a.rs", rest)]), [""; 0]);
}

#[test]
fn a_site_that_nobody_asks_is_found() {
    let list = "sites! {\n /// One.\n Frame, \"frame\";\n /// Two.\n FrameRun, \"run\";\n}";
    let asks = "fn f(&self) -> bool { self.injector.fails(Site::FrameRun) }";
    assert_eq!(
        sites_in(&[("inject.rs", list), ("a.rs", asks)]),
        ["libs/xtmm/src/inject.rs: nobody asks the site Frame"]
    );
}
