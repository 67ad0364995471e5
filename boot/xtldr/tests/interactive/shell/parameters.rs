//! The session's parameters.

use xtcore::PagingMode;
use xtldr::shell::Memory;

use super::{Machine, run, session_on};
use crate::support::console::Script;

#[test]
fn a_parameter_is_set_once_listed_and_taken_away() {
    let mut memory = Memory::default();
    let machine = Machine::new(PagingMode::Pml4);
    let lines =
        ["set", "set A=1", "set B", "set a=2", "set", "unset C", "set =X", "set \"D=two words\"", "menu"];
    let script = Script::typing(&lines);
    run(&script, &machine, &mut memory);
    assert_eq!(memory.parameters.text(), "B a=2");
    let printed = script.printed();
    for line in [
        "Nothing is set.\n",
        "\n  B\n  a=2\n",
        "C was not set.\n",
        "=X is not set: a parameter is KEY",
        "two words is not set: a parameter holds no white space",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(memory.parameters.set(&"K".repeat(2000)).is_err(), "no room");
    assert_eq!(memory.parameters.text(), "B a=2", "a refusal changes nothing");
}

#[test]
fn the_sessions_parameters_decide_the_mode_of_the_next_boot() {
    let machine = Machine::new(PagingMode::Pml5);
    let cpu = |lines: &[&str]| session_on(&machine, &[lines, &["cpu"]].concat());
    assert!(cpu(&["set noxpa"]).contains("A boot now would take pml4: the parameter NOXPA"));
    assert!(cpu(&["set NOXPA", "unset noxpa"]).contains("A boot now would take pml5"));
    assert!(cpu(&["set NOXPA", "set XPA"]).contains("No boot: both NOXPA and XPA are set."));
    let alone = "It would leave 1 GiB pages alone: the parameter NOGBPAGES.";
    assert!(cpu(&["set nogbpages"]).contains(alone));
    assert!(!cpu(&["set nogbpages", "unset NOGBPAGES"]).contains(alone));
    // There are none in the 32-bit modes.
    let old = Machine::new(PagingMode::Pml3);
    assert!(!session_on(&old, &["set nogbpages", "cpu"]).contains(alone));
    let without = session_on(&Machine::new(PagingMode::Pml4), &["set XPA", "cpu"]);
    assert!(without.contains("No boot: XPA is set, and the processor lacks pml5."), "{without}");
}
