#![doc = include_str!("../README.md")]

mod attempt;
mod call;
mod client;
mod config;
mod content_type;
mod document;
mod endpoint;
mod error;
mod headers;
mod local_file;
mod operation;
mod operations;
mod owner;
mod payload;
mod presign;
mod progress;
mod proof;
mod range;
mod reading;
mod refusal;
mod safeguards;
mod signing;
#[cfg(any(feature = "object_store", feature = "object_store_013"))]
mod store;
pub mod transfer;
mod transport;
mod verdict;
mod xml;

/// Credentials, regions, connection settings: what clients are made of.
#[doc(no_inline)]
pub use alibaba_core as core;
#[cfg(feature = "object_store")]
#[doc(no_inline)]
pub use object_store;
#[cfg(feature = "object_store_013")]
#[doc(no_inline)]
pub use object_store_013;
/// The crates whose types stand in signatures.
#[doc(no_inline)]
pub use {bytes, chrono, http};

pub use client::{Client, ClientBuilder};
pub use config::{OssConfig, OssConfigKey};
pub use endpoint::{Address, InvalidAddress, OssEndpoint, UrlStyle, is_bucket_name};
pub use error::{Error, ErrorKind, Result};
pub use operation::{Operation, Resource};
pub use operations::acl::ObjectAcl;
pub use operations::append::{AppendObject, Appended};
pub use operations::attributes::{Acl, Encryption, StorageClass};
pub use operations::bucket::{CreateBucket, Redundancy};
pub use operations::bucket_info::{BucketInfo, BucketStat, ClassStat};
pub use operations::buckets::{BucketPage, BucketSummary, ListBuckets};
pub use operations::copy::CopyObject;
pub use operations::delete::{DeleteObject, Deleted};
pub use operations::get::{GetObject, Object, ObjectInfo};
pub use operations::inspection::{BucketFinding, BucketInspection};
pub use operations::lifecycle::{
    Due, Expiration, LifecycleRule, NoncurrentTransition, PutBucketLifecycle, Transition,
};
pub use operations::list::{ListObjects, ObjectPage, ObjectSummary};
pub use operations::list_v1::ListObjectsV1;
pub use operations::multipart::{
    CompleteUpload, InitiateUpload, ListParts, ListUploads, PartInfo, PartPage, UploadMarker,
    UploadPage, UploadPart, UploadPartCopy, UploadSummary, UploadedPart,
};
pub use operations::outcome::PutOutcome;
pub use operations::overwrite::OverwriteRule;
pub use operations::put::PutObject;
pub use operations::restore::{RestoreObject, RestoreOutcome, RestoreTier};
pub use operations::retention::{
    DefaultRetention, ObjectLegalHold, ObjectRetention, ObjectWorm, Retention, RetentionMode,
    RetentionPeriod,
};
pub use operations::symlink::{GetSymlink, PutSymlink, Symlink};
pub use operations::tagging::ObjectTagging;
pub use operations::versions::{
    ListVersions, ObjectVersion, VersionMarker, VersionPage, Versioning,
};
pub use operations::worm::{BucketWorm, WormState};
pub use payload::Payload;
pub use presign::{PostForm, PostPolicy, Presigned};
pub use progress::Progress;
pub use reading::ObjectBody;
pub use signing::SignatureVersion;
#[cfg(any(feature = "object_store", feature = "object_store_013"))]
pub use store::{ForbidOverwrite, OssStore, OssStoreBuilder};
pub use transport::HyperSend;
pub use verdict::Verdict;
