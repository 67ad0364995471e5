//! Accesses, rights, and what a successful walk yields.

use xtcore::{PhysAddr, VirtAddr};

use super::facts::Facts;
use super::fault::{ErrorCode, Fault, PageFault};
use super::format::{self, Table};

/// What an access wants to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AccessKind {
    /// Read data.
    Read,
    /// Write data.
    Write,
    /// Fetch an instruction.
    Execute,
}

/// Who wants to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Privilege {
    /// Rings 0 to 2.
    Supervisor,
    /// Ring 3.
    User,
}

/// An access: what, and by whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    /// What it wants to do.
    pub kind: AccessKind,
    /// Who wants to.
    pub privilege: Privilege,
}

impl Access {
    /// The supervisor reads.
    pub const SUPERVISOR_READ: Self = Self { kind: AccessKind::Read, privilege: Privilege::Supervisor };
    /// The supervisor writes.
    pub const SUPERVISOR_WRITE: Self = Self { kind: AccessKind::Write, privilege: Privilege::Supervisor };
    /// The supervisor fetches an instruction.
    pub const SUPERVISOR_EXECUTE: Self = Self { kind: AccessKind::Execute, privilege: Privilege::Supervisor };
    /// User mode reads.
    pub const USER_READ: Self = Self { kind: AccessKind::Read, privilege: Privilege::User };
    /// User mode writes.
    pub const USER_WRITE: Self = Self { kind: AccessKind::Write, privilege: Privilege::User };
    /// User mode fetches an instruction.
    pub const USER_EXECUTE: Self = Self { kind: AccessKind::Execute, privilege: Privilege::User };
}

/// Effective rights: R/W and U/S ANDed, XD ORed over all levels (SDM volume 3A, section 4.6.1).
///
/// They are what the tables say. With CR0.WP clear the supervisor may write to a page that is not `writable`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rights {
    /// R/W is set at every level.
    pub writable: bool,
    /// U/S is set at every level.
    pub user: bool,
    /// XD is clear at every level, or there is no XD.
    pub executable: bool,
}

impl Rights {
    /// Tells whether everything that `self` permits is permitted by `other` too.
    #[must_use]
    pub const fn is_within(self, other: Self) -> bool {
        (!self.writable || other.writable)
            && (!self.user || other.user)
            && (!self.executable || other.executable)
    }
}

/// The highest table that takes each right away; `None` leaves it standing.
///
/// Kept instead of three booleans so that a fault can name the level to blame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Denials {
    write: Option<Table>,
    user: Option<Table>,
    execute: Option<Table>,
}

impl Denials {
    pub(crate) const NONE: Self = Self { write: None, user: None, execute: None };

    pub(super) const fn with(self, table: Table, raw: u64) -> Self {
        let Self { mut write, mut user, mut execute } = self;
        if write.is_none() && raw & format::READ_WRITE == 0 {
            write = Some(table);
        }
        if user.is_none() && raw & format::USER_SUPERVISOR == 0 {
            user = Some(table);
        }
        // 32-bit entries never have the bit; elsewhere, without NXE, a set bit was found to be reserved before.
        if execute.is_none() && raw & format::EXECUTE_DISABLE != 0 {
            execute = Some(table);
        }
        Self { write, user, execute }
    }

    pub(crate) const fn rights(self) -> Rights {
        Rights {
            writable: self.write.is_none(),
            user: self.user.is_none(),
            executable: self.execute.is_none(),
        }
    }
}

/// Where an address leads, and under which conditions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Translation {
    /// The address translated.
    pub va: VirtAddr,
    /// Where it leads.
    pub physical: PhysAddr,
    /// Size of the page that contains it, in bytes.
    pub page_bytes: u64,
    /// The table whose entry maps the page.
    pub table: Table,
    /// Effective rights.
    pub rights: Rights,
    /// The G flag, where CR4.PGE gives it a meaning.
    pub global: bool,
    /// Index into the page attribute table: PAT, PCD, PWT from bit 2 to bit 0.
    pub pat_index: u8,
    /// Accessed flag of the leaf entry.
    pub accessed: bool,
    /// Dirty flag of the leaf entry.
    pub dirty: bool,
    /// The leaf entry, as read.
    pub entry: u64,
    /// Where the leaf entry is.
    pub entry_at: PhysAddr,
    pub(crate) denials: Denials,
}

impl Translation {
    /// Returns the first address of the page.
    #[must_use]
    pub const fn page_start(&self) -> VirtAddr {
        self.va.align_down(self.page_bytes)
    }

    /// Returns the physical address of the page's first byte.
    #[must_use]
    pub const fn page_physical(&self) -> PhysAddr {
        self.physical.align_down(self.page_bytes)
    }

    /// Returns the translation of another address of the same page.
    pub(crate) const fn at(mut self, va: VirtAddr) -> Self {
        let offset = va.get() & (self.page_bytes - 1);
        self.physical = PhysAddr::new(self.page_physical().get() + offset);
        self.va = va;
        self
    }

    /// Checks the effective rights (section 4.6.1, SMEP and SMAP off).
    ///
    /// # Errors
    ///
    /// [`Fault::Page`] with P set, naming the highest table that denies the access.
    pub fn permits(&self, facts: &Facts, access: Access) -> Result<(), Fault> {
        let user = match access.privilege {
            Privilege::Supervisor => None,
            Privilege::User => self.denials.user,
        };
        let kind = match (access.kind, access.privilege) {
            (AccessKind::Read, _) => None,
            (AccessKind::Write, Privilege::Supervisor) if !facts.wp => None,
            (AccessKind::Write, _) => self.denials.write,
            (AccessKind::Execute, _) => self.denials.execute,
        };
        match user.max(kind) {
            None => Ok(()),
            Some(table) => Err(Fault::Page(PageFault {
                va: self.va,
                code: ErrorCode::protection(facts, access),
                table,
                entry: self.entry,
                reserved: 0,
            })),
        }
    }
}
