//! One boot from start to verdict.

pub(crate) mod console;
mod date;
pub(crate) mod process;
mod processors;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use self::console::lines::Splitter;
pub use self::console::machine_line::Refusal;
use self::console::terminal::{self, Keys, Show};
use self::console::transcript::{Request, Transcript};
use self::process::{Emulator, Output};
use self::verdict::Ended;
pub use self::verdict::Verdict;
use crate::guest::{
    self, Disk, Ending, FirmwareMissing, Guest, Inspection, Keyboard, Picture, Places, emulator,
};
use crate::inspect::{self, Findings};
use crate::monitor::{Monitor, MonitorError};
use crate::report;

/// How long the emulator may take to open its monitor, to answer it, and to end once the guest has ended.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a guest that has given up may take to end; the loader has no way to power a machine off.
const GRACE: Duration = Duration::from_secs(3);

/// The result of a boot.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words; empty for a pass.
    pub reason: String,
    /// The merged report, as `docs/report.md` describes it.
    pub report: Map<String, Value>,
    /// Who refused what, where the verdict is [`Verdict::Refused`].
    pub refusal: Option<Refusal>,
    /// What the inspection found in words: the first differences and remarks. Of a guest whose time was up before, where its
    /// processors were.
    pub remarks: Vec<String>,
    /// The last lines of the serial log.
    pub tail: Vec<String>,
    /// The serial log, byte for byte.
    pub log: PathBuf,
    /// The picture of its screen, if one was taken.
    pub picture: Option<PathBuf>,
}

/// A boot that could not take place, or could not be watched.
#[derive(Debug)]
pub enum BootError {
    /// The firmware is not installed.
    Firmware(FirmwareMissing),
    /// The emulator is not installed.
    EmulatorMissing(&'static str),
    /// The emulator would not start.
    Emulator(String),
    /// A file of the boot could not be read or written.
    File(io::Error),
    /// The emulator's monitor failed.
    Monitor(MonitorError),
}

/// Boots `guest`, watches it to its end and judges it. `console` is called with each line of the serial console
/// as it arrives, without terminal escape sequences; where the guest's keyboard is the user's terminal, each byte is shown there,
/// too.
///
/// Blocks until the guest has ended or its time is up; in both cases the emulator is gone afterwards.
///
/// # Errors
/// [`BootError`] when there was nothing to judge. Whatever the guest itself does wrong is an [`Outcome`].
pub fn boot(guest: &Guest, console: &mut dyn FnMut(&str)) -> Result<Outcome, BootError> {
    let Running { emulator, monitor, scratch } = start(guest)?;
    let log = guest.work_dir.join(LOG);
    let keys = match guest.keyboard {
        Keyboard::Terminal => Some(Keys::take()?),
        Keyboard::Closed | Keyboard::Input => None,
    };
    let mut watch = Watch {
        guest,
        show: keys.as_ref().map(|_| Show::default()),
        emulator,
        monitor,
        scratch: scratch.path(),
        log: File::create(&log)?,
        transcript: Transcript::default(),
        findings: None,
        picture: None,
        places: Vec::new(),
    };
    let ended = watch.run(console)?;
    drop(keys);
    let Watch { transcript, findings, picture, places, .. } = watch;
    let (verdict, reason) = verdict::verdict(guest, ended, &transcript, findings.as_ref());
    let refusal = verdict::refusal(ended, &transcript);
    let report =
        report::merge(guest, verdict, &reason, refusal.as_ref(), &transcript, findings.as_ref(), &log)?;
    Ok(Outcome {
        verdict,
        reason,
        report,
        refusal,
        remarks: findings.map(|findings| findings.remarks).unwrap_or(places),
        tail: transcript.tail.into(),
        log,
        picture,
    })
}

/// A guest that has been switched on. Its emulator ends when this is dropped.
pub(crate) struct Running {
    pub emulator: Emulator,
    pub monitor: Monitor,
    /// A folder for files that come from the monitor.
    pub scratch: TempDir,
}

/// Builds the disk of a guest and switches it on.
pub(crate) fn start(guest: &Guest) -> Result<Running, BootError> {
    let (code, template) = guest.firmware.locate(guest.architecture)?;
    fs::create_dir_all(&guest.work_dir)?;
    if guest.disk == Disk::Built {
        guest.files.install(
            guest.architecture,
            &guest.kernel_parameters(),
            &guest.work_dir.join(PARTITION),
        )?;
    }
    fs::write(guest.work_dir.join(VARIABLES), fs::read(template)?)?;

    // The socket's path may have about a hundred bytes, so it cannot lie in the boot's own folder.
    let scratch = tempfile::Builder::new().prefix("xtqemu-").tempdir()?;
    let socket = scratch.path().join("monitor");
    let places = Places { code: &code, variables: VARIABLES, partition: PARTITION, monitor: &socket };
    let mut command = guest::command(guest, &places);
    command.current_dir(&guest.work_dir);
    let complaints = guest.work_dir.join("emulator.log");
    let mut emulator = Emulator::start(command, File::create(&complaints)?, guest.keyboard)
        .map_err(|error| missing(guest, error))?;
    let monitor = match connect(&mut emulator, &socket) {
        Ok(monitor) => monitor,
        Err(error) if emulator.has_ended() => {
            let text = fs::read_to_string(&complaints).unwrap_or_default();
            return Err(BootError::Emulator(if text.is_empty() { error.to_string() } else { text }));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Running { emulator, monitor, scratch })
}

/// Names inside a boot's folder.
const PARTITION: &str = "esp";
const VARIABLES: &str = "variables.fd";
const PICTURE: &str = "screen.ppm";
pub(crate) const LOG: &str = "serial.log";

/// Removes the disk and the firmware's variables of a boot that is over, and keeps its logs.
pub(crate) fn discard_disk(work_dir: &Path) {
    // What cannot be removed is overwritten by the next boot in this folder.
    let _ = fs::remove_dir_all(work_dir.join(PARTITION));
    let _ = fs::remove_file(work_dir.join(VARIABLES));
}

/// A boot under way.
struct Watch<'a> {
    guest: &'a Guest,
    /// What the user's terminal shows, if it is the guest's.
    show: Option<Show>,
    emulator: Emulator,
    monitor: Monitor,
    scratch: &'a Path,
    log: File,
    transcript: Transcript,
    findings: Option<Findings>,
    picture: Option<PathBuf>,
    /// Where each processor was when time was up.
    places: Vec<String>,
}

impl Watch<'_> {
    /// Reads the console until the guest ends, and inspects the guest when it asks for it.
    fn run(&mut self, console: &mut dyn FnMut(&str)) -> Result<Ended, BootError> {
        let mut deadline = self.guest.timeout.map(|time| Instant::now() + time);
        let mut given_up = false;
        let mut splitter = Splitter::default();
        loop {
            let mut requests = Vec::new();
            let transcript = &mut self.transcript;
            let mut each = |line: &str| {
                console(line);
                requests.push(transcript.take(line));
            };
            match self.emulator.output(deadline) {
                Output::Bytes(bytes) => {
                    self.log.write_all(&bytes)?;
                    if let Some(show) = &mut self.show {
                        terminal::show(&show.filter(&bytes));
                    }
                    splitter.push(&bytes, each);
                }
                Output::Silence => {
                    splitter.finish(each);
                    if given_up {
                        self.take_picture()?;
                    } else {
                        self.places = self.monitor.places();
                    }
                    self.emulator.kill();
                    return Ok(if given_up { Ended::GivenUp } else { Ended::TimedOut });
                }
                Output::End => {
                    splitter.finish(&mut each);
                    return Ok(self.end());
                }
                Output::Enough => {
                    splitter.finish(&mut each);
                    self.emulator.kill();
                    return Ok(Ended::Enough);
                }
            }
            for request in requests {
                match request {
                    Request::Inspect
                        if self.guest.inspection == Inspection::Full && self.findings.is_none() =>
                    {
                        self.inspect()?;
                    }
                    Request::ExpectEnd if self.guest.ending == Ending::PowerOff && !given_up => {
                        given_up = true;
                        deadline = Some(Instant::now() + GRACE);
                    }
                    Request::Inspect | Request::ExpectEnd | Request::None => {}
                }
            }
        }
    }

    /// Keeps a picture of the screen, if one is wanted. The guest waits or has stopped, so the picture is whole.
    fn take_picture(&mut self) -> Result<(), BootError> {
        if self.guest.picture == Picture::Kept {
            self.monitor.execute("screendump", json!({ "filename": PICTURE }))?;
            self.picture = Some(self.guest.work_dir.join(PICTURE));
        }
        Ok(())
    }

    /// Stops the guest, looks at it, lets it go on and answers it.
    fn inspect(&mut self) -> Result<(), BootError> {
        self.take_picture()?;
        let image = self.guest.files.kernel_bytes()?;
        let subject = inspect::Subject {
            ranges: &self.transcript.ranges,
            translations: &self.transcript.translations,
            report: self.transcript.report.as_ref(),
            image: image.as_deref(),
        };
        self.findings = Some(inspect::inspect(&mut self.monitor, self.scratch, &subject)?);
        // A guest that is gone by now is noticed when its console ends.
        let _ = self.emulator.send(b"\n");
        Ok(())
    }

    /// Waits for the emulator and asks why it ended.
    fn end(&mut self) -> Ended {
        let Some(status) = self.emulator.wait(PATIENCE) else { return Ended::TimedOut };
        Ended::ByItself(status.code(), self.monitor.last_words())
    }
}

/// Connects to the monitor as soon as the emulator has opened it.
fn connect(emulator: &mut Emulator, socket: &Path) -> Result<Monitor, MonitorError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Monitor::connect(socket, PATIENCE) {
            Err(MonitorError::Connection(_)) if Instant::now() < deadline && !emulator.has_ended() => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn missing(guest: &Guest, error: io::Error) -> BootError {
    match error.kind() {
        io::ErrorKind::NotFound => BootError::EmulatorMissing(emulator(guest.architecture, guest.memory)),
        _ => BootError::File(error),
    }
}

impl From<FirmwareMissing> for BootError {
    fn from(error: FirmwareMissing) -> Self {
        Self::Firmware(error)
    }
}

impl From<io::Error> for BootError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<MonitorError> for BootError {
    fn from(error: MonitorError) -> Self {
        Self::Monitor(error)
    }
}

impl fmt::Display for BootError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Firmware(error) => error.fmt(out),
            Self::EmulatorMissing(program) => {
                write!(out, "{program} is not installed: install the package qemu-system-x86")
            }
            Self::Emulator(text) => write!(out, "the emulator would not start: {}", text.trim_end()),
            Self::File(error) => error.fmt(out),
            Self::Monitor(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for BootError {}
