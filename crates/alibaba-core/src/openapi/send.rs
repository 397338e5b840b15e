//! Sending a call, attempt by attempt.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::DATE;
use tracing::debug;

use super::encode::{Attempt, encode};
use super::{Answer, Call};
use crate::http_send::{SendError, SendErrorKind, SendOptions};
use crate::identity::Identity;
use crate::retry::{Cause, Failure};
use crate::{Error, ErrorKind, ServiceError};

/// A fresh identifier of 128 random bits, for nonces and client tokens.
pub(super) fn fresh_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

pub(super) async fn send(mut call: Call) -> Result<Answer, Error> {
    if let Some(error) = call.invalid.take() {
        return Err(error);
    }
    let client = call.client.clone();
    let client = &*client.0;
    let options = SendOptions {
        timeout: client.timeout,
        ..SendOptions::default()
    };

    let began = client.clock.now();
    let mut remedies = Remedies::default();
    let mut attempts = 0;
    loop {
        let identity = match &client.credentials {
            _ if call.anonymous => None,
            Some(credentials) => Some(credentials.provide().await.map_err(|error| {
                let step = format!("sign the call `{}`", call.action);
                Error::new(ErrorKind::Credentials, step).with_source(error)
            })?),
            None => {
                let step = format!(
                    "sign the call `{}`: the client has no credentials",
                    call.action
                );
                return Err(Error::new(ErrorKind::Credentials, step));
            }
        };
        let attempt = Attempt {
            credentials: identity.as_deref().map(|identity| &identity.credentials),
            time: client.signing_time(),
            nonce: &fresh_id(),
        };
        let request = encode(&call, client, &attempt)?;
        attempts += 1;

        let (error, cause) = match client.http.send(request, options).await {
            Ok(response) => {
                let served_at = date(response.headers());
                match Answer::read(&call.action, response) {
                    Ok(answer) => {
                        if attempts == 1
                            && let Some(budget) = &client.retry.budget
                        {
                            budget.earn();
                        }
                        return Ok(answer);
                    }
                    Err(refusal) => {
                        if refusal.is_clock_skew()
                            && let Some(served_at) = served_at
                        {
                            client.learn_time(served_at);
                        }
                        let cause = remedies.cause_of(
                            &refusal,
                            &call,
                            identity.as_deref(),
                            served_at.is_some(),
                        );
                        if refusal.wants_other_credentials()
                            && let (Some(credentials), Some(identity)) =
                                (&client.credentials, identity.as_deref())
                        {
                            credentials.invalidate(identity);
                        }
                        (
                            Error::refused(format!("call `{}`", call.action), refusal),
                            cause,
                        )
                    }
                }
            }
            Err(error) => {
                let cause = if is_safe_to_repeat(&error, &call) {
                    Cause::Transient
                } else {
                    Cause::Permanent
                };
                (unanswered(&call, error), cause)
            }
        };

        let elapsed = (client.clock.now() - began)
            .to_std()
            .unwrap_or(Duration::ZERO);
        let failure = Failure {
            attempts,
            elapsed,
            cause,
        };
        let Some(delay) = client.retry.next_delay(&failure, &*client.jitter) else {
            return Err(error);
        };
        debug!(
            action = call.action,
            attempts,
            delay_ms = delay.as_millis(),
            code = error.service_code(),
            request_id = error.request_id(),
            "repeating the call"
        );
        if !delay.is_zero() {
            client.clock.sleep(delay).await;
        }
    }
}

/// What was already tried once in this call, and would not help a second time.
#[derive(Default)]
struct Remedies {
    time_corrected: bool,
    credentials_renewed: bool,
}

impl Remedies {
    fn cause_of(
        &mut self,
        refusal: &ServiceError,
        call: &Call,
        identity: Option<&Identity>,
        has_date: bool,
    ) -> Cause {
        if refusal.is_clock_skew() {
            let first = !std::mem::replace(&mut self.time_corrected, true);
            return if first && has_date {
                Cause::ClockSkew
            } else {
                Cause::Permanent
            };
        }
        if refusal.wants_other_credentials() {
            let first = !std::mem::replace(&mut self.credentials_renewed, true);
            // Only temporary credentials are ever renewed; a long-term key stays wrong.
            let renewable = identity.is_some_and(|it| it.credentials.security_token.is_some());
            return if first && renewable {
                Cause::Transient
            } else {
                Cause::Permanent
            };
        }
        match refusal.kind() {
            ErrorKind::Throttled => Cause::Throttled {
                retry_after: refusal.retry_after,
            },
            _ if refusal.passes_soon() => Cause::Transient,
            // The service may have failed after it acted.
            ErrorKind::Service if call.is_idempotent() => Cause::Transient,
            _ => Cause::Permanent,
        }
    }
}

fn is_safe_to_repeat(error: &SendError, call: &Call) -> bool {
    match error.kind() {
        SendErrorKind::Connect => true,
        SendErrorKind::Timeout | SendErrorKind::Interrupted => call.is_idempotent(),
        SendErrorKind::Request | SendErrorKind::TooLong => false,
    }
}

fn unanswered(call: &Call, error: SendError) -> Error {
    let kind = match error.kind() {
        SendErrorKind::Connect | SendErrorKind::Interrupted => ErrorKind::Connection,
        SendErrorKind::Timeout => ErrorKind::Timeout,
        SendErrorKind::Request => ErrorKind::Configuration,
        SendErrorKind::TooLong => ErrorKind::Response,
    };
    let step = format!("call `{}` at `{}`", call.action, call.client.endpoint());
    Error::new(kind, step).with_source(error)
}

fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.to_utc())
}
