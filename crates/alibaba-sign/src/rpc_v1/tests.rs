use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde::Deserialize;

use super::string_to_sign::string_to_sign;
use super::*;
use crate::Credentials;
use crate::damage::alter;
use crate::vectors::{self, Keys, TOLERANCE, check_verifier};

/// Made by running aliyun-python-sdk-core 2.16.1, alibabacloud-openapi-util 0.2.4 and
/// alibabacloud-tea-openapi 0.4.6.
const VECTORS: &str = include_str!("../../tests/vectors/rpc_v1.json");

type Case = vectors::Case<Input, Expected>;

#[derive(Deserialize)]
struct Input {
    method: String,
    #[serde(flatten)]
    keys: Keys,
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
    for Case {
        name,
        input,
        expected,
    } in vectors::cases(VECTORS, 36)
    {
        let (query, form) = (pairs(&input.query), pairs(&input.form));
        let all = query.iter().chain(&form).copied().collect();
        assert_eq!(
            string_to_sign(&input.method, all),
            expected.string_to_sign,
            "{name}"
        );

        let credentials = input.keys.credentials();
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

        let travelled = pairs(&expected.query);
        let seen = Request {
            query: &travelled,
            ..request
        };
        let claim = Claim::from_request(&seen).unwrap();
        assert_eq!(claim.access_key_id, input.keys.access_key_id, "{name}");
        let secret = &credentials.access_key_secret;
        let (string_to_sign, _) = check_verifier(&name, secret, |secret, late| {
            let now = input.timestamp + Duration::from_secs(late);
            claim.verify(secret, now, TOLERANCE, &seen)
        });
        assert_eq!(string_to_sign, expected.string_to_sign, "{name}");
    }
}

#[test]
fn claims_in_another_form_are_refused() {
    let good = [
        ("AccessKeyId", "id"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("Timestamp", "2026-01-15T08:30:00Z"),
        ("Signature", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
    ];
    let read = |query: &[(&str, &str)], form: &[(&str, &str)]| {
        Claim::from_request(&Request {
            method: "POST",
            query,
            form,
        })
    };
    assert!(read(&good, &[]).is_ok());
    assert!(read(&good[2..], &good[..2]).is_ok());
    for (at, (name, _)) in good.iter().enumerate() {
        for other in ["", "HMAC-SHA256", "2026-01-15 08:30:00", "AAAA"] {
            let mut query = good;
            query[at].1 = other;
            if *name == "AccessKeyId" && !other.is_empty() {
                continue;
            }
            let Err(VerifyError::Malformed { part }) = read(&query, &[]) else {
                panic!("{name}={other} was taken");
            };
            assert_eq!(part, *name);
        }
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
    fn any_altered_byte_of_a_parameter_is_caught(
        name in "[A-Za-z.0-9]{1,10}",
        value in "[ -~\u{4e2d}]{1,20}",
        token in prop::option::of("[!-~]{1,20}"),
        at in any::<prop::sample::Index>(),
        of_name in any::<bool>(),
    ) {
        let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
        let mut credentials = Credentials::new("id", "secret");
        if let Some(token) = &token {
            credentials = credentials.with_security_token(token.as_str());
        }
        let (query, form) = ([("Action", "CreateSnapshot")], [(name.as_str(), value.as_str())]);
        let request = Request { method: "POST", query: &query, form: &form };
        let signed = sign(&credentials, now, "nonce-1", &request);
        let own = signed.iter().map(|(name, value)| -> (&str, &str) { (name, value) });
        let travelled: Vec<_> = query.iter().chain(&form).copied().chain(own).collect();
        let verify = |method: &str, query: &[(&str, &str)]| {
            let seen = Request { method, query, form: &[] };
            Claim::from_request(&seen)?.verify(&credentials.access_key_secret, now, TOLERANCE, &seen)
        };
        // In the query or in the form: not signed, as the documentation says.
        prop_assert_eq!(verify("POST", &travelled), Ok(()));
        prop_assert!(verify("GET", &travelled).is_err());
        prop_assert!(verify("POST", &travelled[1..]).is_err());

        let which = at.index(travelled.len());
        let (name, value) = travelled[which];
        let (other_name, other_value) = if of_name {
            (alter(name, at), value.to_owned())
        } else {
            (name.to_owned(), alter(value, at))
        };
        let mut altered = travelled.clone();
        altered[which] = (&other_name, &other_value);
        prop_assert!(verify("POST", &altered).is_err(), "{:?}", altered);
    }
}
