//! The memory manager gives account: every frame in one state, and every count as it was.

mod audit;
mod standing;

pub(in crate::mm) use audit::mapped_pages;
pub(crate) use standing::Standing;
