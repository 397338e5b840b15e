use base64::Engine as _;
use serde::Deserialize;

use super::*;

/// Made by running alibabacloud-openapi-util 0.2.4 and alibabacloud-tea-openapi 0.4.6 (Python).
const VECTORS: &str = include_str!("../../tests/vectors/acs3.json");

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Input,
    expected: Expected,
}

#[derive(Deserialize)]
struct Input {
    method: String,
    pathname: String,
    query: BTreeMap<String, Option<String>>,
    headers: Vec<(String, String)>,
    body: Body,
    access_key_id: String,
    access_key_secret: String,
    security_token: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    text: Option<String>,
    base64: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    hashed_payload: String,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    authorization: String,
}

fn header<'a>(input: &'a Input, name: &str) -> &'a str {
    input
        .headers
        .iter()
        .find(|(n, _)| n == name)
        .map_or("", |(_, value)| value)
}

#[test]
fn every_vector_of_the_official_sdks() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.cases.len(), 42);
    for Case {
        name,
        input,
        expected,
    } in vectors.cases
    {
        let body = match (&input.body.text, &input.body.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (_, Some(text)) => base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap(),
            _ => Vec::new(),
        };
        let query: Vec<_> = input
            .query
            .iter()
            .filter_map(|(k, v)| Some((k.as_str(), v.as_deref()?)))
            .collect();
        let headers: Vec<_> = input
            .headers
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_bytes()))
            .collect();
        let request = Request {
            method: &input.method,
            path: &input.pathname,
            query: &query,
            headers: &headers,
            // The official client signs these two as well.
            additional_headers: &["accept", "user-agent"],
            body: &body,
        };

        let hash = sha256_hex(&body);
        let canonical = canonical(&request, &hash, headers.iter().copied());
        assert_eq!(hash, expected.hashed_payload, "{name}");
        assert_eq!(
            String::from_utf8_lossy(&canonical.bytes),
            expected.canonical_request,
            "{name}"
        );
        assert_eq!(
            canonical.string_to_sign(),
            expected.string_to_sign,
            "{name}"
        );

        let mut credentials = Credentials::new(
            input.access_key_id.as_str(),
            input.access_key_secret.as_str(),
        );
        if let Some(token) = &input.security_token {
            credentials = credentials.with_security_token(token.as_str());
        }
        assert_eq!(
            signature(&credentials.access_key_secret, &expected.string_to_sign),
            expected.signature
        );
        let now = header(&input, "x-acs-date").parse().unwrap();
        let signed = sign(
            &credentials,
            now,
            header(&input, "x-acs-signature-nonce"),
            &request,
        );
        assert_eq!(signed.authorization(), expected.authorization, "{name}");
        for (added, value) in signed.iter().filter(|(added, _)| *added != "authorization") {
            assert_eq!(value, header(&input, added), "{name}: {added}");
        }
    }
}

#[test]
fn neither_secret_nor_token_shows() {
    let credentials = Credentials::new("id", "hunter2").with_security_token("t0k3n");
    let signed = sign(
        &credentials,
        DateTime::UNIX_EPOCH,
        "n",
        &Request::new("GET"),
    );
    let shown = format!("{signed:?} {credentials:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("t0k3n"));
}
