//! The JSON document that the metadata service and credentials URIs return.

use alibaba_sign::{Credentials, Secret};
use chrono::{DateTime, Utc};

use super::fields::{Fields, WrongType};
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity};

/// Reads `{"Code":"Success","AccessKeyId":…,"AccessKeySecret":…,"SecurityToken":…,"Expiration":…}`,
/// all of them required.
pub(super) fn read(provider: &'static str, body: &[u8]) -> Result<Identity, CredentialsError> {
    let fail = |kind, step: String| CredentialsError::new(kind, provider, step);
    let invalid = |problem: String| {
        let step = format!("read the response: {problem}");
        fail(CredentialsErrorKind::Invalid, step)
    };
    let document: Fields = serde_json::from_slice(body).map_err(|error| {
        fail(
            CredentialsErrorKind::Invalid,
            "read the response as JSON".to_owned(),
        )
        .with_source(json_place(&error))
    })?;
    let wrong = |wrong: WrongType| invalid(wrong.to_string());
    match document.text("Code").map_err(wrong)? {
        "Success" => {}
        code => {
            let code: String = if code.is_empty() { "none" } else { code }
                .chars()
                .take(80)
                .collect();
            let step = format!("read the response: its code is {code:?} and not `Success`");
            return Err(fail(CredentialsErrorKind::Refused, step));
        }
    }
    let required = |name: &'static str| {
        let text = document.some(name).map_err(wrong)?;
        text.ok_or_else(|| invalid(format!("`{name}` is missing")))
    };
    let credentials = Credentials::new(
        required("AccessKeyId")?,
        Secret::new(required("AccessKeySecret")?),
    )
    .with_security_token(Secret::new(required("SecurityToken")?));
    let expires_at: DateTime<Utc> = required("Expiration")?
        .parse()
        .map_err(|_| invalid("its `Expiration` is not a time".to_owned()))?;
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
