//! `cargo xtask symbolize LOG`: tells for each address of code in a log its function, file and line, those that the
//! compiler inlined there included.
//!
//! A log says itself by how much its image was moved and which build it was (`slide …, build …`). The debug file with
//! that mark is looked for among the images that were built here, so nobody can be told lines of another build.

mod lines;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pdb_addr2line::Frame;

use self::lines::{Address, Image};
use super::Context;
use crate::build::symbols::{self, DebugFile, NAMES_ONLY};
use crate::cli;

/// Where the kernel's sources are in debug files, whatever folder they were built in.
const CHECKOUT: &str = "/xtos/";

/// The name of the kernel's debug file.
const DEBUG_FILE: &str = "xtoskrnl.pdb";

/// Rewrites the log that `options` name, to standard output.
///
/// # Errors
/// The log cannot be read, or says nothing of an image that was built here.
pub(crate) fn run(context: &Context, options: &cli::Symbolize) -> Result<u8> {
    let log: Box<dyn Read> = if options.log == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(&options.log);
        Box::new(file.with_context(|| format!("cannot read {}", options.log.display()))?)
    };
    let mut resolver = Resolver::new(context.workspace.cache());
    if let Some(file) = &options.debug_file {
        resolver.insist_on(file)?;
    }
    for line in BufReader::new(log).split(b'\n') {
        // A guest that resets in the middle of a byte is no reason to stop reading.
        let line = line?;
        println!("{}", resolver.resolve(String::from_utf8_lossy(&line).trim_end()));
    }
    match resolver.complaint() {
        None => Ok(0),
        Some(complaint) => bail!("{complaint}"),
    }
}

/// Resolves a log's addresses, line by line.
pub(crate) struct Resolver {
    /// Where images that were built lie, in folders of folders.
    built: PathBuf,
    image: Option<Image>,
    debug_file: Option<DebugFile>,
    insisted: bool,
    complaint: Option<String>,
}

impl Resolver {
    /// Will look for debug files below `built`.
    pub(crate) const fn new(built: PathBuf) -> Self {
        Self { built, image: None, debug_file: None, insisted: false, complaint: None }
    }

    /// Uses this debug file, whatever the log says.
    fn insist_on(&mut self, file: &Path) -> Result<()> {
        self.debug_file = Some(open(file)?);
        self.insisted = true;
        Ok(())
    }

    /// Returns a line with what its addresses mean.
    pub(crate) fn resolve(&mut self, line: &str) -> String {
        if let Some(image) = Image::told_by(line)
            && self.image != Some(image)
        {
            self.image = Some(image);
            self.find(image);
        }
        let (Some(image), Some(file)) = (self.image, &self.debug_file) else { return line.to_owned() };
        if line.starts_with("XTOS-") {
            return line.to_owned();
        }
        let resolved =
            lines::addresses(line).into_iter().filter_map(|address| describe(file, image, address));
        let mut text = line.to_owned();
        for place in resolved.flatten() {
            text.push_str("\n          ");
            text.push_str(&place);
        }
        text
    }

    /// Returns why a log could not be resolved.
    fn complaint(&self) -> Option<String> {
        match (&self.image, &self.complaint) {
            (None, _) => {
                Some("the log does not say where an image lies ('image at …, slide …, build …')".to_owned())
            }
            (Some(_), complaint) => complaint.clone(),
        }
    }

    /// Finds the debug file of an image.
    fn find(&mut self, image: Image) {
        if self.insisted {
            return;
        }
        let mut candidates = Vec::new();
        list(&self.built, 4, &mut candidates);
        let found = candidates.iter().find(|file| mark_of(file).is_ok_and(|mark| mark == image.mark));
        self.debug_file = found.and_then(|file| open(file).ok());
        self.complaint = match self.debug_file {
            Some(_) => None,
            None => Some(format!(
                "none of the {} debug files below {} belongs to build {:08x}",
                candidates.len(),
                self.built.display(),
                image.mark
            )),
        };
    }
}

/// Finds debug files of the kernel, some folders deep.
fn list(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = folder.read_dir() else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|name| name == DEBUG_FILE) {
            found.push(path);
        } else if depth > 1 && path.is_dir() && path.file_name().is_none_or(|name| name != "build") {
            list(&path, depth - 1, found);
        }
    }
}

fn open(file: &Path) -> Result<DebugFile> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    symbols::open(bytes)
}

/// Returns the mark that a debug file shares with its image.
fn mark_of(file: &Path) -> Result<u32> {
    let bytes = std::fs::read(file)?;
    symbols::mark(bytes)
}

/// Returns what lies at an address, the innermost inlined function first: `function  file:line`. `None` where no code is.
fn describe(file: &DebugFile, image: Image, address: Address) -> Option<Vec<String>> {
    let offset = u32::try_from(address.inside().checked_sub(image.base)?).ok()?;
    let context = file.make_context_with_formatter_flags(NAMES_ONLY).ok()?;
    let found = context.find_frames(offset).ok()??;
    // Assembly is known by its linker's symbol alone. What is found as its line is one of the code before it.
    let outermost = found.frames.last().and_then(|frame| frame.function.as_ref());
    let is_assembly = outermost.is_none_or(|name| !name.contains("::"));
    let places = found.frames.iter().map(|frame| {
        let function = symbols::readable(frame.function.as_deref().unwrap_or("?"));
        match line_of(frame).filter(|_| !is_assembly) {
            Some((file, line)) => format!("{function}  {file}:{line}"),
            None => function,
        }
    });
    Some(places.collect())
}

/// Returns the line that a frame is at.
fn line_of(frame: &Frame<'_>) -> Option<(String, u32)> {
    Some((relative(frame.file.as_deref()?), frame.line?))
}

/// A file as a reader of the checkout knows it, or of the compiler's library.
fn relative(file: &str) -> String {
    let file = file.replace('\\', "/");
    let in_library =
        || file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
    file.strip_prefix(CHECKOUT).or_else(in_library).unwrap_or(&file).to_owned()
}

#[cfg(test)]
mod tests;
