//! The JSON document that the metadata service and credentials URIs return.

use alibaba_sign::Credentials;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::identity::{CredentialsError, CredentialsErrorKind, Identity};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    code: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    expiration: Option<DateTime<Utc>>,
}

/// Reads `{"Code":"Success","AccessKeyId":…,"AccessKeySecret":…,"SecurityToken":…,"Expiration":…}`,
/// all of them required.
pub(super) fn read(provider: &'static str, body: &[u8]) -> Result<Identity, CredentialsError> {
    let fail = |kind, step: String| CredentialsError::new(kind, provider, step);
    let document: Document = serde_json::from_slice(body).map_err(|error| {
        fail(
            CredentialsErrorKind::Invalid,
            "read the response as JSON".to_owned(),
        )
        .with_source(json_place(&error))
    })?;
    match document.code.as_deref() {
        Some("Success") => {}
        code => {
            let code: String = code.unwrap_or("none").chars().take(80).collect();
            let step = format!("read the response: its code is {code:?} and not `Success`");
            return Err(fail(CredentialsErrorKind::Refused, step));
        }
    }
    let missing = |name: &str| {
        fail(
            CredentialsErrorKind::Invalid,
            format!("read the response: `{name}` is missing"),
        )
    };
    let credentials = Credentials::new(
        document
            .access_key_id
            .ok_or_else(|| missing("AccessKeyId"))?,
        document
            .access_key_secret
            .ok_or_else(|| missing("AccessKeySecret"))?,
    )
    .with_security_token(
        document
            .security_token
            .ok_or_else(|| missing("SecurityToken"))?,
    );
    let expires_at = document.expiration.ok_or_else(|| missing("Expiration"))?;
    Identity::new(provider, credentials, Some(expires_at))
}

/// Where JSON is wrong, without quoting it as serde's own text does.
pub(super) fn json_place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "an unexpected value",
        serde_json::error::Category::Eof => "an unexpected end",
        _ => "a syntax error",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}
