//! OSS over HTTP: authentication first, then one of the operations.

mod answer;
mod auth;
mod content;
mod error;
mod list;
mod multipart;
mod objects;
mod request;
mod store;
mod xml;

use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;

pub(crate) use answer::Answer;
use error::OssError;
use request::{Operation, Target};
use store::Store;

use crate::clock::LocalClock;
use crate::faults::{Fault, Faults};
use crate::log::{RequestLog, RequestRecord};
use crate::users::Users;

/// The bodies of Complete and DeleteMultipleObjects: at most 2 MiB.
const MAX_DOCUMENT: usize = 2 * 1024 * 1024;

/// The state of one region's OSS.
#[derive(Debug)]
pub(crate) struct Oss {
    region: String,
    users: Users,
    store: Store,
    clock: LocalClock,
    faults: Faults,
    log: RequestLog,
}

/// What becomes of a request.
pub(crate) enum Outcome {
    Answer(Answer),
    /// Close the connection without a word.
    HangUp,
}

impl Oss {
    pub(crate) fn open(
        region: String,
        users: Users,
        folder: Option<PathBuf>,
        clock: LocalClock,
        faults: Faults,
        log: RequestLog,
    ) -> io::Result<Self> {
        let store = Store::open(folder, clock.now())?;
        Ok(Self {
            region,
            users,
            store,
            clock,
            faults,
            log,
        })
    }

    pub(crate) fn create_bucket(&self, name: &str) -> io::Result<()> {
        self.store.create_bucket(name, self.clock.now())
    }

    pub(crate) async fn serve(&self, request: Request<Incoming>) -> Outcome {
        let started = std::time::Instant::now();
        let (parts, body) = request.into_parts();
        let request_id = format!(
            "{:024X}",
            u128::from(fastrand::u64(..)) << 32 | u128::from(fastrand::u32(..))
        );
        let head = parts.method == Method::HEAD;
        let (answer, fault, entry) = match Target::parse(&parts) {
            Err(error) => (Err(error), None, None),
            Ok(target) => {
                let entry = self.log.begin(record(&parts, &target));
                let fault = self
                    .faults
                    .next(target.operation.name(), target.key.as_deref());
                let answer = match &fault {
                    Some(Fault::Refuse) => return Outcome::HangUp,
                    Some(Fault::Status(status, code)) => Err(injected(*status, code)),
                    _ => {
                        if let Some(Fault::Delay(delay)) = &fault {
                            tokio::time::sleep(*delay).await;
                        }
                        self.answer(&parts, &target, body).await
                    }
                };
                (answer, fault, Some(entry))
            }
        };
        if fault == Some(Fault::LoseReply) {
            return Outcome::HangUp;
        }
        let answer = answer.unwrap_or_else(|error| {
            let host = parts
                .headers
                .get("host")
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default();
            refuse(&error, &request_id, host, head)
        });
        let mut answer = match fault {
            Some(fault) => crate::server::spoil(answer, &fault),
            None => answer,
        };
        answer = answer
            .header("x-oss-request-id", &request_id)
            .header(
                "x-oss-server-time",
                &started.elapsed().as_millis().to_string(),
            )
            .header("date", &http_date(self.clock.now()))
            .header("server", "AliyunOSS");
        if let Some(entry) = entry {
            self.log.end(entry, answer.status.as_u16(), answer.len);
        }
        Outcome::Answer(answer)
    }

    async fn answer(
        &self,
        parts: &Parts,
        target: &Target,
        body: Incoming,
    ) -> Result<Answer, OssError> {
        auth::authenticate(&self.users, &self.region, self.clock.now(), parts, target)?;
        let headers = &parts.headers;
        let bucket = target.bucket.as_deref().unwrap_or_default();
        let key = target.key.as_deref().unwrap_or_default();
        match target.operation {
            Operation::ListBuckets => Ok(self.list_buckets()),
            Operation::PutBucket => self.put_bucket(bucket),
            Operation::DeleteBucket => self.delete_bucket(bucket),
            Operation::GetBucketInfo => self.bucket_info(bucket),
            Operation::GetBucketLocation => self.bucket_location(bucket),
            Operation::GetBucketStat => self.bucket_stat(bucket),
            Operation::ListObjects => self.list_objects(bucket, target, false),
            Operation::ListObjectsV2 => self.list_objects(bucket, target, true),
            Operation::ListMultipartUploads => self.list_uploads(bucket, target),
            Operation::DeleteMultipleObjects => {
                let document = self.document(headers, body, true).await?;
                self.delete_objects(bucket, target, &document)
            }
            Operation::PutObject => self.put_object(bucket, key, headers, body).await,
            Operation::CopyObject => self.copy_object(bucket, key, headers).await,
            Operation::GetObject => self.get_object(bucket, key, headers, true),
            Operation::HeadObject => self.get_object(bucket, key, headers, false),
            Operation::GetObjectMeta => self.object_meta(bucket, key),
            Operation::DeleteObject => self.delete_object(bucket, key),
            Operation::InitiateMultipartUpload => self.initiate(bucket, key, target, headers),
            Operation::UploadPart => self.upload_part(bucket, target, headers, body).await,
            Operation::CompleteMultipartUpload => {
                let document = self.document(headers, body, false).await?;
                self.complete(bucket, key, target, headers, &document).await
            }
            Operation::AbortMultipartUpload => self.abort(bucket, target),
            Operation::ListParts => self.list_parts(bucket, key, target),
        }
    }

    /// A body that is an XML document.
    async fn document(
        &self,
        headers: &http::HeaderMap,
        body: Incoming,
        md5_required: bool,
    ) -> Result<Bytes, OssError> {
        let body = http_body_util::Limited::new(body, MAX_DOCUMENT);
        let bytes = body
            .collect()
            .await
            .map_err(|_| OssError::malformed_xml())?
            .to_bytes();
        let digest = BASE64_STANDARD.encode(<md5::Md5 as md5::Digest>::digest(&bytes));
        match headers.get("content-md5").map(http::HeaderValue::as_bytes) {
            Some(sent) if sent != digest.as_bytes() => Err(OssError::bad_request(
                "InvalidDigest",
                "The Content-MD5 you specified is invalid.",
            )),
            None if md5_required => Err(OssError::bad_request(
                "MissingArgument",
                "Missing Some Required Arguments.",
            )
            .with("ArgumentName", "Content-MD5")),
            _ => Ok(bytes),
        }
    }
}

fn record(parts: &Parts, target: &Target) -> RequestRecord {
    RequestRecord {
        operation: target.operation.name(),
        bucket: target.bucket.clone(),
        key: target.key.clone(),
        range: parts
            .headers
            .get("range")
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned),
        status: None,
        bytes_out: 0,
    }
}

fn injected(status: u16, code: &'static str) -> OssError {
    let status =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    OssError::new(status, code, "A fault that a test asked for.")
}

/// The error as a document, or in `x-oss-err` where the answer may have no body.
fn refuse(error: &OssError, request_id: &str, host: &str, head: bool) -> Answer {
    let document = error.to_xml(request_id, host);
    let mut answer = Answer::empty(error.status).header("content-type", "application/xml");
    if !error.error_class().is_empty() {
        answer = answer.header("x-oss-ec", error.error_class());
    }
    if error.status == http::StatusCode::SERVICE_UNAVAILABLE {
        answer = answer.header("x-oss-qos-delay-time", "10");
    }
    if head {
        answer.header("x-oss-err", &BASE64_STANDARD.encode(document))
    } else {
        answer.bytes(document)
    }
}

/// A numeric parameter, at most `max`.
fn number(
    target: &Target,
    name: &'static str,
    default: usize,
    max: usize,
) -> Result<usize, OssError> {
    match target.param(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number <= max)
            .ok_or_else(|| {
                OssError::bad_request(
                    "InvalidArgument",
                    format!("Argument {name} must be an integer of at most {max}."),
                )
                .with("ArgumentName", name)
                .with("ArgumentValue", text)
            }),
    }
}

fn upper_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02X}");
            out
        })
}

/// RFC 9110's date.
fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The date of listings.
fn iso_date(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
