//! The bridge from run-time modes to monomorphised bodies.

use xtcore::{Geometry, Level, PagingMode};

/// A paging mode as a type: a body that is generic over it sees every fact of its geometry as a constant.
pub(crate) trait Shape {
    /// The row of facts.
    const GEOMETRY: &'static Geometry;

    /// The level at which every walk begins. In PML3 this is the page directory: its four tables stand side by side.
    const TOP: Level;

    /// How many tables stand side by side at [`Shape::TOP`].
    const TOP_TABLES: usize;
}

macro_rules! shapes {
    ($($name:ident: $geometry:ident, $top:ident, $tables:literal;)*) => {
        $(
            pub(crate) struct $name;

            impl Shape for $name {
                const GEOMETRY: &'static Geometry = &Geometry::$geometry;
                const TOP: Level = Level::$top;
                const TOP_TABLES: usize = $tables;
            }
        )*
    };
}

shapes! {
    Pml2: PML2, PD, 1;
    Pml3: PML3, PD, 4;
    Pml4: PML4, PML4, 1;
    Pml5: PML5, PML5, 1;
}

/// The modes that tables can have which are reached in a certain way.
///
/// A body is compiled for each of them, and for no others: a program that walks its own tables cannot meet those of wider
/// or narrower pointers than it has, and need not carry the code for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Modes {
    /// All four.
    All,
    /// Those that translate addresses of 32 bits: PML2 and PML3.
    Of32Bits,
    /// Those that translate addresses of 64 bits: PML4 and PML5.
    Of64Bits,
}

impl Modes {
    /// The modes in which a program compiled as this one can run: what the width of its pointers leaves.
    pub const OWN: Self = if usize::BITS == 32 { Self::Of32Bits } else { Self::Of64Bits };

    /// Tells whether tables of that mode are among them.
    #[must_use]
    pub const fn include(self, mode: PagingMode) -> bool {
        match mode {
            PagingMode::Pml2 | PagingMode::Pml3 => self.has_narrow(),
            PagingMode::Pml4 | PagingMode::Pml5 => self.has_wide(),
        }
    }

    /// Tells whether modes of 32 bits are among them.
    pub(crate) const fn has_narrow(self) -> bool {
        !matches!(self, Self::Of64Bits)
    }

    /// Tells whether modes of 64 bits are among them.
    pub(crate) const fn has_wide(self) -> bool {
        !matches!(self, Self::Of32Bits)
    }
}

/// Chooses by the mode once and evaluates the body with `$shape` naming the mode's type.
///
/// Comparisons that a processor predicts, rather than a `match`, which becomes a jump through a table. The mode of most
/// machines comes first: it pays for one. `$modes`, a constant, are the only ones there can be.
macro_rules! with_shape {
    ($mode:expr, $modes:expr, $shape:ident => $body:expr) => {{
        let levels = xtcore::PagingMode::levels($mode);
        let modes: $crate::shape::Modes = $modes;
        if modes.has_wide() && levels == 4 {
            type $shape = $crate::shape::Pml4;
            $body
        } else if modes.has_wide() && (levels > 4 || !modes.has_narrow()) {
            type $shape = $crate::shape::Pml5;
            $body
        } else if levels == 3 {
            type $shape = $crate::shape::Pml3;
            $body
        } else {
            type $shape = $crate::shape::Pml2;
            $body
        }
    }};
}

pub(crate) use with_shape;
