#![doc = include_str!("../README.md")]

mod api;
mod archive;
pub mod backup;
mod collect;
pub mod compare;
mod discover;
mod error;
mod pointer;
mod repository;
mod resource;
pub mod restore;
mod scan;
pub mod verify;

pub use api::ListEncoding;
pub use archive::index::{EntryFilter, IndexFacts};
pub use archive::{Entry, ReadLimits};
pub use discover::Discovery;
pub use error::{Error, ErrorKind, Result};
pub use repository::{
    ArchiveFacts, Moment, OpenBackup, Phase, Record, RecordMetadata, RecordProgress, RecordStatus,
    Repository, Results, ResultsBySource,
};
pub use resource::{ApiResource, GroupResource, ObjectId};
