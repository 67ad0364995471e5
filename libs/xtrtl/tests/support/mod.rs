//! What must hold for any input, shared by the property tests and the fuzz targets.

pub(crate) mod bitmaps;
pub(crate) mod texts;
pub(crate) mod times;
