#![doc = include_str!("../README.md")]

mod archive;
mod background;
pub mod backup;
mod cluster;
pub mod compare;
mod deadline;
mod digest;
pub mod encryption;
mod error;
mod format;
mod kinds;
mod pointer;
pub mod powers;
mod printable;
pub mod rbac;
mod repository;
mod resource;
pub mod restore;
pub mod retention;
mod roster;
mod run_options;
mod scan;
pub mod schedule;
pub mod seal;
mod spec;
mod time_zone;
pub mod verify;
pub mod volumes;

/// The crates whose types stand in signatures, at the versions that fit this one.
#[doc(no_inline)]
pub use {bytes, chrono, k8s_openapi, kube, object_store};

pub use archive::index::{EntryFilter, IndexFacts};
pub use archive::{Entry, Listing, ReadLimits, RefusedEntry};
pub use cluster::client::client_for;
pub use cluster::config::{cluster_config, connect};
pub use cluster::discovery::Discovery;
pub use cluster::reader::ListEncoding;
pub use cluster::retry::Waiting;
pub use digest::Digest;
pub use error::{Error, ErrorKind, Result};
pub use format::labels::value as label_value;
pub use repository::{
    ArchiveFacts, BackupList, EncryptionFacts, FileFacts, Files, HookStatus, OpenBackup, Phase,
    PointInTime, Record, RecordMetadata, RecordProgress, RecordStatus, Repository, Results,
    ResultsBySource, StoredArchive, UnreadableBackup,
};
pub use resource::{ApiResource, GroupResource, ObjectId};
pub use run_options::RunOptions;
pub use spec::go_duration;
pub use spec::selection::{Selection, UnmatchedFilters};
pub use spec::selector_text::label_selector;
