//! `xtbench`: our frame allocator, pools and mapper beside those that somebody else would pick.
//!
//! `cargo xtask bench` builds it, runs it, and makes tables and plots of what it says on standard output: one JSON
//! object a line. See [`harness`] for the method, and the three suites for what is measured.
//!
//! `xtbench [--quick] [--filter TEXT]` measures the tests whose group contains the text.
//! `xtbench --footprint SUBJECT` is what it starts itself: memory in use is a property of a process.

mod frames;
mod harness;
mod paging;
mod pools;

use anyhow::{Context, Result, bail};

use harness::{Effort, Plan};

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Measure { effort: Effort, filter: Option<String> },
    Footprint { subject: String },
}

fn task(mut words: impl Iterator<Item = String>) -> Result<Task> {
    let (mut effort, mut filter) = (Effort::Full, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => effort = Effort::Quick,
            "--filter" => filter = Some(words.next().context("--filter wants a text")?),
            "--footprint" => {
                return Ok(Task::Footprint { subject: words.next().context("--footprint wants a subject")? });
            }
            other => bail!("`{other}` is not understood here"),
        }
    }
    Ok(Task::Measure { effort, filter })
}

fn main() -> Result<()> {
    match task(std::env::args().skip(1))? {
        Task::Footprint { subject } => pools::footprint(&subject),
        Task::Measure { effort, filter } => {
            // Says how many processors there are, so it comes before this thread binds itself to one of them.
            harness::environment();
            harness::clock::stay_on(0);
            let mut plan = Plan::new(effort, filter);
            frames::add(&mut plan);
            pools::add(&mut plan);
            paging::add(&mut plan);
            plan.run()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effort, Task, task};

    fn asked(words: &[&str]) -> Option<Task> {
        task(words.iter().map(|word| (*word).to_owned())).ok()
    }

    #[test]
    fn the_command_line_is_understood_or_refused() {
        assert_eq!(asked(&[]), Some(Task::Measure { effort: Effort::Full, filter: None }));
        let filter = Some("pools".to_owned());
        assert_eq!(
            asked(&["--filter", "pools", "--quick"]),
            Some(Task::Measure { effort: Effort::Quick, filter })
        );
        assert_eq!(asked(&["--footprint", "xtmm"]), Some(Task::Footprint { subject: "xtmm".to_owned() }));
        assert_eq!(asked(&["--filter"]), None);
        assert_eq!(asked(&["--fast"]), None);
    }
}
