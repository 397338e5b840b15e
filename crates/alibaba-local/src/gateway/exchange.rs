//! One request on its way through a service.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alibaba_ram::{Context, Decision};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use http::StatusCode;

use super::clock::LocalClock;
use super::corrupt::{corrupt, cut};
use super::faults::{Fault, Faults};
use super::log::{RequestLog, RequestRecord};
use super::response::{Body, Response};

/// The connection closes without a response.
#[derive(Debug)]
pub(crate) struct HangUp;

/// What a request asks for, as far as the log and fault rules care.
#[derive(Debug, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) operation: &'static str,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) range: Option<&'a str>,
}

/// Whether a request is served, or refused because a test asked for that.
pub(crate) enum Begun {
    /// With this body.
    Serve(Body),
    Refuse(Injected),
}

/// An error that a test asked for. Each service words it as its own.
#[derive(Debug)]
pub(crate) struct Injected {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    /// Too many requests: how long the client should wait.
    pub(crate) wait: Option<Duration>,
}

/// What the gateway knows of a request, and does to it.
#[derive(Debug)]
pub(crate) struct Exchange {
    service: &'static str,
    peer: IpAddr,
    /// Of the endpoint that it came to.
    region: Arc<str>,
    faults: Faults,
    log: RequestLog,
    started: Instant,
    now: DateTime<Utc>,
    entry: Option<usize>,
    fault: Option<Fault>,
}

impl Exchange {
    pub(crate) fn new(
        service: &'static str,
        peer: IpAddr,
        region: Arc<str>,
        clock: &LocalClock,
        faults: &Faults,
        log: &RequestLog,
    ) -> Self {
        Self {
            service,
            peer,
            region,
            faults: faults.clone(),
            log: log.clone(),
            started: Instant::now(),
            now: clock.now(),
            entry: None,
            fault: None,
        }
    }

    /// The region of the endpoint that it came to.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// When the request came, by a clock that may be wrong for this request.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What conditions of policies can ask for of any call.
    pub(crate) fn known(&self) -> Context {
        Context::new()
            .source_ip(self.peer)
            .current_time(self.now)
            .secure_transport(false)
    }

    /// How long it has been under way.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Enters the request in the log, and lets the fault befall it that a test asked for.
    pub(crate) async fn begin(
        &mut self,
        subject: &Subject<'_>,
        body: Body,
    ) -> Result<Begun, HangUp> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.entry = Some(self.log.begin(RequestRecord {
            at: self.now,
            service: self.service,
            operation: subject.operation,
            bucket: owned(subject.bucket),
            key: owned(subject.key),
            range: owned(subject.range),
            status: None,
            bytes_out: 0,
            decisions: Vec::new(),
        }));
        self.fault = self
            .faults
            .next(self.service, subject.operation, subject.key);
        let refuse = |status, code, wait| {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Begun::Refuse(Injected { status, code, wait })
        };
        Ok(match &self.fault {
            Some(Fault::Refuse) => return Err(HangUp),
            Some(Fault::Status(status, code)) => refuse(*status, code, None),
            Some(Fault::Throttle { status, code, wait }) => refuse(*status, code, Some(*wait)),
            Some(Fault::SkewClock(seconds)) => {
                self.now += TimeDelta::seconds(*seconds);
                Begun::Serve(body)
            }
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(*delay).await;
                Begun::Serve(body)
            }
            Some(Fault::ResetUpload(after)) => Begun::Serve(broken_off(body, *after)),
            _ => Begun::Serve(body),
        })
    }

    /// Notes in the log what was decided on the caller's rights.
    pub(crate) fn decided(&self, decision: &Decision) {
        if let Some(entry) = self.entry {
            self.log.decided(entry, decision.clone());
        }
    }

    /// The response as the client gets it, if it gets one.
    pub(crate) async fn end(self, response: Response) -> Result<Response, HangUp> {
        let response = match &self.fault {
            Some(Fault::LoseReply | Fault::ResetUpload(_)) => return Err(HangUp),
            // Until the client gives up, and the connection with it.
            Some(Fault::NeverReply) => std::future::pending().await,
            Some(fault) => corrupt(response, fault),
            None => response,
        };
        if let Some(entry) = self.entry {
            self.log.end(entry, response.status.as_u16(), response.len);
        }
        Ok(response)
    }
}

/// However it ends.
impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(entry) = self.entry {
            self.log.over(entry);
        }
    }
}

/// A body that ends in an error after some bytes.
fn broken_off(body: Body, after: u64) -> Body {
    cut(body, after)
        .chain(futures::stream::once(async {
            Err(io::ErrorKind::ConnectionReset.into())
        }))
        .boxed()
}
