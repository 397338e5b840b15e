//! OSS over HTTP: authentication first, then one of the operations.

mod acl;
mod auth;
mod buckets;
mod dispatch;
mod error;
mod multipart;
mod objects;
mod operation;
mod protection;
mod request;
mod storage;
mod xml;

use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt};
use http::request::Parts;
use http::{Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;

pub(crate) use error::OssError;
use request::Target;
use storage::receive::Body;
pub(crate) use storage::receive::{Effort, KnownBody};
pub(crate) use storage::settings::Preset;
use storage::store::Store;
use xml::Element;

use crate::directory::user::Users;
use crate::gateway::clock::LocalClock;
use crate::gateway::faults::{Fault, Faults};
use crate::gateway::log::{RequestLog, RequestRecord};
use crate::gateway::response::Answer;

/// What one region's OSS is made of.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    pub(crate) region: String,
    pub(crate) users: Users,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) clock: LocalClock,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    pub(crate) effort: Effort,
    /// Refuses signature version 1, as for accounts opened since 2025.
    pub(crate) refuse_v1: bool,
    /// How long a restore takes, instead of what OSS says.
    pub(crate) restore_time: Option<TimeDelta>,
}

/// The state of one region's OSS.
#[derive(Debug)]
pub(crate) struct Oss {
    region: String,
    users: Users,
    store: Store,
    clock: LocalClock,
    faults: Faults,
    log: RequestLog,
    effort: Effort,
    refuse_v1: bool,
    restore_time: Option<TimeDelta>,
}

/// What becomes of a request.
pub(crate) enum Outcome {
    Answer(Answer),
    /// Close the connection without a word.
    HangUp,
}

impl Oss {
    pub(crate) fn open(setup: Setup) -> io::Result<Self> {
        Ok(Self {
            region: setup.region,
            users: setup.users,
            store: Store::open(setup.folder)?,
            clock: setup.clock,
            faults: setup.faults,
            log: setup.log,
            effort: setup.effort,
            refuse_v1: setup.refuse_v1,
            restore_time: setup.restore_time,
        })
    }

    pub(crate) fn create_bucket(&self, name: &str, preset: Preset) -> io::Result<()> {
        let settings = preset.settings(self.clock.now());
        self.store.create_bucket(name, settings).map(drop)
    }

    pub(crate) async fn serve(&self, request: Request<Incoming>) -> Outcome {
        let started = std::time::Instant::now();
        let (parts, body) = request.into_parts();
        let body = body.into_data_stream().map_err(io::Error::other).boxed();
        let request_id = format!(
            "{:024X}",
            u128::from(fastrand::u64(..)) << 32 | u128::from(fastrand::u32(..))
        );
        let mut now = self.clock.now();
        let (answer, fault, entry) = match Target::parse(&parts) {
            Err(error) => (Err(error), None, None),
            Ok(target) => {
                let entry = self.log.begin(record(&parts, &target));
                let fault = self
                    .faults
                    .next(target.operation.name(), target.key.as_deref());
                if let Some(Fault::SkewClock(seconds)) = &fault {
                    now += TimeDelta::seconds(*seconds);
                }
                let answer = match &fault {
                    Some(Fault::Refuse) => return Outcome::HangUp,
                    Some(fault) if fault.error().is_some() => {
                        Err(fault.error().unwrap_or_else(OssError::malformed_xml))
                    }
                    fault => {
                        if let Some(Fault::Delay(delay)) = fault {
                            tokio::time::sleep(*delay).await;
                        }
                        let body = match fault {
                            Some(Fault::ResetUpload(after)) => broken_off(body, *after),
                            _ => body,
                        };
                        self.answer(&parts, &target, now, body).await
                    }
                };
                (answer, fault, Some(entry))
            }
        };
        match fault {
            Some(Fault::LoseReply | Fault::ResetUpload(_)) => return Outcome::HangUp,
            // Until the client gives up, and the connection with it.
            Some(Fault::NeverReply) => std::future::pending().await,
            _ => {}
        }
        let answer = answer.unwrap_or_else(|error| refuse(&error, &request_id, &parts));
        let mut answer = match fault {
            Some(fault) => crate::gateway::corrupt::spoil(answer, &fault),
            None => answer,
        };
        answer = answer
            .header("x-oss-request-id", &request_id)
            .header(
                "x-oss-server-time",
                &started.elapsed().as_millis().to_string(),
            )
            .header("date", &http_date(now))
            .header("server", "AliyunOSS");
        if let Some(entry) = entry {
            self.log.end(entry, answer.status.as_u16(), answer.len);
        }
        Outcome::Answer(answer)
    }
}

/// A body that ends in an error after some bytes.
fn broken_off(body: Body, after: u64) -> Body {
    crate::gateway::corrupt::cut(body, after)
        .chain(futures::stream::once(async {
            Err(io::ErrorKind::ConnectionReset.into())
        }))
        .boxed()
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

/// The error as a document, or in `x-oss-err` where the answer may have no body.
fn refuse(error: &OssError, request_id: &str, parts: &Parts) -> Answer {
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let document = error.to_xml(request_id, host);
    let mut answer = Answer::empty(error.status).header("content-type", "application/xml");
    if !error.error_class().is_empty() {
        answer = answer.header("x-oss-ec", error.error_class());
    }
    for (name, value) in error.headers() {
        answer = answer.header(name, value);
    }
    if parts.method == Method::HEAD {
        answer.header("x-oss-err", &BASE64_STANDARD.encode(document))
    } else {
        answer.bytes(document)
    }
}

/// The one account that everything here belongs to.
fn owner() -> Element {
    Element::root("Owner")
        .text("ID", "100000000000000")
        .text("DisplayName", "local")
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
