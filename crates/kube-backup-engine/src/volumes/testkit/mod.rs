//! What an implementation of [`VolumeSnapshotter`](super::VolumeSnapshotter) is tested with: a suite that
//! holds it to the contract of the port, and a fake of all kinds of storage that passes it.

pub mod conformance;
mod fake;

pub use fake::{FakeKind, FakeSnapshotter, FakeStorage};
