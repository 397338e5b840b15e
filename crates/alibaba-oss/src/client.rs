//! The client: settings, and the loop of sign, send, judge, repeat.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use alibaba_core::clock::{Clock, SharedClock, SystemClock};
use alibaba_core::credentials::{Identity, SharedCredentials};
use alibaba_core::retry::{Cause, Failure, RandomJitter, RetryPolicy};
use alibaba_core::{ConnectionSettings, Region};
use alibaba_sign::{oss_v4, percent};
use chrono::{DateTime, TimeDelta};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;

use crate::endpoint::{Address, OssEndpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Payload, Sent, SentBody};
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

    /// Timeouts, proxy, trusted roots, user agent. By default the proxy is what the conventional
    /// environment variables say.
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
    pub(crate) query: Vec<(Cow<'static, str>, Option<String>)>,
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

    pub(crate) fn query(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.query.push((name.into(), Some(value.into())));
        self
    }

    pub(crate) fn flag(mut self, name: &'static str) -> Self {
        self.query.push((name.into(), None));
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

    /// Adds the caller's headers.
    pub(crate) fn headers<'h>(
        mut self,
        headers: impl IntoIterator<Item = &'h (String, String)>,
    ) -> Result<Self> {
        for (name, value) in headers {
            let (name, value) = crate::operations::header(&self.step, name, value)?;
            self.headers.insert(name, value);
        }
        Ok(self)
    }

    pub(crate) fn forbid_overwrite(self, forbid: bool) -> Self {
        if forbid {
            self.header("x-oss-forbid-overwrite", HeaderValue::from_static("true"))
        } else {
            self
        }
    }

    /// The call as the signer wants it.
    pub(crate) fn with_request<T>(&self, sign: impl FnOnce(&oss_v4::Request<'_>) -> T) -> T {
        let query: Vec<_> = self
            .query
            .iter()
            .map(|(name, value)| (&**name, value.as_deref()))
            .collect();
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        sign(&oss_v4::Request {
            method: self.method.as_str(),
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
            query: &query,
            headers: &headers,
            additional_headers: &[],
        })
    }

    /// That the answer is not what OSS documents.
    pub(crate) fn misread(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Response, format!("{}: read {what}", self.step))
    }

    pub(crate) fn unusable(&self, what: &str) -> Error {
        Error::new(ErrorKind::Configuration, format!("{}: {what}", self.step))
    }
}

/// An answer that is a success, with what is known of how it was obtained.
pub(crate) struct Reply {
    pub(crate) response: Response<Incoming>,
    /// The CRC-64 and the length of the body that was sent.
    pub(crate) sent_crc: u64,
    pub(crate) sent_len: u64,
    /// How many attempts it took; those before may have been carried out too.
    pub(crate) attempts: u32,
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
        self.attempt_all(call, |reply| std::future::ready(Ok(reply)))
            .await
            .map_err(|gave_up| gave_up.error)
    }

    /// As [`Self::execute`]. What is made of each successful answer belongs to the attempt: where
    /// that fails, the attempt failed. Beside the error stands the number of attempts.
    pub(crate) async fn attempt_all<T, F>(
        &self,
        call: &Call,
        finish: impl Fn(Reply) -> F,
    ) -> std::result::Result<T, GaveUp>
    where
        F: Future<Output = Result<T>>,
    {
        let started = self.0.clock.now();
        let mut attempts = 0;
        let mut refreshed = false;
        let mut corrected = false;
        loop {
            attempts += 1;
            let body = call.payload.body();
            let sent = body.sent();
            let identity = self.identity(&call.step).await;
            let outcome = match &identity {
                Ok(identity) => self.attempt(call, identity, body, &sent).await,
                Err(_) => Err(Error::new(
                    ErrorKind::Credentials,
                    format!("{}: obtain credentials", call.step),
                )),
            };
            let outcome = match (outcome, identity) {
                (Ok(reply), _) => finish(Reply { attempts, ..reply }).await,
                (Err(_), Err(no_identity)) => Err(no_identity),
                (Err(error), Ok(identity)) => {
                    if !refreshed
                        && call.payload.is_repeatable()
                        && self.has_fresher_identity(&error, &identity).await
                    {
                        refreshed = true;
                        call.payload.take_back(sent.bytes());
                        continue;
                    }
                    Err(error)
                }
            };
            let error = match outcome {
                Ok(done) => {
                    if let Some(budget) = &self.0.retry.budget {
                        budget.earn();
                    }
                    return Ok(done);
                }
                Err(error) => error,
            };
            call.payload.take_back(sent.bytes());
            // A second refusal after the correction is no matter of clocks.
            let cause = match error.cause() {
                Cause::ClockSkew { .. } if corrected => Cause::Permanent,
                _ if !call.payload.is_repeatable() => Cause::Permanent,
                cause => cause,
            };
            corrected |= matches!(cause, Cause::ClockSkew { .. });
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

    async fn attempt(
        &self,
        call: &Call,
        identity: &Identity,
        body: SentBody,
        sent: &Sent,
    ) -> Result<Reply> {
        let request = self.signed(call, identity, body)?;
        let response = self.0.transport.send(&call.step, request, sent).await?;
        if response.status().is_success() {
            return Ok(Reply {
                response,
                sent_crc: sent.crc(),
                sent_len: sent.bytes(),
                attempts: 1,
            });
        }
        let error = xml::read_error(&call.step, response, self.silence(), |date| {
            self.learn(date);
        })
        .await;
        Err(error)
    }

    pub(crate) async fn identity(&self, step: &str) -> Result<Arc<Identity>> {
        self.0.credentials.provide().await.map_err(|error| {
            Error::new(
                ErrorKind::Credentials,
                format!("{step}: obtain credentials"),
            )
            .with_source(error)
        })
    }

    /// After a refused token: whether the source of credentials has others by now. A token may
    /// end while a long transfer is under way, and sooner than it said.
    async fn has_fresher_identity(&self, error: &Error, refused: &Identity) -> bool {
        let expired = error.kind() == ErrorKind::Credentials
            && error.service_code() != Some("SignatureDoesNotMatch");
        if !expired {
            return false;
        }
        self.0.credentials.invalidate(refused);
        let Ok(fresh) = self.0.credentials.provide().await else {
            return false;
        };
        let (fresh, refused) = (&fresh.credentials, &refused.credentials);
        let token = |credentials: &alibaba_core::Credentials| {
            let token = credentials.security_token.as_ref();
            token.map(|token| token.expose().to_owned())
        };
        fresh.access_key_id != refused.access_key_id || token(fresh) != token(refused)
    }

    /// OSS's time, as far as it is known.
    pub(crate) fn service_time(&self) -> DateTime<chrono::Utc> {
        self.0.clock.now() + TimeDelta::seconds(self.0.skew.load(Ordering::Relaxed))
    }

    pub(crate) fn signer(&self) -> &oss_v4::Signer {
        &self.0.signer
    }

    /// Where a call goes, without its query.
    pub(crate) fn address(&self, call: &Call) -> Result<Address> {
        self.0
            .endpoint
            .address(call.bucket.as_deref(), call.key.as_deref())
            .map_err(|error| call.unusable("unusable bucket or key").with_source(error))
    }

    /// Builds the request of one attempt, signed with the time of now.
    fn signed(
        &self,
        call: &Call,
        identity: &Identity,
        body: SentBody,
    ) -> Result<Request<SentBody>> {
        let address = self.address(call)?;
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
            .map_err(|error| call.unusable("unusable address").with_source(error))?;
        let signed = call.with_request(|request| {
            self.0
                .signer
                .sign(&identity.credentials, self.service_time(), request)
        });
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = call.headers.clone();
        for (name, value) in signed.iter() {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| call.unusable("a credential that cannot stand in a header"))?;
            value.set_sensitive(name == AUTHORIZATION.as_str() || name == "x-oss-security-token");
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.0.user_agent.clone());
        // hyper leaves the length of an empty body out, and OSS refuses a put without one with
        // 411 MissingContentLength.
        if call.payload.size() == Some(0) && matches!(call.method, Method::PUT | Method::POST) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
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
