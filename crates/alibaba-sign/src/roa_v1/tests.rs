use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use serde::Deserialize;

use super::string_to_sign::string_to_sign;
use super::*;
use crate::Credentials;
use crate::damage::alter;
use crate::time::HttpDate;
use crate::vectors::{self, Keys, TOLERANCE, check_verifier};

/// Made by running alibabacloud-openapi-util 0.2.4 and alibabacloud-tea-openapi 0.4.6 (Python).
const VECTORS: &str = include_str!("../../tests/vectors/roa_v1.json");

type Case = vectors::Case<Input, Expected>;

#[derive(Deserialize)]
struct Input {
    method: String,
    pathname: String,
    query: BTreeMap<String, String>,
    headers: Vec<(String, String)>,
    #[serde(flatten)]
    keys: Keys,
}

#[derive(Deserialize)]
struct Expected {
    string_to_sign: String,
    authorization: String,
}

#[test]
fn every_vector_of_the_official_sdks() {
    for Case {
        name,
        input,
        expected,
    } in vectors::cases(VECTORS, 8)
    {
        let query: Vec<_> = input
            .query
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let headers = vectors::bytes(&input.headers);
        let request = Request {
            method: &input.method,
            path: &input.pathname,
            query: &query,
            headers: &headers,
        };
        let header = |name: &str| vectors::header(&input.headers, name);
        let date = header("date");
        let text = string_to_sign(&request, date, headers.iter().copied());
        assert_eq!(
            String::from_utf8(text).unwrap(),
            expected.string_to_sign,
            "{name}"
        );

        let credentials = input.keys.credentials();
        let now = HttpDate::parse(date).unwrap();
        let signed = sign(&credentials, now, header("x-acs-signature-nonce"), &request);
        assert_eq!(signed.authorization(), expected.authorization, "{name}");
        for (added, value) in signed.iter().filter(|(added, _)| *added != "authorization") {
            assert_eq!(value, header(added), "{name}: {added}");
        }

        let claim = Claim::from_headers(&expected.authorization, date).unwrap();
        assert_eq!(claim.access_key_id, input.keys.access_key_id, "{name}");
        let secret = &credentials.access_key_secret;
        let (string_to_sign, _) = check_verifier(&name, secret, |secret, late| {
            let now = now + Duration::from_secs(late);
            claim.verify(secret, now, TOLERANCE, &request)
        });
        assert_eq!(string_to_sign, expected.string_to_sign, "{name}");
    }
}

#[test]
fn neither_secret_nor_token_shows() {
    let credentials = Credentials::new("id", "hunter2").with_security_token("t0k3n");
    let now = DateTime::UNIX_EPOCH;
    let signed = sign(&credentials, now, "n", &Request::new("GET"));
    let shown = format!("{signed:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("t0k3n"));
}

proptest! {
    #[test]
    fn any_altered_byte_of_what_is_signed_is_caught(
        path in "/[a-z/.%A-F0-9]{0,20}",
        name in "[a-z]{1,10}",
        value in "[ -~\u{4e2d}]{1,20}",
        token in prop::option::of("[!-~]{1,20}"),
        at in any::<prop::sample::Index>(),
        which in 0..6_usize,
    ) {
        let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
        let mut credentials = Credentials::new("id", "secret");
        if let Some(token) = &token {
            credentials = credentials.with_security_token(token.as_str());
        }
        let query = [(name.as_str(), value.as_str())];
        let headers: [(&str, &[u8]); 5] = [
            ("Accept", b"application/json"), ("Content-MD5", b"mZFLkyvTelC5g8XnyQrpOw=="),
            ("Content-Type", b"application/json"), ("x-acs-version", b"2015-12-15"), ("Host", b"h"),
        ];
        let request = Request { method: "POST", path: &path, query: &query, headers: &headers };
        let signed = sign(&credentials, now, "nonce-1", &request);
        let callers = headers.iter().copied();
        let own = signed.iter().map(|(name, value)| (name, value.as_bytes()));
        let travelled: Vec<(&str, &[u8])> = callers.chain(own).collect();
        let date = HttpDate::new(now);
        let verify = |request: &Request<'_>, date: &str| {
            Claim::from_headers(signed.authorization(), date)?
                .verify(&credentials.access_key_secret, now, TOLERANCE, request)
        };
        let seen = Request { headers: &travelled, ..request };
        prop_assert_eq!(verify(&seen, date.as_str()), Ok(()));
        // What the documentation lists as unsigned.
        let hostless: Vec<_> = travelled.iter().copied().filter(|(name, _)| *name != "Host").collect();
        prop_assert_eq!(verify(&Request { headers: &hostless, ..seen }, date.as_str()), Ok(()));

        let refused = match which {
            0 => verify(&Request { method: "PUT", ..seen }, date.as_str()),
            1 => verify(&Request { path: &alter(&path, at), ..seen }, date.as_str()),
            2 => verify(&Request { query: &[(&name, &alter(&value, at))], ..seen }, date.as_str()),
            3 => verify(&Request { query: &[(&alter(&name, at), &value)], ..seen }, date.as_str()),
            4 => verify(&seen, &alter(date.as_str(), at)),
            _ => {
                let mut altered = travelled.clone();
                altered.retain(|(name, _)| !matches!(*name, "Host" | "date" | "authorization"));
                let (name, value) = *at.get(&altered);
                let value = alter(std::str::from_utf8(value).unwrap(), at);
                altered.retain(|(other, _)| *other != name);
                altered.push((name, value.as_bytes()));
                verify(&Request { headers: &altered, ..seen }, date.as_str())
            }
        };
        prop_assert!(refused.is_err());
    }
}
