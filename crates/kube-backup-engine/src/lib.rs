#![doc = include_str!("../README.md")]

mod archive;
mod error;
mod repository;
mod resource;
mod scan;

pub use archive::index::{EntryFilter, IndexFacts};
pub use archive::{Entry, ReadLimits};
pub use error::{Error, ErrorKind, Result};
pub use repository::{
    ArchiveFacts, Moment, OpenBackup, Phase, Record, RecordMetadata, RecordProgress, RecordStatus,
    Repository, Results, ResultsBySource,
};
pub use resource::{ApiResource, GroupResource, ObjectId};
