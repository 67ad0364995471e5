//! The conversations that every change has to pass, with either firmware.
//!
//! Each is one boot of the disk image with a configuration of its own, so that few boots show much.

mod loader;
mod monitor;

use xtcore::choice::Architecture;

use super::Step::{self, Repeats, Reports};
use crate::guest::Graphics;

/// A conversation.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    /// The last word of the step's name.
    pub name: &'static str,
    /// The loader's configuration; `{parameters}` stands for the kernel parameters of a boot that is judged.
    configuration: &'static str,
    /// The graphics card.
    pub graphics: Graphics,
    /// How many processors there are.
    pub processors: u32,
    steps: &'static [Step],
    /// What comes last, where the firmware's width decides about it.
    ending: Ending,
}

/// What comes last.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// As the steps say.
    Written,
    /// The kernel reports the narrow paging mode.
    Reported,
    /// It does, and its screen is read too.
    Narrow,
}

impl Talk {
    /// Returns the configuration's text.
    #[must_use]
    pub fn configuration(&self, parameters: &str, architecture: Architecture) -> String {
        let application = match architecture {
            Architecture::Amd64 => "BOOTX64.EFI",
            Architecture::I686 => "BOOTIA32.EFI",
        };
        self.configuration.replace("{parameters}", parameters).replace("{application}", application)
    }

    /// Returns the steps.
    #[must_use]
    pub fn steps(&self, architecture: Architecture) -> Vec<Step> {
        let mut steps = self.steps.to_vec();
        let (narrow, _) = architecture.modes();
        if !matches!(self.ending, Ending::Written) {
            steps.push(Reports("paging", narrow.name()));
        }
        if matches!(self.ending, Ending::Narrow) {
            steps.push(Repeats("kernel"));
        }
        steps
    }
}

/// One processor and a graphics card, and nothing said.
const PLAIN: Talk = Talk {
    name: "",
    configuration: "",
    graphics: Graphics::Card,
    processors: 1,
    steps: &[],
    ending: Ending::Written,
};

/// Returns all of them.
pub fn talks() -> impl Iterator<Item = Talk> {
    loader::TALKS.into_iter().chain(monitor::TALKS)
}
