//! Files and folders.

use core::fmt::{self, Write};

use xtcore::FrameCount;

use super::{Context, Result};
use crate::config::Encoded;
use crate::firmware::{Pages, Placement, Purpose};
use crate::volume::FileKind;

/// The most bytes of a file that are shown.
const MAX_SHOWN: u64 = 1 << 20;

pub(super) fn volumes(context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let mut result = Ok(());
    host.volumes(&mut |volume| {
        if result.is_ok() {
            result = writeln!(out, "  {:32} {:8} MiB  {}", volume.path, volume.bytes >> 20, volume.label);
        }
    });
    result?;
    Ok(None)
}

pub(super) fn ls(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let path = arguments.first().copied().unwrap_or_default();
    let (mut result, mut files, mut folders, mut bytes) = (Ok(()), 0_usize, 0_usize, 0_u64);
    let listed = host.list(path, &mut |info| {
        match info.kind {
            FileKind::Folder => folders += 1,
            FileKind::File => {
                files += 1;
                bytes = bytes.saturating_add(info.bytes);
            }
        }
        if result.is_ok() {
            result = match info.kind {
                FileKind::Folder => writeln!(out, "  {:>12}  {}", "<folder>", info.name),
                FileKind::File => writeln!(out, "  {:12}  {}", info.bytes, info.name),
            };
        }
    });
    result?;
    match listed {
        Ok(()) => writeln!(out, "{files} files of {bytes} bytes, {folders} folders")?,
        Err(failure) => writeln!(out, "{path}: {}", failure)?,
    }
    Ok(None)
}

pub(super) fn cat(context: &mut Context<'_>, arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    let path = arguments.first().copied().unwrap_or_default();
    let bytes = match host.file_bytes(path) {
        Ok(bytes) => bytes,
        Err(failure) => {
            writeln!(out, "{path}: {}", failure)?;
            return Ok(None);
        }
    };
    let frames = FrameCount::holding(bytes.clamp(1, MAX_SHOWN));
    let mut pages = match Pages::allocate(host.firmware(), frames, Placement::Any, Purpose::Data) {
        Ok(pages) => pages,
        Err(status) => {
            writeln!(out, "There is no memory for {path}: {status}")?;
            return Ok(None);
        }
    };
    // A file on no disk of this world outgrows a pointer and is smaller than the limit.
    let length = usize::try_from(bytes.min(MAX_SHOWN)).unwrap_or(0);
    let into = pages.bytes_mut().get_mut(..length).unwrap_or_default();
    match host.read_file(path, into) {
        Ok(read) => text(*out, into.get(..read).unwrap_or_default())?,
        Err(failure) => writeln!(out, "{path}: {}", failure)?,
    }
    if bytes > MAX_SHOWN {
        writeln!(out, "-- cut at {MAX_SHOWN} of {bytes} bytes --")?;
    }
    Ok(None)
}

/// Writes text: UTF-8, or UTF-16 behind a byte order mark. What is neither shows as `?`, control characters as `.`.
fn text(out: &mut dyn Write, bytes: &[u8]) -> fmt::Result {
    let mut last = '\n';
    let mut put = |character: char| {
        let shown = match character {
            '\r' => return Ok(()),
            '\n' => '\n',
            '\t' => ' ',
            _ if character.is_control() => '.',
            _ => character,
        };
        last = shown;
        out.write_char(shown)
    };
    match Encoded::of(bytes) {
        Encoded::Utf16(units) => {
            char::decode_utf16(units.iter()).try_for_each(|character| put(character.unwrap_or('?')))?;
        }
        Encoded::Utf8(bytes) => {
            for chunk in bytes.utf8_chunks() {
                chunk.valid().chars().try_for_each(&mut put)?;
                chunk.invalid().iter().try_for_each(|_| put('?'))?;
            }
        }
    }
    if last == '\n' { Ok(()) } else { out.write_char('\n') }
}
