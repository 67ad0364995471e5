//! The function names that the kernel's image carries with it, so that a kernel that stops can say where: a read-only section
//! `.xtsym` behind all others, with a table in the format of [`xtkd::symbols`].
//!
//! The names come from the linker's debug file. The section is added before anything is said of the finished image: its identity,
//! digest and signature cover it.

mod names;
mod table;

use std::io::Cursor;

use anyhow::{Context, Result, bail};
use pdb_addr2line::pdb::PDB;
use pdb_addr2line::{ContextPdbData, TypeFormatterFlags};

use super::pe::{self, header, section, u16_at, u32_at};

/// What the section is called.
const NAME: [u8; 8] = *b".xtsym\0\0";

/// Code that is to be run.
const EXECUTABLE: usize = 0x2000_0000;

/// A function as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    /// Its first byte, from the image's.
    start: u32,
    /// Bytes of code.
    bytes: u32,
    /// The name in the words of [`names::shorten`].
    name: String,
}

/// Adds the names in `debug`, the debug file that the linker wrote beside `image`.
///
/// # Errors
/// One of the two cannot be read, or there is no function at all.
pub(super) fn add(image: &mut Vec<u8>, debug: Vec<u8>) -> Result<()> {
    let functions = functions(image, debug)?;
    if functions.is_empty() {
        bail!("the debug file names no function");
    }
    pe::add_constants(image, NAME, &table::encode(&functions)?)
}

/// A debug file that has been read.
pub(crate) type DebugFile = ContextPdbData<'static, 'static, Cursor<Vec<u8>>>;

/// Reads a debug file.
///
/// # Errors
/// It is none.
pub(crate) fn open(debug: Vec<u8>) -> Result<DebugFile> {
    let file = PDB::open(Cursor::new(debug)).context("this is no debug file")?;
    ContextPdbData::try_from_pdb(file).context("the debug file cannot be read")
}

/// How functions are called: without what they take and return.
pub(crate) const NAMES_ONLY: TypeFormatterFlags =
    TypeFormatterFlags::NO_ARGUMENTS.union(TypeFormatterFlags::NO_FUNCTION_RETURN);

/// Returns the mark that a debug file shares with its image, which [`super::identity`] gives both.
///
/// # Errors
/// It is no debug file.
pub(crate) fn mark(debug: Vec<u8>) -> Result<u32> {
    let mut file = PDB::open(Cursor::new(debug)).context("this is no debug file")?;
    Ok(file.pdb_information().context("the debug file says nothing of itself")?.signature)
}

/// Returns a name as people read it.
pub(crate) fn readable(name: &str) -> String {
    names::shorten(name, names::Decoration::None)
}

/// Returns the functions in executable sections, one for each address.
fn functions(image: &[u8], debug: Vec<u8>) -> Result<Vec<Function>> {
    let signature = pe::signature(image)?;
    let decoration = match u16_at(image, signature + header::MACHINE)? {
        pe::MACHINE_I386 => names::Decoration::Underscore,
        _ => names::Decoration::None,
    };
    let mut code = Vec::new();
    for place in pe::sections(image, signature)? {
        if u32_at(image, place + section::FLAGS)? & EXECUTABLE != 0 {
            let start = u32_at(image, place + section::ADDRESS)?;
            code.push(start..start + u32_at(image, place + section::SIZE)?);
        }
    }
    let data = open(debug)?;
    let context = data.make_context_with_formatter_flags(NAMES_ONLY)?;
    let mut functions = Vec::new();
    for function in context.functions() {
        let start = function.start_rva;
        let section = code.iter().find(|section| section.contains(&(start as usize)));
        let (Some(section), Some(name)) = (section, &function.name) else { continue };
        let end = function.end_rva.unwrap_or(u32::try_from(section.end)?);
        functions.push(Function {
            start,
            bytes: end.saturating_sub(start),
            name: names::shorten(name, decoration),
        });
    }
    Ok(one_for_each_address(functions))
}

/// Keeps, where several names stand for one piece of code, the one that tells most: of ours, then the shortest. No
/// function goes on behind the next one's beginning.
fn one_for_each_address(mut functions: Vec<Function>) -> Vec<Function> {
    let rank = |function: &Function| {
        (function.start, names::is_foreign(&function.name), function.name.len(), function.name.clone())
    };
    functions.sort_by_cached_key(rank);
    functions.dedup_by_key(|function| function.start);
    let starts: Vec<u32> = functions.iter().skip(1).map(|function| function.start).collect();
    for (function, next) in functions.iter_mut().zip(starts) {
        function.bytes = function.bytes.min(next - function.start);
    }
    functions
}

#[cfg(test)]
mod tests;
