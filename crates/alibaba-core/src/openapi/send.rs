//! Sending an action, attempt by attempt.

use tracing::debug;

use super::action::{Action, fresh_id};
use super::client::{Client, Inner};
use super::encode::{Attempt, encode};
use super::response::Response;
use crate::http_send::{SendError, SendErrorKind, SendOptions};
use crate::retry::{Attempts, Cause};
use crate::{Error, ErrorKind, ServiceError};

pub(super) async fn send(client: &Client, action: &Action) -> Result<Response, Error> {
    let client = &*client.0;
    let mut attempts = Attempts::new(&client.retry, &client.clock, client.context.jitter.clone());
    loop {
        let identity = match &client.credentials {
            None => {
                attempts.begin().await;
                None
            }
            Some(credentials) => {
                let identity = attempts.begin_signed(credentials).await.map_err(|error| {
                    let step = format!("sign the call `{}` of {}", action.name, client.product);
                    Error::new(ErrorKind::Credentials, step).with_source(error)
                })?;
                Some(identity)
            }
        };
        let attempt = Attempt {
            credentials: identity.as_deref().map(|identity| &identity.credentials),
            time: client.clock.now(),
            nonce: &fresh_id(),
        };
        let (error, cause) = match exchange(client, action, &attempt, attempts.made()).await {
            Ok(response) => {
                attempts.succeeded();
                return Ok(response);
            }
            Err(failure) => failure,
        };
        let Some(delay) = attempts.failed(cause).await else {
            return Err(error);
        };
        debug!(
            product = client.product.as_str(),
            action = action.name,
            attempts = attempts.made(),
            delay_ms = delay.as_millis(),
            code = error.service_code(),
            request_id = error.request_id(),
            "repeating the call"
        );
    }
}

/// One attempt. Of a failure also says what it means to the next.
async fn exchange(
    client: &Inner,
    action: &Action,
    attempt: &Attempt<'_>,
    number: u32,
) -> Result<Response, (Error, Cause)> {
    let request = encode(action, client, attempt).map_err(|error| (error, Cause::Permanent))?;
    let options = SendOptions {
        timeout: client.timeout,
        ..SendOptions::default()
    };
    let step = || {
        let (name, host) = (&action.name, client.endpoint.authority());
        let again = match number {
            1 => String::new(),
            number => format!(", attempt {number}"),
        };
        format!("call `{name}` of {} at `{host}`{again}", client.product)
    };
    match client.context.http.send(request, options).await {
        Ok(response) => Response::read(&action.name, response).map_err(|refusal| {
            let cause = refusal.cause(action.is_idempotent());
            let step = format!("{}{}", step(), remedy(client, action, &refusal));
            (Error::refused(step, refusal), cause)
        }),
        Err(error) => {
            let cause = match error.kind() {
                SendErrorKind::Connect => Cause::Transient,
                SendErrorKind::Timeout | SendErrorKind::Interrupted if action.is_idempotent() => {
                    Cause::Transient
                }
                _ => Cause::Permanent,
            };
            Err((without_response(step(), error), cause))
        }
    }
}

/// What to do where a right is missing, to follow the step: which action it is that the caller lacks.
fn remedy(client: &Inner, action: &Action, refusal: &ServiceError) -> String {
    if refusal.kind() != ErrorKind::Denied {
        return String::new();
    }
    let detail = refusal.access_denied.as_ref();
    let named = detail.and_then(|detail| detail.auth_action.clone());
    // The rule of all products that are called here: RAM's action is the API's, after the product's code.
    let missing = named.unwrap_or_else(|| format!("{}:{}", client.product, action.name));
    let denied = detail.and_then(|detail| detail.no_permission_type.as_deref());
    match denied {
        Some("ExplicitDeny") => {
            format!(": a policy denies the caller `{missing}`; change that statement")
        }
        _ => format!(": add the action `{missing}` to the caller's RAM policy"),
    }
}

fn without_response(step: String, error: SendError) -> Error {
    let kind = match error.kind() {
        SendErrorKind::Connect | SendErrorKind::Interrupted => ErrorKind::Connection,
        SendErrorKind::Timeout => ErrorKind::Timeout,
        SendErrorKind::Request => ErrorKind::Configuration,
        SendErrorKind::TooLong => ErrorKind::Response,
    };
    Error::new(kind, step).with_source(error)
}
