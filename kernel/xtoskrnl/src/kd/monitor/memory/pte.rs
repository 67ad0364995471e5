//! `pte ADDRESS`: every entry that leads to an address, shaped like WinDbg's `!pte`.

use core::fmt;

use xtcore::{Level, VirtAddr};
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Trouble, Value};
use xtpaging::entry::{Bits, Decoded, Format};
use xtpaging::{Cache, Rights};

use super::super::context::Context;
use crate::ke::regions::Place;
use crate::mm::look::{self, Step};

pub(crate) fn run(_: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    const COLUMNS: [Column; 5] = [
        Column::left("entry", 5),
        Column::address("at"),
        Column::left("contains", 16),
        Column::right("pfn", 9),
        Column::left("bits", 11),
    ];
    let address = VirtAddr::new(arguments.address(0).unwrap_or(0));
    let format = look::format().ok_or(&Trouble::Absent("the page tables are not known yet"))?;
    answer.fact("address", "VA", Value::Address(address.get()))?;
    answer.fact("place", "", Value::Text(&Place(address)))?;
    if !format.geometry().is_canonical(address) {
        return Err(&Trouble::Absent("the address is not canonical: no entry leads to it"));
    }
    let mut rights = Rights::ALL;
    let mut last = None;
    answer.list("entries", &COLUMNS, &mut |list| {
        look::steps(address).try_for_each(|step| {
            let Step { level, at, raw, says } = step;
            let own = format.rights(raw);
            rights = Rights {
                write: rights.write && own.write,
                execute: rights.execute && own.execute,
                user: rights.user && own.user,
            };
            last = Some(step);
            let pfn = match says {
                Decoded::Absent => Value::Nothing,
                Decoded::Table(frame) | Decoded::Page(frame) => Value::Hex(frame.number()),
            };
            list.row(&[
                Value::Text(&name(level)),
                Value::Address(at.get()),
                Value::Raw(raw),
                pfn,
                Value::Text(&Letters { step, format }),
            ])
        })
    })?;
    let Some(Step { level, raw, says: Decoded::Page(frame), .. }) = last else {
        answer.say("translation", format_args!("no page is there"))?;
        return Ok(Next::Stay);
    };
    let bytes = format.geometry().page_bytes(level);
    let physical = frame.address().get() + (address.get() & (bytes - 1));
    answer.fact("physical", "Physical address", Value::Hex(physical))?;
    answer.fact("page_bytes", "Size of the page", Value::Bytes(bytes))?;
    answer.fact("write", "Writable", Value::Flag(rights.write))?;
    answer.fact("execute", "Executable", Value::Flag(rights.execute))?;
    answer.fact("user", "For users", Value::Flag(rights.user))?;
    answer.fact("cache", "Memory type", Value::Text(&cache_name(Format::cache(raw))))?;
    Ok(Next::Stay)
}

/// Returns NT's name of an entry; level 5 came after them.
const fn name(level: Level) -> &'static str {
    match level.number() {
        1 => "PTE",
        2 => "PDE",
        3 => "PPE",
        4 => "PXE",
        _ => "P5E",
    }
}

const fn cache_name(cache: Cache) -> &'static str {
    match cache {
        Cache::WriteBack => "write-back",
        Cache::WriteCombining => "write-combining",
        Cache::UncachedMinus => "uncached, minus",
        Cache::Uncached => "uncached",
    }
}

/// The bits of an entry as WinDbg writes them: copy on write (never), global, large, dirty, accessed, not cached, write-through,
/// kernel or user, writable or read-only, executable, valid.
struct Letters {
    step: Step,
    format: Format,
}

impl fmt::Display for Letters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { level, raw, says, .. } = self.step;
        if says == Decoded::Absent {
            return out.write_str("not valid");
        }
        let is_page = matches!(says, Decoded::Page(_));
        let (bits, rights) = (Bits::from_bits_retain(raw), self.format.rights(raw));
        let letter = |set: bool, letter: char| if set { letter } else { '-' };
        for letter in [
            '-',
            letter(is_page && bits.contains(Bits::GLOBAL), 'G'),
            letter(is_page && level > Level::PT, 'L'),
            letter(is_page && bits.contains(Bits::DIRTY), 'D'),
            letter(bits.contains(Bits::ACCESSED), 'A'),
            letter(bits.contains(Bits::CACHE_DISABLE), 'N'),
            letter(bits.contains(Bits::WRITE_THROUGH), 'T'),
            if rights.user { 'U' } else { 'K' },
            if rights.write { 'W' } else { 'R' },
            letter(rights.execute, 'E'),
            'V',
        ] {
            fmt::Write::write_char(out, letter)?;
        }
        Ok(())
    }
}
