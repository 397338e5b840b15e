//! What a call returns.

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, ErrorKind, ServiceError};

/// A successful response.
#[derive(Clone)]
pub struct Response {
    action: String,
    request_id: Option<String>,
    headers: HeaderMap,
    body: Bytes,
}

/// Shows where it came from, not what is in it: some responses hold new keys.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("action", &self.action)
            .field("request_id", &self.request_id)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The members that every response may have. Cloud Backup reports refusals with status 200.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "RequestId", alias = "requestId", alias = "request_id")]
    request_id: Option<String>,
    #[serde(rename = "Success", alias = "success")]
    success: Option<Value>,
}

impl Response {
    /// Tells success from refusal.
    pub(super) fn read(
        action: &str,
        response: http::Response<Bytes>,
    ) -> Result<Self, Box<ServiceError>> {
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            return Err(Box::new(ServiceError::parse(
                head.status,
                &head.headers,
                &body,
            )));
        }
        let envelope: Option<Envelope> = serde_json::from_slice(&body).ok();
        let is_refusal = match envelope
            .as_ref()
            .and_then(|envelope| envelope.success.as_ref())
        {
            Some(Value::Bool(success)) => !success,
            Some(Value::String(success)) => success.eq_ignore_ascii_case("false"),
            _ => false,
        };
        if is_refusal {
            return Err(Box::new(ServiceError::parse(
                head.status,
                &head.headers,
                &body,
            )));
        }
        let header = || {
            head.headers
                .get("x-acs-request-id")?
                .to_str()
                .ok()
                .map(str::to_owned)
        };
        let request_id = envelope
            .and_then(|envelope| envelope.request_id)
            .or_else(header);
        Ok(Self {
            action: action.to_owned(),
            request_id,
            headers: head.headers,
            body,
        })
    }

    /// The id that the service gave the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The response's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as sent.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as a type.
    ///
    /// # Errors
    ///
    /// If the body does not have the type's form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let step = format!("read the response to `{}`", self.action);
            // Of serde's error only the place: its text can quote the response.
            let place = format!(
                "unexpected form at line {} column {}",
                error.line(),
                error.column()
            );
            Error::new(ErrorKind::Response, step).with_source(place)
        })
    }
}
