//! The table of the high-precision event timer (IA-PC HPET 1.0a, section 3.2.4).

use xtcore::PhysAddr;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, IntoBytes};

use crate::fixed::{GenericAddress, Register};
use crate::memory::ReadPhysical;
use crate::notice::{Notice, RegisterName};
use crate::table::{Header, Signature, Table};

/// Bits of a main counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CounterWidth {
    /// 32.
    Bits32,
    /// 64.
    Bits64,
}

/// An event timer block. Its period is in its own registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hpet {
    /// Its number among the blocks of the machine.
    pub number: u8,
    /// Its registers.
    pub address: PhysAddr,
    /// Comparators, 1 to 32.
    pub comparators: u8,
    /// Bits of the main counter.
    pub counter: CounterWidth,
    /// The shortest period, in ticks of the main counter, in which no interrupt is lost.
    pub minimum_tick: u16,
}

#[derive(FromBytes, IntoBytes)]
#[repr(C)]
struct Wire {
    header: Header,
    block: U32,
    base: GenericAddress,
    number: u8,
    minimum_tick: U16,
    protection: u8,
}

/// Field of the event timer block: the number of the last comparator.
const LAST_COMPARATOR_SHIFT: u32 = 8;
const LAST_COMPARATOR: u32 = 0x1F;
/// Bit of the event timer block: the main counter has 64 bits.
const WIDE: u32 = 1 << 13;

/// Reads the table of an event timer.
///
/// # Errors
/// The notice that says why there is none to use.
pub(crate) fn read(memory: &mut impl ReadPhysical, table: Table) -> Result<Hpet, Notice> {
    let unreadable = |fault| Notice::Table { signature: Signature::HPET, at: table.base(), fault };
    let Wire { block, base, number, minimum_tick, .. } =
        table.beginning(memory).map_err(|fault| unreadable(fault.into()))?;
    let Some(Register::Memory(address)) = base.register() else {
        return Err(base.unusable(RegisterName::EventTimer));
    };
    let block = block.get();
    Ok(Hpet {
        number,
        address,
        comparators: (block >> LAST_COMPARATOR_SHIFT & LAST_COMPARATOR) as u8 + 1,
        counter: if block & WIDE == 0 { CounterWidth::Bits32 } else { CounterWidth::Bits64 },
        minimum_tick: minimum_tick.get(),
    })
}
