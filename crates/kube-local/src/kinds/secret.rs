//! Secrets and ConfigMaps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::fields::{default_to, object};
use crate::error::Cause;

/// `stringData` is written into `data` and never stored.
pub(super) fn set_defaults(secret: &mut Value) {
    let plain = secret
        .as_object_mut()
        .and_then(|map| map.remove("stringData"));
    if let Some(Value::Object(plain)) = plain {
        let data = object(secret, "data");
        for (key, text) in plain {
            data.insert(
                key,
                STANDARD.encode(text.as_str().unwrap_or_default()).into(),
            );
        }
    }
    if let Some(map) = secret.as_object_mut() {
        default_to(map, "type", "Opaque");
    }
}

pub(super) fn check(secret: &Value, causes: &mut Vec<Cause>) {
    check_keys(secret, &["data"], causes);
    let needed: &[&str] = match secret["type"].as_str() {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        Some("kubernetes.io/service-account-token") => {
            let account = &secret["metadata"]["annotations"]["kubernetes.io/service-account.name"];
            if account.as_str().is_none_or(str::is_empty) {
                causes.push(Cause::required(
                    "metadata.annotations[kubernetes.io/service-account.name]",
                    "",
                ));
            }
            &[]
        }
        _ => &[],
    };
    for key in needed {
        if secret["data"][*key].is_null() {
            causes.push(Cause::required(format!("data[{key}]"), ""));
        }
    }
}

const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' \
    (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
    '[-._a-zA-Z0-9]+')";

pub(super) fn check_keys(value: &Value, fields: &[&str], causes: &mut Vec<Cause>) {
    for field in fields {
        for key in value[*field]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
        {
            let legal = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            if key.is_empty() || key.len() > 253 || !key.chars().all(legal) {
                let at = format!("{field}[{key}]");
                causes.push(Cause::invalid(at, &key.as_str().into(), KEY));
            }
        }
    }
}

/// What `immutable: true` forbids.
pub(super) fn check_immutable(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let detail = "field is immutable when `immutable` is set";
    if new["immutable"] != true {
        causes.push(Cause::forbidden("immutable", detail));
    }
    for field in ["data", "binaryData"] {
        if old[field] != new[field] {
            causes.push(Cause::forbidden(field, detail));
        }
    }
}
