#![doc = include_str!("../README.md")]

mod archive;
pub mod backup;
mod cluster;
pub mod compare;
mod error;
mod kinds;
mod pointer;
mod repository;
mod resource;
pub mod restore;
mod scan;
pub mod verify;

pub use archive::index::{EntryFilter, IndexFacts};
pub use archive::{Entry, ReadLimits};
pub use cluster::discovery::Discovery;
pub use cluster::reader::ListEncoding;
pub use error::{Error, ErrorKind, Result};
pub use repository::{
    ArchiveFacts, OpenBackup, Phase, PointInTime, Record, RecordMetadata, RecordProgress,
    RecordStatus, Repository, Results, ResultsBySource,
};
pub use resource::{ApiResource, GroupResource, ObjectId};
