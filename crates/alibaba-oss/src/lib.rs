#![doc = include_str!("../README.md")]

mod client;
mod error;
mod operations;
mod payload;
mod reading;
#[cfg(feature = "object_store")]
mod store;
mod transport;
mod xml;

pub use client::{Builder, Client};
pub use error::{Error, ErrorKind, Result};
pub use operations::get::{GetObject, Object, ObjectInfo};
pub use operations::list::{ListObjects, ObjectPage, ObjectSummary};
pub use operations::multipart::{PartInfo, PartPage, UploadPage, UploadSummary, UploadedPart};
pub use operations::put::{PutObject, PutOutcome};
pub use payload::Payload;
pub use reading::{ObjectBody, Verdict};
#[cfg(feature = "object_store")]
pub use store::{ForbidOverwrite, OssStore};
