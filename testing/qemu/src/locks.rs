//! In which order the kernel takes its locks, as checked boots have seen it: a graph of classes, put together over many boots,
//! because two boots can contradict each other without either contradicting itself.
//!
//! A checked kernel reports which class of lock was wanted while which other was held. A circle of such pairs is a deadlock that
//! waits for its day. `docs/locking.md` promises one order of all classes, and every pair must follow it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

/// A class that was held, and one that was wanted meanwhile.
type Pair = (String, String);

/// What was seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Graph {
    classes: BTreeSet<String>,
    /// Each with the boot that saw it first.
    pairs: BTreeMap<Pair, String>,
    boots: usize,
}

impl Graph {
    /// Tells whether any boot has told of its locks.
    pub(crate) const fn has_boots(&self) -> bool {
        self.boots > 0
    }

    /// Adds what a boot has seen; `boot` is its name. A boot that was stopped has no list, and adds nothing.
    ///
    /// # Errors
    /// What is wrong with the list, in words.
    pub(crate) fn add(&mut self, boot: &str, report: &Map<String, Value>) -> Result<(), String> {
        if report.get("bugcheck").is_some_and(Value::is_object) {
            return Ok(());
        }
        let list = report.get("locks").and_then(Value::as_object);
        let list = list.ok_or_else(|| format!("{boot}: a checked build says nothing of its locks"))?;
        let unreadable = || format!("{boot}: the list of locks cannot be read");
        if list.get("left_out").and_then(Value::as_u64) != Some(0) {
            return Err(format!("{boot}: not everything could be noted, there are too many locks"));
        }
        let classes = list.get("classes").and_then(Value::as_array).ok_or_else(unreadable)?;
        let pairs = list.get("edges").and_then(Value::as_array).ok_or_else(unreadable)?;
        for class in classes {
            let name = class.get("name").and_then(Value::as_str).ok_or_else(unreadable)?;
            self.classes.insert(name.to_owned());
        }
        for pair in pairs {
            let [held, wanted] = [0, 1].map(|side| pair.get(side).and_then(Value::as_str));
            let (held, wanted) = held.zip(wanted).ok_or_else(unreadable)?;
            self.pairs.entry((held.to_owned(), wanted.to_owned())).or_insert_with(|| boot.to_owned());
        }
        if pairs.is_empty() {
            return Err(format!("{boot}: no lock was ever taken under another"));
        }
        self.boots += 1;
        Ok(())
    }

    /// Looks for a circle. A class under itself is none: the kernel takes those by ascending address, and checks that.
    ///
    /// # Errors
    /// A pair of classes that are taken in both orders, and who saw the first of them.
    pub(crate) fn check(&self) -> Result<(), String> {
        for ((held, wanted), boot) in self.pairs.iter().filter(|((held, wanted), _)| held != wanted) {
            if self.reaches(wanted, held) {
                return Err(format!(
                    "`{wanted}` is taken under `{held}` ({boot}), and elsewhere it is the other way round"
                ));
            }
        }
        Ok(())
    }

    /// Tells whether a class is taken under another one, directly or through others.
    fn reaches(&self, upper: &str, lower: &str) -> bool {
        let mut reached = BTreeSet::from([upper]);
        let mut open = vec![upper];
        while let Some(class) = open.pop() {
            if class == lower {
                return true;
            }
            let under =
                self.pairs.keys().filter(|(held, _)| held == class).map(|(_, wanted)| wanted.as_str());
            open.extend(under.filter(|wanted| reached.insert(wanted)));
        }
        false
    }

    /// Compares what was seen with the order that was promised, the outermost class first.
    ///
    /// # Errors
    /// A class that nobody knows, or a pair that is the other way round.
    pub(crate) fn compare(&self, promised: &[String]) -> Result<(), String> {
        let place = |class: &String| {
            let found = promised.iter().position(|known| known == class);
            found.ok_or_else(|| format!("docs/locking.md does not know the lock `{class}`"))
        };
        for class in &self.classes {
            place(class)?;
        }
        for ((held, wanted), boot) in &self.pairs {
            if place(held)? > place(wanted)? {
                return Err(format!(
                    "`{wanted}` is taken under `{held}` ({boot}); docs/locking.md has it the other way round"
                ));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { classes, pairs, boots } = self;
        write!(out, "{} classes of locks, {} pairs, {boots} boots", classes.len(), pairs.len())
    }
}

/// Returns the classes that a document lists, in its order: the rows of its tables that begin with a number and a name,
/// as ``| 7 | `page tables` |``.
pub(crate) fn promised(document: &str) -> Vec<String> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| {
        let (number, rest) = row.split_once(" | ")?;
        number.parse::<u32>().ok()?;
        rest.strip_prefix('`')?.split_once('`').map(|(name, _)| name.to_owned())
    })
    .collect()
}
