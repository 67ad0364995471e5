//! What model tests are fed with: numbers that repeat, and frames that run out.

mod pool;
mod random;

#[cfg(test)]
mod tests;

pub use pool::FramePool;
pub use random::SplitMix64;
