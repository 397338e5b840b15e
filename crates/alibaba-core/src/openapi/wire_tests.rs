use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::credentials::StaticProvider;
use crate::endpoint::Product;
use crate::testing::{OK, decoded, stage};
use crate::{Credentials, Region};

#[derive(Deserialize)]
struct Recordings {
    vectors: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    name: String,
    product: String,
    action: String,
    version: String,
    call: RecordedCall,
    wire_v3: Wire,
    wire_v2: Wire,
}

#[derive(Deserialize)]
struct RecordedCall {
    params: BTreeMap<String, Value>,
    security_token: bool,
}

#[derive(Deserialize)]
struct Wire {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
}

/// JSON texts are the same when what they say is, but for the empty lists that the Python SDK adds.
fn normal(value: &str) -> Value {
    fn without_empty(value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .filter(|(_, member)| *member != json!([]))
                    .map(|(name, member)| (name, without_empty(member)))
                    .collect(),
            ),
            Value::Array(items) => items.into_iter().map(without_empty).collect(),
            other => other,
        }
    }
    match serde_json::from_str::<Value>(value) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_))) => without_empty(parsed),
        _ if value.eq_ignore_ascii_case("true") => json!("true"),
        _ if value.eq_ignore_ascii_case("false") => json!("false"),
        _ => json!(value),
    }
}

fn normalised(parameters: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    parameters
        .iter()
        .map(|(name, value)| (name.clone(), normal(value)))
        .collect()
}

/// Requests recorded from the official Python SDKs (ecs 7.11.8, hbr 2.7.1, ram 1.3.0, sts 1.2.0),
/// whose clients decide what is JSON and what stands in the form; we send the same parameters.
#[tokio::test]
async fn calls_travel_as_the_official_sdks_send_them() {
    let recordings: Recordings =
        serde_json::from_str(include_str!("../../tests/vectors/wire.json")).unwrap();
    assert_eq!(recordings.vectors.len(), 65);
    for recording in &recordings.vectors {
        let anonymous = recording.action == "AssumeRoleWithOIDC";
        for (scheme, wire) in [
            (SignatureScheme::Acs3, &recording.wire_v3),
            (SignatureScheme::RpcV1, &recording.wire_v2),
        ] {
            let stage = stage([OK]);
            // The recordings hold the token that was used.
            let token = wire
                .headers
                .get("x-acs-security-token")
                .or_else(|| wire.query.get("SecurityToken"))
                .cloned();
            assert_eq!(
                token.is_some(),
                recording.call.security_token,
                "{}",
                recording.name
            );
            let mut credentials = Credentials::new("FAKE-ACCESS-KEY-ID", "example-secret");
            if let Some(token) = token {
                credentials = credentials.with_security_token(token);
            }
            let product =
                Product::new(recording.product.to_lowercase(), &recording.version).unwrap();
            let region = Region::CN_HANGZHOU;
            let client = if anonymous {
                Client::anonymous(&stage.context, product, region)
            } else {
                let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
                Client::builder(&stage.context, product, region, credentials)
            };
            let client = client.with_signature(scheme).build().unwrap();

            let mut call = client.call(&recording.action);
            for (name, value) in &recording.call.params {
                let in_form = wire.form.keys().any(|key| {
                    key.strip_prefix(name.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                let sent = if in_form { &wire.form } else { &wire.query };
                let as_text = sent.contains_key(name) && (value.is_object() || value.is_array());
                let value = if as_text {
                    serde_json::to_value(Json(value)).unwrap()
                } else {
                    value.clone()
                };
                call = if in_form {
                    call.form_param(name, value)
                } else {
                    call.param(name, value)
                };
            }
            call.send().await.unwrap();

            let seen = stage.seen();
            let (sent, name) = (&seen[0], format!("{} {scheme:?}", recording.name));
            assert_eq!(sent.method().as_str(), wire.method, "{name}");
            assert_eq!(sent.uri().path(), wire.path, "{name}");
            let mut query = decoded(sent.uri().query().unwrap_or_default());
            let old = scheme == SignatureScheme::RpcV1;
            for (varying, expected) in [
                ("Signature", old && !anonymous),
                ("SignatureNonce", old || anonymous),
                ("Timestamp", old || anonymous),
            ] {
                assert_eq!(
                    query.remove(varying).is_some(),
                    expected,
                    "{name}: {varying}"
                );
            }
            assert_eq!(normalised(&query), normalised(&wire.query), "{name}");
            let form = decoded(str::from_utf8(sent.body()).unwrap());
            assert_eq!(normalised(&form), normalised(&wire.form), "{name}");
            for (header, value) in &wire.headers {
                match header.as_str() {
                    "authorization" => {
                        let ours = sent.headers()[header].to_str().unwrap();
                        let begin = "ACS3-HMAC-SHA256 Credential=FAKE-ACCESS-KEY-ID,SignedHeaders=";
                        assert!(ours.starts_with(begin), "{name}");
                    }
                    // Of an empty body some of that SDK's calls still name the type.
                    "content-type" if wire.form.is_empty() => {}
                    "accept" if anonymous => {}
                    // Their form has other text for the same parameters: `+` for a space.
                    "x-acs-content-sha256" if !wire.form.is_empty() => {}
                    header => {
                        assert_eq!(
                            sent.headers()[header].to_str().unwrap(),
                            value,
                            "{name}: {header}"
                        );
                    }
                }
            }
        }
    }
}
