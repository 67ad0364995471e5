//! What a mapping allows, in words instead of bits.

/// Whether a processor has a feature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Support {
    /// It lacks it.
    Absent,
    /// It has it.
    Present,
}

impl Support {
    /// Tells whether the feature is there.
    #[must_use]
    pub const fn is_present(self) -> bool {
        matches!(self, Self::Present)
    }
}

/// What the processor can do with page tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// IA32_EFER.NXE can be set (CPUID.80000001H:EDX.20, and not disabled by IA32_MISC_ENABLE).
    pub no_execute: Support,
    /// Global pages, CR4.PGE (CPUID.1:EDX.13).
    pub global: Support,
    /// 4 MiB pages in PML2, CR4.PSE (CPUID.1:EDX.3). The other modes always have 2 MiB pages.
    pub large_pages: Support,
    /// 1 GiB pages (CPUID.80000001H:EDX.26).
    pub gigabyte_pages: Support,
    /// MAXPHYADDR in bits (CPUID.80000008H:EAX, bits 7 to 0).
    pub physical_bits: u32,
}

impl Capabilities {
    /// Returns the same without 1 GiB pages, for who leaves them alone where the processor has them.
    #[must_use]
    pub const fn without_gigabyte_pages(self) -> Self {
        Self { gigabyte_pages: Support::Absent, ..self }
    }
}

/// What the processor may do with a page. There is no way to say "write and execute".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protection {
    /// Read only.
    Read,
    /// Read and write.
    ReadWrite,
    /// Read and execute.
    ReadExecute,
}

/// Who may use a page.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Privilege {
    /// Privilege levels 0 to 2.
    Supervisor,
    /// Everyone.
    User,
}

/// The memory type, as an index into IA32_PAT (the boot protocol fixes the value, and all processors share it).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Cache {
    /// Ordinary memory.
    WriteBack = 0,
    /// Framebuffers.
    WriteCombining = 1,
    /// Devices; an MTRR may turn it into write-combining.
    UncachedMinus = 2,
    /// Devices, strongly ordered.
    Uncached = 3,
}

impl Cache {
    /// Returns the type with that PAT index, of which bit 2 is ignored: entries 4 to 7 mirror 0 to 3.
    #[must_use]
    pub const fn from_index(index: u8) -> Self {
        match index & 3 {
            0 => Self::WriteBack,
            1 => Self::WriteCombining,
            2 => Self::UncachedMinus,
            _ => Self::Uncached,
        }
    }
}

/// Whether a translation survives a load of CR3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// It belongs to one address space.
    Local,
    /// It is the same in all address spaces.
    Global,
}

/// The attributes of a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Attributes {
    /// What may be done.
    pub protection: Protection,
    /// By whom.
    pub privilege: Privilege,
    /// Memory type.
    pub cache: Cache,
    /// In which address spaces.
    pub scope: Scope,
}

impl Attributes {
    /// Kernel data: read and write, write-back, global.
    pub const KERNEL_DATA: Self = Self::kernel(Protection::ReadWrite);

    /// Kernel constants: read only, write-back, global.
    pub const KERNEL_READ_ONLY: Self = Self::kernel(Protection::Read);

    /// Kernel code: read and execute, write-back, global.
    pub const KERNEL_CODE: Self = Self::kernel(Protection::ReadExecute);

    const fn kernel(protection: Protection) -> Self {
        Self { protection, privilege: Privilege::Supervisor, cache: Cache::WriteBack, scope: Scope::Global }
    }

    /// Returns the same attributes with another protection.
    #[must_use]
    pub const fn with_protection(self, protection: Protection) -> Self {
        Self { protection, ..self }
    }

    /// Returns the same attributes with another memory type.
    #[must_use]
    pub const fn with_cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// Returns the same attributes with another scope.
    #[must_use]
    pub const fn with_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

/// The effective rights of a page: RW and US ANDed, NX ORed over all levels of its chain.
///
/// Unlike [`Protection`] this can say "write and execute", because an audit must be able to find it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rights {
    /// Supervisor writes succeed (with CR0.WP).
    pub write: bool,
    /// Instruction fetches succeed.
    pub execute: bool,
    /// User-mode accesses succeed.
    pub user: bool,
}

impl Rights {
    /// The rights above the first level of a walk: nothing is taken away yet.
    pub const ALL: Self = Self { write: true, execute: true, user: true };

    /// Combines with the rights of the next level.
    #[must_use]
    pub const fn and(self, next: Self) -> Self {
        Self {
            write: self.write & next.write,
            execute: self.execute & next.execute,
            user: self.user & next.user,
        }
    }
}
