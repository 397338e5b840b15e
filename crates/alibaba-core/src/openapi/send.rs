//! Sending a call, attempt by attempt.

use tracing::debug;

use super::encode::{Attempt, encode};
use super::{Call, Response};
use crate::http_send::{SendError, SendErrorKind, SendOptions};
use crate::retry::{Attempts, Cause};
use crate::{Error, ErrorKind};

/// A fresh identifier of 128 random bits, for nonces and client tokens.
pub(super) fn fresh_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

pub(super) async fn send(mut call: Call) -> Result<Response, Error> {
    if let Some(error) = call.invalid.take() {
        return Err(error);
    }
    let client = call.client.clone();
    let client = &*client.0;
    let options = SendOptions {
        timeout: client.timeout,
        ..SendOptions::default()
    };

    let mut attempts = Attempts::new(&client.retry, &client.clock, client.jitter.clone());
    loop {
        let identity = match &client.credentials {
            _ if call.anonymous => {
                attempts.begin().await;
                None
            }
            Some(credentials) => {
                let identity = attempts.begin_signed(credentials).await.map_err(|error| {
                    let step = format!("sign the call `{}`", call.action);
                    Error::new(ErrorKind::Credentials, step).with_source(error)
                })?;
                Some(identity)
            }
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
            time: client.clock.now(),
            nonce: &fresh_id(),
        };
        let request = encode(&call, client, &attempt)?;

        let (error, cause) = match client.http.send(request, options).await {
            Ok(response) => match Response::read(&call.action, response) {
                Ok(answer) => {
                    attempts.succeeded();
                    return Ok(answer);
                }
                Err(refusal) => {
                    let cause = refusal.cause(call.is_idempotent());
                    let step = format!("call `{}`", call.action);
                    (Error::refused(step, refusal), cause)
                }
            },
            Err(error) => {
                let cause = if is_safe_to_repeat(&error, &call) {
                    Cause::Transient
                } else {
                    Cause::Permanent
                };
                (unanswered(&call, error), cause)
            }
        };

        let Some(delay) = attempts.failed(cause).await else {
            return Err(error);
        };
        debug!(
            action = call.action,
            attempts = attempts.made(),
            delay_ms = delay.as_millis(),
            code = error.service_code(),
            request_id = error.request_id(),
            "repeating the call"
        );
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
