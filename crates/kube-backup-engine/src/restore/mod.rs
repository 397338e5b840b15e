//! Bringing a backup back.
mod tiers;
pub use tiers::Tier;
