//! The bridge from run-time modes to monomorphised bodies.

use xtcore::{Geometry, Level};

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

/// Chooses by the mode once and evaluates the body with `$shape` naming the mode's type.
///
/// Comparisons that a processor predicts, rather than a `match`, which becomes a jump through a table. The mode of most
/// machines comes first: it pays for one.
macro_rules! with_shape {
    ($mode:expr, $shape:ident => $body:expr) => {{
        let levels = xtcore::PagingMode::levels($mode);
        if levels == 4 {
            type $shape = $crate::shape::Pml4;
            $body
        } else if levels > 4 {
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
