use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// Made by running aliyun-python-sdk-core 2.16.1, alibabacloud-openapi-util 0.2.4 and
/// alibabacloud-tea-openapi 0.4.6.
const VECTORS: &str = include_str!("../../tests/vectors/rpc_v1.json");

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
    access_key_id: String,
    access_key_secret: String,
    security_token: Option<String>,
    timestamp: DateTime<Utc>,
    nonce: String,
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Expected {
    string_to_sign: String,
    signature: String,
    query: BTreeMap<String, String>,
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    map.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

#[test]
fn every_vector_of_the_official_sdks() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.cases.len(), 36);
    for Case {
        name,
        input,
        expected,
    } in vectors.cases
    {
        let (query, form) = (pairs(&input.query), pairs(&input.form));
        let all = query.iter().chain(&form).copied().collect();
        assert_eq!(
            string_to_sign(&input.method, all),
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
        let request = Request {
            method: &input.method,
            query: &query,
            form: &form,
        };
        let signed = sign(&credentials, input.timestamp, &input.nonce, &request);
        assert_eq!(signed.signature(), expected.signature, "{name}");
        for (added, value) in signed.iter() {
            assert_eq!(
                expected.query.get(added).map(String::as_str),
                Some(value),
                "{name}: {added}"
            );
        }
    }
}
