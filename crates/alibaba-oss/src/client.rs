//! The client: settings, and the loop of sign, send, judge, repeat.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use alibaba_core::clock::{Clock, SharedClock, SystemClock};
use alibaba_core::credentials::SharedCredentials;
use alibaba_core::endpoint::OssEndpoint;
use alibaba_core::retry::{Cause, Failure, RandomJitter, RetryPolicy};
use alibaba_core::{ConnectionSettings, Region};
use alibaba_sign::{oss_v4, percent};
use chrono::{DateTime, TimeDelta};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;

use crate::error::{Error, ErrorKind, Result};
use crate::payload::Payload;
use crate::transport::Transport;
use crate::xml;

/// A client of the OSS of one region. Cheap to clone; clones share connections, the derived signing
/// key and what was learnt of the server's clock.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoint: OssEndpoint,
    credentials: SharedCredentials,
    signer: oss_v4::Signer,
    transport: Transport,
    retry: RetryPolicy,
    clock: SharedClock,
    /// OSS's clock minus ours, in seconds.
    skew: AtomicI64,
    user_agent: HeaderValue,
}

/// What a [`Client`] is made of. See [`Client::builder`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    region: Region,
    endpoint: OssEndpoint,
    credentials: Option<SharedCredentials>,
    retry: RetryPolicy,
    clock: SharedClock,
    settings: ConnectionSettings,
}

impl Builder {
    /// Where requests are signed from; required.
    pub fn with_credentials(mut self, credentials: SharedCredentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Another address than the region's public one.
    pub fn with_endpoint(mut self, endpoint: OssEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// How often and how patiently calls are repeated.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Another clock than the system's.
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Timeouts, trusted roots, user agent. Proxies are not supported by this client yet.
    pub fn with_settings(mut self, settings: ConnectionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where credentials are missing or a setting is unusable.
    pub fn build(self) -> Result<Client> {
        let credentials = self.credentials.ok_or_else(|| {
            Error::new(
                ErrorKind::Configuration,
                "build the OSS client without credentials: call `with_credentials`",
            )
        })?;
        let user_agent = HeaderValue::from_str(&self.settings.user_agent).map_err(|error| {
            Error::new(ErrorKind::Configuration, "set the user agent").with_source(error)
        })?;
        Ok(Client(Arc::new(Inner {
            signer: oss_v4::Signer::new(self.region.as_str()),
            endpoint: self.endpoint,
            credentials,
            transport: Transport::new(&self.settings)?,
            retry: self.retry,
            clock: self.clock,
            skew: AtomicI64::new(0),
            user_agent,
        })))
    }
}

/// One call, described independently of its attempts.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What is being done, for errors: a fragment that fits after "failed to".
    pub(crate) step: String,
    pub(crate) method: Method,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) query: Vec<(&'static str, Option<String>)>,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

impl Call {
    pub(crate) fn new(method: Method, step: impl Into<String>) -> Self {
        Self {
            step: step.into(),
            method,
            bucket: None,
            key: None,
            query: Vec::new(),
            headers: HeaderMap::new(),
            payload: Payload::default(),
        }
    }

    pub(crate) fn bucket(mut self, bucket: &str) -> Self {
        self.bucket = Some(bucket.to_owned());
        self
    }

    pub(crate) fn object(mut self, bucket: &str, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self.bucket(bucket)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, Some(value.into())));
        self
    }

    pub(crate) fn flag(mut self, name: &'static str) -> Self {
        self.query.push((name, None));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }
}

/// An answer that is a success, with what is known of how it was obtained.
pub(crate) struct Reply {
    pub(crate) response: Response<Incoming>,
    /// The CRC-64 of the body that was sent.
    pub(crate) sent_crc: u64,
}

/// A failure after `attempts` attempts.
pub(crate) struct GaveUp {
    pub(crate) error: Error,
    pub(crate) attempts: u32,
}

impl Client {
    /// A client for the OSS of this region, by default at its public endpoint.
    pub fn builder(region: Region) -> Builder {
        Builder {
            endpoint: OssEndpoint::public(&region),
            region,
            credentials: None,
            retry: RetryPolicy::default(),
            clock: SystemClock::shared(),
            settings: ConnectionSettings::default(),
        }
    }

    /// The endpoint it talks to.
    #[must_use]
    pub fn endpoint(&self) -> &OssEndpoint {
        &self.0.endpoint
    }

    pub(crate) fn silence(&self) -> Duration {
        self.0.transport.silence()
    }

    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.0.retry
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Sends a call that may be repeated, until it succeeds or the policy gives up.
    pub(crate) async fn execute(&self, call: &Call) -> Result<Reply> {
        self.attempt_all(call, |_| Ok(()))
            .await
            .map_err(|gave_up| gave_up.error)
    }

    /// As [`Self::execute`], with a check of each successful answer whose failure counts as the
    /// attempt's, and the number of attempts beside the error.
    pub(crate) async fn attempt_all(
        &self,
        call: &Call,
        check: impl Fn(&Reply) -> Result<()>,
    ) -> std::result::Result<Reply, GaveUp> {
        let started = self.0.clock.now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outcome = match self.attempt(call).await {
                Ok(reply) => check(&reply).map(|()| reply),
                Err(error) => Err(error),
            };
            let error = match outcome {
                Ok(reply) => {
                    if let Some(budget) = &self.0.retry.budget {
                        budget.earn();
                    }
                    return Ok(reply);
                }
                Err(error) => error,
            };
            // A second refusal after the correction is no matter of clocks.
            let cause = match error.cause() {
                Cause::ClockSkew if attempts > 1 => Cause::Permanent,
                cause => cause,
            };
            let elapsed = (self.0.clock.now() - started).to_std().unwrap_or_default();
            let failure = Failure {
                attempts,
                elapsed,
                cause,
            };
            match self.0.retry.next_delay(&failure, &RandomJitter) {
                None => return Err(GaveUp { error, attempts }),
                Some(delay) => {
                    tracing::debug!(%error, ?delay, attempts, "try again");
                    self.0.clock.sleep(delay).await;
                }
            }
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Reply> {
        let request = self.signed(call).await?;
        let progress = request.body().progress();
        let response = self.0.transport.send(&call.step, request).await?;
        if response.status().is_success() {
            return Ok(Reply {
                response,
                sent_crc: progress.crc(),
            });
        }
        let error = xml::read_error(&call.step, response, self.silence(), |date| {
            self.learn(date);
        })
        .await;
        Err(error)
    }

    /// Builds the request of one attempt, signed with the time of now.
    async fn signed(&self, call: &Call) -> Result<Request<crate::payload::SentBody>> {
        let inner = &*self.0;
        let unusable =
            |what: &str| Error::new(ErrorKind::Configuration, format!("{}: {what}", call.step));
        let identity = inner.credentials.provide().await.map_err(|error| {
            Error::new(
                ErrorKind::Credentials,
                format!("{}: obtain credentials", call.step),
            )
            .with_source(error)
        })?;
        let address = inner
            .endpoint
            .address(call.bucket.as_deref(), call.key.as_deref())
            .map_err(|error| unusable("unusable bucket or key").with_source(error))?;
        let mut target = address.path;
        for (at, (name, value)) in call.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            percent::encode_to(&mut target, name);
            if let Some(value) = value {
                target.push('=');
                percent::encode_to(&mut target, value);
            }
        }
        let uri = Uri::builder()
            .scheme(address.scheme)
            .authority(address.authority)
            .path_and_query(target)
            .build()
            .map_err(|error| unusable("unusable address").with_source(error))?;

        let query: Vec<_> = call
            .query
            .iter()
            .map(|(name, value)| (*name, value.as_deref()))
            .collect();
        let headers: Vec<_> = call
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let now = inner.clock.now() + TimeDelta::seconds(inner.skew.load(Ordering::Relaxed));
        let signed = inner.signer.sign(
            &identity.credentials,
            now,
            &oss_v4::Request {
                method: call.method.as_str(),
                bucket: call.bucket.as_deref(),
                key: call.key.as_deref(),
                query: &query,
                headers: &headers,
                additional_headers: &[],
            },
        );
        let mut request = Request::new(call.payload.body());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = call.headers.clone();
        for (name, value) in signed.iter() {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| unusable("a credential that cannot stand in a header"))?;
            value.set_sensitive(name == AUTHORIZATION.as_str() || name == "x-oss-security-token");
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        request
            .headers_mut()
            .insert(USER_AGENT, inner.user_agent.clone());
        Ok(request)
    }

    /// Takes over the server's time after it refused ours.
    fn learn(&self, date: &str) {
        if let Ok(theirs) = DateTime::parse_from_rfc2822(date) {
            let skew = (theirs.to_utc() - self.0.clock.now()).num_seconds();
            self.0.skew.store(skew, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint.to_string())
            .field("region", &self.0.signer.region())
            .finish_non_exhaustive()
    }
}
