//! The loop of sign, send, judge, repeat.

use std::sync::Arc;

use alibaba_core::credentials::{CredentialsError, Identity};
use alibaba_core::retry::Cause;
use alibaba_sign::percent;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;

use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Sent, SentBody};
use crate::proof;
use crate::refusal;
use crate::safeguards;
use crate::transport;

/// A response that is a success, with what is known of how it was obtained.
pub(crate) struct Reply {
    pub(crate) response: Response<Incoming>,
    /// The CRC-64 and the length of the body that was sent.
    pub(crate) sent_crc: u64,
    pub(crate) sent_len: u64,
    /// How many attempts it took; those before may have been carried out too.
    pub(crate) attempts: u32,
}

impl Client {
    /// Sends a call that may be repeated, until it succeeds or the policy gives up.
    pub(crate) async fn execute(&self, call: &Call) -> Result<Reply> {
        self.attempt_all(call, |reply| {
            let response = &reply.response;
            let proved = proof::check(call, response.status(), response.headers());
            std::future::ready(proved.map(|()| reply))
        })
        .await
    }

    /// As [`Self::execute`]. What is made of each successful response belongs to the attempt: where
    /// that fails, the attempt failed. The error says how many attempts there were.
    pub(crate) async fn attempt_all<T, F>(
        &self,
        call: &Call,
        finish: impl Fn(Reply) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let guarded = self.guarded(call).await?;
        let call = guarded.as_ref().unwrap_or(call);
        let mut attempts = self.attempts();
        loop {
            let identity = attempts.begin_signed(self.credentials()).await;
            let identity = identity.map_err(|error| no_credentials(&call.step, error))?;
            let body = call.payload.body();
            let sent = body.sent();
            let outcome = match self.attempt(call, &identity, body, &sent).await {
                Ok(response) => {
                    let (status, headers) = (response.status(), response.headers());
                    let encrypted = safeguards::check_encryption(call, headers)
                        .map_err(|error| error.with_response(status, headers));
                    let done = finish(Reply {
                        response,
                        sent_crc: sent.crc(),
                        sent_len: sent.bytes(),
                        attempts: attempts.made(),
                    })
                    .await;
                    // What failed for another reason says so.
                    done.and_then(|done| encrypted.map(|()| done))
                }
                Err(error) => Err(error),
            };
            let error = match outcome {
                Ok(done) => {
                    attempts.succeeded();
                    return Ok(done);
                }
                Err(error) => error,
            };
            call.payload.take_back(sent.bytes());
            let cause = match error.cause() {
                _ if !call.payload.is_repeatable() => Cause::Permanent,
                cause => cause,
            };
            match attempts.failed(cause).await {
                Some(delay) => {
                    tracing::debug!(%error, ?delay, attempts = attempts.made(), "try again");
                }
                None => {
                    let host = self.address(call).ok().map(|address| address.authority);
                    return Err(error.with_attempts(host, attempts.made()));
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
    ) -> Result<Response<Incoming>> {
        let request = self.signed(call, identity, body)?;
        let response = self.transport().send(&call.step, request, sent).await?;
        if !proof::is_done(response.status()) {
            return Err(self.refused(call, response).await);
        }
        Ok(response)
    }

    /// The error that a response makes which is no success.
    async fn refused(&self, call: &Call, response: Response<Incoming>) -> Error {
        let (head, body) = response.into_parts();
        let document = match refusal::in_header(&head.headers) {
            Some(document) => document,
            None => transport::collect(&call.step, body, self.patience())
                .await
                .map(Vec::from)
                .unwrap_or_default(),
        };
        refusal::refused(call, (head.status, &head.headers, &document))
    }

    /// Whom to sign as, outside of a call.
    pub(crate) async fn identity(&self, step: &str) -> Result<Arc<Identity>> {
        let provided = self.credentials().provide().await;
        provided.map_err(|error| no_credentials(step, error))
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
        let now = self.clock().now();
        let signed = self.signer().sign(&identity.credentials, now, call);
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = call.headers.clone();
        signed.try_each(|name, value| {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| call.unusable("a credential that cannot stand in a header"))?;
            value.set_sensitive(name == AUTHORIZATION.as_str() || name == "x-oss-security-token");
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
            Ok(())
        })?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.user_agent().clone());
        // hyper leaves the length of an empty body out, and OSS refuses a put without one with
        // 411 MissingContentLength.
        if call.payload.size() == Some(0) && matches!(call.method, Method::PUT | Method::POST) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(request)
    }
}

fn no_credentials(step: &str, error: CredentialsError) -> Error {
    Error::new(
        ErrorKind::Credentials,
        format!("{step}: obtain credentials"),
    )
    .with_source(error)
}
