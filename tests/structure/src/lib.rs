//! The shape of the workspace, read from its sources: which package may use which, which file takes
//! names from which, and where files lie.
//!
//! ```console
//! $ cargo test -p structure
//! ```
//!
//! What is read is syntax alone, so the result is the same for every feature and target. Code for tests
//! (`#[cfg(test)]`) is left out: a unit test may use whatever its crate offers.

mod circles;
mod crate_tree;
mod names;
mod packages;
mod public;
mod sources;

pub use circles::circles;
pub use crate_tree::{CrateTree, Imports, ReadError};
pub use packages::{Package, Target, packages, repository};
pub use public::{PublicKind, PublicName, public_names};
pub use sources::{files, published_sources};
