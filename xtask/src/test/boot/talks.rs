//! Conversations with the loader: somebody types at its menu and its shell, under each firmware, and reads the screen.
//!
//! They start from the disk image that users write to a stick, with a configuration of their own.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use xtcore::choice::Architecture;
use xtqemu::dialogue::{Conversation, Talk, converse, talks};
use xtqemu::guest::{Disk, Ending, EspFiles, Guest, Inspection};

use super::super::tally::{Finding, Tally};
use super::of;
use crate::commands::{Context, image};
use crate::{build, jobs, target};

/// The beginning of the steps' names.
const NAME: &str = "boot/talk";

/// A conversation with one firmware.
pub(super) type Meeting = (Talk, Architecture);

/// Returns those that the tally wants.
pub(super) fn wanted(tally: &Tally) -> Vec<Meeting> {
    let all = talks().flat_map(|talk| target::BOTH.map(|architecture| (talk, architecture)));
    all.filter(|meeting| tally.wants(&name(meeting))).collect()
}

fn name((talk, architecture): &Meeting) -> String {
    format!("{NAME}-{}-{}", talk.name, architecture.name())
}

/// Has the conversations, some at a time.
pub(super) fn run(context: &Context, meetings: &[Meeting], systems: &[build::Images], tally: &Tally) {
    jobs::map(meetings, jobs::GUESTS, |meeting| {
        let begin = Instant::now();
        let folder = context.workspace.cache().join("boots").join(name(meeting).replace('/', "-"));
        let finding = talk(&folder, meeting, systems).map(|conversation| match conversation.failure {
            None => Finding::Pass(String::new()),
            Some(reason) => Finding::Fail(format!("{reason}\nserial log: {}", conversation.log.display())),
        });
        let finding = finding.unwrap_or_else(|error| Finding::Fail(format!("{error:#}")));
        tally.record(&name(meeting), begin.elapsed(), finding);
    });
}

/// Has one conversation, with a disk of its own in a folder of its own.
pub(crate) fn talk(
    folder: &Path,
    (talk, architecture): &Meeting,
    systems: &[build::Images],
) -> Result<Conversation> {
    std::fs::create_dir_all(folder)?;
    let system = of(systems, *architecture)?;
    let files = EspFiles::new(system.loader.clone(), system.kernel.clone());
    let mut guest = Guest::new(*architecture, files, folder.to_path_buf());
    guest.graphics = talk.graphics;
    guest.processors = talk.processors;
    guest.ending = Ending::StayOn;
    guest.inspection = Inspection::Off;
    let stick = folder.join("stick.img");
    let configuration = talk.configuration(&guest.kernel_parameters(), *architecture);
    image::write(&stick, systems, configuration)?;
    guest.disk = Disk::Image(stick.clone());
    let conversation = converse(&guest, &talk.steps(*architecture))?;
    std::fs::remove_file(&stick)?;
    Ok(conversation)
}
