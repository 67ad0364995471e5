//! What the kernel's monitor answers to programs, and what must be true of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::monitor::{Monitor, MonitorError};

/// What must be true of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Check {
    /// It is there, and says neither that something is busy nor that something is wrong.
    Whole,
    /// Physical memory is what is available and what is in use, and that is what has an owner and what is on its way to one.
    AddsUp,
    /// The address translates as the emulator says.
    Translates,
    /// The frame is an active page table, referred to once.
    IsTable,
    /// These counts are zero.
    Zero(&'static [&'static str]),
    /// A row of this list has this value in this column.
    Lists(&'static str, &'static str, &'static str),
    /// The thread of this name waits for this.
    Waits(&'static str, &'static str),
    /// The processor of this number runs the thread of this name.
    Runs(u64, &'static str),
    /// The backtrace reaches the outermost function, by way of one whose name contains this.
    ComesFrom(&'static str),
}

/// The answers so far, by the command's first word: later commands are made of them.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<String, Value>);

impl Answers {
    /// Fills in what a command leaves to earlier answers: `{name}` is where the layout's region of that name begins,
    /// `{table}` the frame of the lowest page table of the last `pte`, and `{thread name}` the number of the thread of
    /// that name.
    pub(super) fn fill(&self, command: &str) -> String {
        let Some((before, rest)) = command.split_once('{') else { return command.to_owned() };
        let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
        let found = match name.split_once(' ') {
            Some(("thread", name)) => self.thread(name),
            _ if name == "table" => self.table(),
            _ => self.region(name),
        };
        format!("{before}{}{after}", found.unwrap_or_default())
    }

    fn region(&self, name: &str) -> Option<String> {
        let regions = self.0.get("layout")?.get("regions")?.as_array()?;
        let region =
            regions.iter().find(|region| region.get("name").and_then(Value::as_str) == Some(name))?;
        region.get("start")?.as_str().map(str::to_owned)
    }

    fn thread(&self, name: &str) -> Option<String> {
        row(self.0.get("threads")?, "threads", "name", name)?.get("id")?.as_u64().map(|id| id.to_string())
    }

    fn table(&self) -> Option<String> {
        let entries = self.0.get("pte")?.get("entries")?.as_array()?;
        // The last entry names the page itself, the one before it the table.
        let above = entries.iter().rev().nth(1)?;
        above.get("pfn")?.as_str().map(str::to_owned)
    }

    /// Takes an answer, and checks it.
    ///
    /// # Errors
    /// The emulator could not be asked. What is wrong with the answer comes back as a text.
    pub(super) fn take(
        &mut self,
        line: &str,
        check: Check,
        monitor: &mut Monitor,
    ) -> Result<Result<(), String>, MonitorError> {
        let answer: Value = match serde_json::from_str(line) {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(format!("it is no JSON: {error}: {line}"))),
        };
        let translation = match (check, answer.get("address").and_then(Value::as_str)) {
            (Check::Translates, Some(address)) => Some(monitor.ask(&format!("gva2gpa {address}"))?),
            _ => None,
        };
        let verdict = judge(&answer, check, translation.as_deref());
        if let Some(command) = answer.get("command").and_then(Value::as_str) {
            self.0.insert(command.to_owned(), answer);
        }
        Ok(verdict.map_err(|why| format!("{why}: {line}")))
    }
}

/// Tells what is wrong with an answer; `translation` is what the emulator says of its address.
pub(super) fn judge(answer: &Value, check: Check, translation: Option<&str>) -> Result<(), String> {
    for trouble in ["busy", "error"] {
        if let Some(what) = answer.get(trouble) {
            return Err(format!("{trouble}: {what}"));
        }
    }
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).ok_or(format!("there is no {name}"));
    let text = |name: &str| answer.get(name).and_then(Value::as_str).ok_or(format!("there is no {name}"));
    let equal = |what: &str, one: u64, other: u64| match one == other {
        true => Ok(()),
        false => Err(format!("{what}: {one} is not {other}")),
    };
    match check {
        Check::Whole => Ok(()),
        Check::AddsUp => {
            equal("physical memory", number("physical")?, number("available")? + number("in_use")?)?;
            equal("memory in use", number("in_use")?, number("owned")? + number("on_the_way")?)?;
            let free = ["zeroed", "cached", "free", "untouched"];
            let free = free.into_iter().map(number).sum::<Result<u64, _>>()?;
            equal("available memory", number("available")?, free)?;
            let owners = answer.get("owners").and_then(Value::as_array).into_iter().flatten();
            let owners = owners.filter_map(|owner| owner.get("bytes").and_then(Value::as_u64)).sum();
            equal("memory with an owner", number("owned")?, owners)
        }
        Check::Translates => {
            let said = text("physical")?;
            let found = translation.and_then(|text| text.trim().strip_prefix("gpa: ")).unwrap_or("nothing");
            if said == found { Ok(()) } else { Err(format!("the emulator says {found}")) }
        }
        Check::IsTable => {
            equal("references", number("references")?, 1)?;
            match (text("state")?, text("owner")?) {
                ("active", "page tables") => Ok(()),
                (state, owner) => Err(format!("it is {state}, of {owner}")),
            }
        }
        Check::Zero(names) => names.iter().try_for_each(|name| equal(name, number(name)?, 0)),
        Check::Lists(list, column, wanted) => {
            row(answer, list, column, wanted).map(drop).ok_or(format!("no {column} of {list} is {wanted}"))
        }
        Check::Waits(thread, wanted) => {
            let row = row(answer, "threads", "name", thread).ok_or(format!("there is no thread {thread}"))?;
            let found = row.get("waits_for").and_then(Value::as_str).unwrap_or("nothing");
            if found == wanted {
                Ok(())
            } else {
                Err(format!("{thread} waits for {found}, not for {wanted}"))
            }
        }
        Check::Runs(cpu, wanted) => {
            let rows = answer.get("cpus").and_then(Value::as_array).into_iter().flatten();
            let mut names = rows.filter(|row| row.get("cpu").and_then(Value::as_u64) == Some(cpu));
            let found = names.next().and_then(|row| row.get("name")?.as_str()).unwrap_or("nothing");
            if found == wanted { Ok(()) } else { Err(format!("processor {cpu} runs {found}, not {wanted}")) }
        }
        Check::ComesFrom(function) => {
            if let Some(why) = answer.get("broken") {
                return Err(format!("the backtrace is broken: {why}"));
            }
            let frames = answer.get("frames").and_then(Value::as_array).into_iter().flatten();
            let mut names = frames.filter_map(|frame| frame.get("function").and_then(Value::as_str));
            let has = names.any(|name| name.contains(function));
            if has { Ok(()) } else { Err(format!("no frame is of {function}")) }
        }
    }
}

/// Returns the row of a list that has this text in this column.
fn row<'a>(answer: &'a Value, list: &str, column: &str, wanted: &str) -> Option<&'a Value> {
    let mut rows = answer.get(list)?.as_array()?.iter();
    rows.find(|row| row.get(column).and_then(Value::as_str) == Some(wanted))
}
