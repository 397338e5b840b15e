use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde::Deserialize;

use super::canonical::{canonical, string_to_sign};
use super::key::derive;
use super::*;
use crate::{Credentials, Secret, hex, percent};

/// Made by running alibabacloud-oss-v2 1.4.1 and oss2 2.19.1 (Python).
const VECTORS: &str = include_str!("../../tests/vectors/oss_v4.json");

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
    mode: String,
    #[serde(default)]
    method: String,
    bucket: Option<String>,
    key: Option<String>,
    region: String,
    product: String,
    #[serde(default)]
    query: Vec<(String, Option<String>)>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    additional_headers: Vec<String>,
    signing_time: DateTime<Utc>,
    access_key_id: String,
    access_key_secret: String,
    security_token: Option<String>,
    expires_in: Option<u64>,
    policy: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    canonical_request: Option<String>,
    string_to_sign: String,
    signing_key_hex: String,
    authorization: Option<String>,
    signature: String,
    url: Option<String>,
    form: Option<std::collections::BTreeMap<String, String>>,
}

impl Input {
    fn credentials(&self) -> Credentials {
        let credentials = Credentials::new(&*self.access_key_id, &*self.access_key_secret);
        match &self.security_token {
            Some(token) => credentials.with_security_token(token.as_str()),
            None => credentials,
        }
    }

    fn signer(&self) -> Signer {
        Signer::new(&*self.region).with_product(&*self.product)
    }
}

fn cases(mode: &str) -> Vec<Case> {
    let all: Vectors = serde_json::from_str(VECTORS).unwrap();
    let cases: Vec<_> = all
        .cases
        .into_iter()
        .filter(|case| case.input.mode == mode)
        .collect();
    assert!(!cases.is_empty(), "no vector of mode {mode}");
    cases
}

#[test]
fn headers_are_signed_as_the_official_sdks_do() {
    for Case {
        name,
        input,
        expected,
    } in cases("header")
    {
        let query: Vec<_> = input
            .query
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_deref()))
            .collect();
        let headers: Vec<_> = input
            .headers
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_bytes()))
            .collect();
        let additional: Vec<_> = input
            .additional_headers
            .iter()
            .map(String::as_str)
            .collect();
        let request = Request {
            method: &input.method,
            bucket: input.bucket.as_deref(),
            key: input.key.as_deref(),
            query: &query,
            headers: &headers,
            additional_headers: &additional,
        };
        let signer = input.signer();
        let signed = signer.sign(&input.credentials(), input.signing_time, &request);
        assert_eq!(
            signed.authorization(),
            expected.authorization.unwrap(),
            "{name}"
        );

        // What travels is what the verifier sees.
        let own: Vec<_> = signed
            .iter()
            .filter(|(n, _)| *n != "authorization")
            .collect();
        let travelled: Vec<_> = headers
            .iter()
            .copied()
            .chain(own.iter().map(|(n, v)| (*n, v.as_bytes())))
            .collect();
        let seen = Request {
            headers: &travelled,
            ..request
        };
        let form = canonical(&seen, query.iter().copied(), travelled.iter().copied());
        assert_eq!(
            String::from_utf8_lossy(&form.bytes),
            expected.canonical_request.unwrap(),
            "{name}"
        );
        let claim = Claim::from_headers(signed.authorization(), own[0].1).unwrap();
        let scope = super::sign::scope(&own[0].1[..8], &claim.region, &claim.product);
        assert_eq!(
            string_to_sign(own[0].1, &scope, &form.bytes),
            expected.string_to_sign,
            "{name}"
        );
        let secret = Secret::new(&*input.access_key_secret);
        let mut key = String::new();
        hex::push(
            &mut key,
            &derive(&secret, &own[0].1[..8], &input.region, &input.product),
        );
        assert_eq!(key, expected.signing_key_hex, "{name}");
        if input.product == "oss" {
            claim
                .verify(
                    &secret,
                    &input.region,
                    input.signing_time,
                    Duration::from_secs(900),
                    &seen,
                )
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn urls_are_presigned_as_the_official_sdks_do() {
    for Case {
        name,
        input,
        expected,
    } in cases("query")
    {
        let query: Vec<_> = input
            .query
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_deref()))
            .collect();
        let headers: Vec<_> = input
            .headers
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_bytes()))
            .collect();
        let additional: Vec<_> = input
            .additional_headers
            .iter()
            .map(String::as_str)
            .collect();
        let request = Request {
            method: &input.method,
            bucket: input.bucket.as_deref(),
            key: input.key.as_deref(),
            query: &query,
            headers: &headers,
            additional_headers: &additional,
        };
        let expires = Duration::from_secs(input.expires_in.unwrap());
        let presigned = input
            .signer()
            .presign(&input.credentials(), input.signing_time, expires, &request)
            .unwrap();
        let url = expected.url.unwrap();
        let theirs = pairs(url.split_once('?').unwrap().1);
        assert_eq!(sorted(pairs(presigned.as_str())), sorted(theirs), "{name}");
        assert!(presigned.as_str().ends_with(&expected.signature), "{name}");

        let seen = pairs(presigned.as_str());
        let seen: Vec<_> = seen
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_deref()))
            .collect();
        let claim = Claim::from_query(&seen).unwrap();
        let secret = Secret::new(&*input.access_key_secret);
        let request = Request {
            query: &seen,
            ..request
        };
        let at = |seconds: u64| input.signing_time + Duration::from_secs(seconds);
        let verify = |now| {
            claim.verify(
                &secret,
                &input.region,
                now,
                Duration::from_secs(900),
                &request,
            )
        };
        verify(at(expires.as_secs())).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            matches!(
                verify(at(expires.as_secs() + 1)),
                Err(VerifyError::Expired(_))
            ),
            "{name}"
        );
    }
}

#[test]
fn post_policies_are_signed_as_the_official_sdks_do() {
    for Case {
        name,
        input,
        expected,
    } in cases("post_policy")
    {
        let fields = input.signer().sign_post_policy(
            &input.credentials(),
            input.signing_time,
            input.policy.as_deref().unwrap(),
        );
        let ours = fields
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        assert_eq!(expected.form.unwrap(), ours, "{name}");
    }
}

#[test]
fn expiry_is_one_second_to_seven_days() {
    let signer = Signer::new("cn-hangzhou");
    let sign = |expires| {
        signer.presign(
            &Credentials::new("id", "secret"),
            DateTime::UNIX_EPOCH,
            expires,
            &Request::new("GET"),
        )
    };
    assert!(sign(Duration::ZERO).is_err());
    assert!(sign(MAX_EXPIRY + Duration::from_secs(1)).is_err());
    assert!(sign(MAX_EXPIRY).is_ok());
}

#[test]
fn a_new_secret_never_meets_an_old_key() {
    let signer = Signer::new("cn-hangzhou");
    let sign = |secret: &str| {
        let credentials = Credentials::new("id", secret);
        signer
            .sign(&credentials, DateTime::UNIX_EPOCH, &Request::new("GET"))
            .authorization()
            .to_owned()
    };
    let first = sign("one");
    // Each call drops its secret, so allocations may come back at the same address.
    for _ in 0..100 {
        assert_ne!(sign("two"), first);
        assert_eq!(sign("one"), first);
    }
}

proptest! {
    #[test]
    fn any_altered_byte_of_what_is_signed_is_caught(
        key in "[a-z/.* ~%\u{4e2d}]{1,20}",
        value in "[!-~]{1,20}",
        meta in "[!-~]{1,20}",
        at in any::<prop::sample::Index>(),
        which in 0..5_usize,
    ) {
        let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
        let credentials = Credentials::new("id", "secret");
        let signer = Signer::new("cn-hangzhou");
        let query = [("prefix", Some(value.as_str()))];
        let headers = [("x-oss-meta-a", meta.as_bytes()), ("Range", b"bytes=0-1")];
        let request = Request {
            method: "GET", bucket: Some("b-1"), key: Some(&key), query: &query,
            headers: &headers, additional_headers: &["range"],
        };
        let signed = signer.sign(&credentials, now, &request);
        let own: Vec<_> = signed.iter().collect();
        let verify = |request: &Request<'_>| {
            let mut travelled = request.headers.to_vec();
            travelled.extend(own.iter().map(|(n, v)| (*n, v.as_bytes())));
            Claim::from_headers(signed.authorization(), own[0].1)?.verify(
                &credentials.access_key_secret, "cn-hangzhou", now, Duration::from_secs(900),
                &Request { headers: &travelled, ..*request },
            )
        };
        prop_assert_eq!(verify(&request), Ok(()));

        let alter = |text: &str| {
            let at = at.index(text.chars().count());
            text.chars().enumerate().map(|(i, c)| if i == at { if c == 'q' { 'r' } else { 'q' } } else { c }).collect::<String>()
        };
        let altered = match which {
            0 => verify(&Request { key: Some(&alter(&key)), ..request }),
            1 => verify(&Request { query: &[("prefix", Some(&alter(&value)))], ..request }),
            2 => {
                let meta = alter(&meta);
                verify(&Request { headers: &[("x-oss-meta-a", meta.as_bytes()), headers[1]], ..request })
            }
            3 => verify(&Request { headers: &[headers[0], ("range", b"bytes=0-2")], ..request }),
            _ => verify(&Request { method: "PUT", ..request }),
        };
        let caught = matches!(altered, Err(VerifyError::Mismatch { .. }));
        prop_assert!(caught);
    }
}

fn pairs(query: &str) -> Vec<(String, Option<String>)> {
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (percent::decode(name).unwrap(), percent::decode(value)),
            None => (percent::decode(pair).unwrap(), None),
        })
        .collect()
}

fn sorted(mut pairs: Vec<(String, Option<String>)>) -> Vec<(String, Option<String>)> {
    pairs.sort();
    pairs
}
