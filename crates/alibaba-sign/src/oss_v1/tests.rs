use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use serde::Deserialize;

use super::string_to_sign::string_to_sign;
use super::*;
use crate::damage::alter;
use crate::time::HttpDate;
use crate::vectors::{self, Keys, TOLERANCE, check_verifier, mismatch};
use crate::{Credentials, Secret, percent};

/// Made by running oss2 2.19.1 and alibabacloud-oss-v2 1.4.1 (Python).
const VECTORS: &str = include_str!("../../tests/vectors/oss_v1.json");

type Case = vectors::Case<Input, Expected>;

#[derive(Deserialize)]
struct Input {
    mode: String,
    #[serde(default)]
    method: String,
    bucket: Option<String>,
    key: Option<String>,
    #[serde(default)]
    query: Vec<(String, Option<String>)>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(flatten)]
    keys: Keys,
    #[serde(default)]
    unix_time: i64,
    policy: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    string_to_sign: String,
    signature: String,
    authorization: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    url: Option<String>,
    expires: Option<i64>,
    form: Option<BTreeMap<String, String>>,
}

impl Input {
    fn now(&self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp(self.unix_time, 0).unwrap()
    }

    fn with_request<T>(&self, run: impl FnOnce(&Request<'_>) -> T) -> T {
        run(&Request {
            method: &self.method,
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
            query: &vectors::optional(&self.query),
            headers: &vectors::bytes(&self.headers),
        })
    }
}

fn cases(mode: &str) -> Vec<Case> {
    let cases: Vec<_> = vectors::cases(VECTORS, 50)
        .into_iter()
        .filter(|case: &Case| case.input.mode == mode)
        .collect();
    assert!(!cases.is_empty(), "no vector of mode {mode}");
    cases
}

/// What a verifier sees: the caller's headers, with the signer's own in place of any of their name.
fn travelled<'a>(
    callers: &[(&'a str, &'a [u8])],
    signed: &'a SignedHeaders,
) -> Vec<(&'a str, &'a [u8])> {
    let mut headers: Vec<(&str, &[u8])> = callers.to_vec();
    for (name, value) in signed.iter() {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        headers.push((name, value.as_bytes()));
    }
    headers
}

#[test]
fn headers_are_signed_as_the_official_sdks_do() {
    for Case {
        name,
        input,
        expected,
    } in cases("header")
    {
        input.with_request(|request| {
            let signed = sign(&input.keys.credentials(), input.now(), request);
            assert_eq!(
                signed.authorization(),
                expected.authorization.unwrap(),
                "{name}"
            );
            let seen = travelled(request.headers, &signed);
            let lower: BTreeMap<String, String> = seen
                .iter()
                .map(|(n, v)| {
                    (
                        n.to_ascii_lowercase(),
                        String::from_utf8(v.to_vec()).unwrap(),
                    )
                })
                .collect();
            assert_eq!(lower, expected.headers.unwrap(), "{name}");

            let date = lower.get("x-oss-date").unwrap_or(&lower["date"]);
            let seen = Request {
                headers: &seen,
                ..*request
            };
            let text = string_to_sign(
                &seen,
                date,
                seen.query.iter().copied(),
                seen.headers.iter().copied(),
            );
            assert_eq!(
                String::from_utf8(text).unwrap(),
                expected.string_to_sign,
                "{name}"
            );

            let claim = Claim::from_headers(signed.authorization(), date).unwrap();
            assert_eq!(claim.access_key_id, input.keys.access_key_id, "{name}");
            let secret = input.keys.secret();
            let (string_to_sign, _) = check_verifier(&name, &secret, |secret, late| {
                let now = input.now() + Duration::from_secs(late);
                claim.verify(secret, now, TOLERANCE, &seen)
            });
            assert_eq!(string_to_sign, expected.string_to_sign, "{name}");
        });
    }
}

#[test]
fn urls_are_signed_as_the_official_sdks_do() {
    for Case {
        name,
        input,
        expected,
    } in cases("query")
    {
        input.with_request(|request| {
            let end = DateTime::from_timestamp(expected.expires.unwrap(), 0).unwrap();
            let presigned = presign(&input.keys.credentials(), end, request);
            let (_, theirs) = expected.url.as_deref().unwrap().split_once('?').unwrap();
            assert_eq!(
                sorted(pairs(presigned.as_str())),
                sorted(pairs(theirs)),
                "{name}"
            );

            let seen = pairs(presigned.as_str());
            let seen: Vec<_> = seen
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_deref()))
                .collect();
            let claim = Claim::from_query(&seen).unwrap();
            assert_eq!(claim.validity, Validity::Until(end), "{name}");
            let seen = Request {
                query: &seen,
                ..*request
            };
            let secret = input.keys.secret();
            assert_eq!(
                claim.verify(&secret, end, TOLERANCE, &seen),
                Ok(()),
                "{name}"
            );
            let late = end + Duration::from_secs(1);
            assert_eq!(
                claim.verify(&secret, late, TOLERANCE, &seen),
                Err(VerifyError::Expired(end)),
                "{name}"
            );
            let another = claim.verify(&Secret::new("another"), end, TOLERANCE, &seen);
            let (string_to_sign, _) = mismatch(&name, another);
            assert_eq!(string_to_sign, expected.string_to_sign, "{name}");
        });
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
        let fields = sign_post_policy(&input.keys.credentials(), input.policy.as_deref().unwrap());
        let ours: BTreeMap<_, _> = fields
            .iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        assert_eq!(expected.form.unwrap(), ours, "{name}");
        assert_eq!(ours["policy"], expected.string_to_sign, "{name}");
        assert_eq!(ours["Signature"], expected.signature, "{name}");

        let secret = input.keys.secret();
        assert_eq!(
            verify_post_policy(&secret, &ours["policy"], &ours["Signature"]),
            Ok(())
        );
        let other = ours["policy"].replacen('e', "f", 1);
        assert!(matches!(
            verify_post_policy(&secret, &other, &ours["Signature"]),
            Err(VerifyError::Mismatch { .. })
        ));
    }
}

#[test]
fn claims_in_another_form_are_refused() {
    let date = "Thu, 15 Jan 2026 08:30:00 GMT";
    let part = |authorization, date| match Claim::from_headers(authorization, date) {
        Err(VerifyError::Malformed { part }) => part,
        other => panic!("{authorization}, {date}: {other:?}"),
    };
    let good = "OSS id:1aQZux8inu/uHTC/3UiwxwpKjFk=";
    assert!(Claim::from_headers(good, date).is_ok());
    for other in [
        "",
        "OSS",
        "OSS ",
        "OSS id",
        "OSS :1aQZux8inu/uHTC/3UiwxwpKjFk=",
        "OSS2 id:x",
        "oss id:x",
    ] {
        assert_eq!(part(other, date), "authorization");
    }
    for other in [
        "OSS id:",
        "OSS id:AAAA",
        "OSS id:1aQZux8inu/uHTC/3UiwxwpKjF",
        "OSS id:中",
    ] {
        assert_eq!(part(other, date), "signature");
    }
    for other in [
        "",
        "2026-01-15T08:30:00Z",
        "Fri, 15 Jan 2026 08:30:00 GMT",
        "Thu, 15 Jan 2026 8:30:00 GMT",
    ] {
        assert_eq!(part(good, other), "date");
    }
    let query = |expires| {
        Claim::from_query(&[
            ("OSSAccessKeyId", Some("id")),
            ("Expires", Some(expires)),
            ("Signature", Some("1aQZux8inu/uHTC/3UiwxwpKjFk=")),
        ])
    };
    assert!(query("1768469400").is_ok());
    for expires in ["", "soon", "99999999999999999999"] {
        assert!(query(expires).is_err(), "{expires}");
    }
}

#[test]
fn a_date_that_oss_would_not_read_proves_nothing() {
    let credentials = Credentials::new("id", "secret");
    let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
    let headers: [(&str, &[u8]); 1] = [("x-oss-date", b"Wed, 14 Jan 2026 08:30:00 GMT")];
    let request = Request {
        headers: &headers,
        ..Request::new("GET")
    };
    let signed = sign(&credentials, now, &request);
    let claim = Claim::from_headers(signed.authorization(), HttpDate::new(now).as_str()).unwrap();
    assert_eq!(
        claim.verify(&credentials.access_key_secret, now, TOLERANCE, &request),
        Err(VerifyError::Malformed { part: "x-oss-date" })
    );
}

#[test]
fn stale_parameters_are_dropped() {
    let credentials = Credentials::new("id", "secret");
    let end = DateTime::from_timestamp(1_768_469_400, 0).unwrap();
    let fresh = presign(&credentials, end, &Request::new("GET"));
    let query = [
        ("Signature", Some("old")),
        ("Expires", Some("1")),
        ("OSSAccessKeyId", Some("old")),
        ("security-token", Some("old")),
    ];
    let request = Request {
        query: &query,
        ..Request::new("GET")
    };
    assert_eq!(
        presign(&credentials, end, &request).as_str(),
        fresh.as_str()
    );
}

#[test]
fn neither_secret_nor_token_shows() {
    let credentials = Credentials::new("id", "hunter2").with_security_token("t0k3n");
    let request = Request::new("GET");
    let now = DateTime::UNIX_EPOCH;
    let (signed, url) = (
        sign(&credentials, now, &request),
        presign(&credentials, now, &request),
    );
    let form = sign_post_policy(&credentials, "{}");
    let shown = format!("{signed:?} {url:?} {form:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("t0k3n"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn any_altered_byte_of_what_is_signed_is_caught(
        key in "[a-z/.* ~%+?&=\u{4e2d}]{1,20}",
        value in "[!-~]{1,20}",
        meta in "[!-~]([ -~]{0,18}[!-~])?",
        token in prop::option::of("[!-~]{1,20}"),
        at in any::<prop::sample::Index>(),
        which in 0..8_usize,
    ) {
        let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
        let mut credentials = Credentials::new("id", "secret");
        if let Some(token) = &token {
            credentials = credentials.with_security_token(token.as_str());
        }
        let query = [("versionId", Some(value.as_str())), ("prefix", Some("free"))];
        let headers: [(&str, &[u8]); 3] =
            [("X-Oss-Meta-a", meta.as_bytes()), ("Content-Type", b"text/plain"), ("Range", b"bytes=0-1")];
        let request = Request {
            method: "GET", bucket: Some("b-1"), key: Some(&key), query: &query, headers: &headers,
        };
        let signed = sign(&credentials, now, &request);
        let own: Vec<_> = signed.iter().map(|(n, v)| (n, v.as_bytes())).collect();
        let verify_as = |request: &Request<'_>, own: &[(&str, &[u8])], date: &str| {
            let mut seen = request.headers.to_vec();
            seen.extend(own);
            Claim::from_headers(signed.authorization(), date)?.verify(
                &credentials.access_key_secret, now, TOLERANCE, &Request { headers: &seen, ..*request },
            )
        };
        let date = HttpDate::new(now);
        let date = date.as_str();
        let verify = |request: &Request<'_>| verify_as(request, &own, date);
        prop_assert_eq!(verify(&request), Ok(()));
        // What the documentation lists as unsigned.
        prop_assert_eq!(verify(&Request { query: &query[..1], headers: &headers[..2], ..request }), Ok(()));

        let altered = match which {
            0 => verify(&Request { key: Some(&alter(&key, at)), ..request }),
            1 => verify(&Request { bucket: Some(&alter("b-1", at)), ..request }),
            2 => verify(&Request { query: &[("versionId", Some(&alter(&value, at)))], ..request }),
            3 => verify(&Request { query: &[(&alter("versionId", at), Some(&value))], ..request }),
            4 => {
                let meta = alter(&meta, at);
                verify(&Request { headers: &[("x-oss-meta-a", meta.as_bytes()), headers[1]], ..request })
            }
            5 => verify(&Request { headers: &[headers[0], ("content-type", b"text/html")], ..request }),
            6 => verify_as(&request, &own, HttpDate::new(now + Duration::from_secs(1)).as_str()),
            _ => verify(&Request { method: "PUT", ..request }),
        };
        prop_assert!(matches!(altered, Err(VerifyError::Mismatch { .. })), "{:?}", altered);

        if let Some(token) = &token {
            let token = alter(token, at);
            let own: Vec<_> = own.iter()
                .map(|&(n, v)| (n, if n == "x-oss-security-token" { token.as_bytes() } else { v }))
                .collect();
            let altered = verify_as(&request, &own, date);
            prop_assert!(matches!(altered, Err(VerifyError::Mismatch { .. })), "{:?}", altered);
        }
        // The signature itself; its last digits hold bits that base64 does not use.
        let id_length = SCHEME.len() + 1 + "id:".len();
        let (head, signature) = signed.authorization().split_at(id_length);
        let forged = format!("{head}{}=", alter(&signature[..27], at));
        let forged = Claim::from_headers(&forged, date).and_then(|claim| claim.verify(
            &credentials.access_key_secret, now, TOLERANCE, &request,
        ));
        prop_assert!(forged.is_err());
    }

    #[test]
    fn any_altered_byte_of_a_url_is_caught(
        key in "[a-z/.* ~%+?&=\u{4e2d}]{1,20}",
        value in "[!-~\u{4e2d}]{1,20}",
        token in prop::option::of("[!-~]{1,20}"),
        at in any::<prop::sample::Index>(),
    ) {
        let end = DateTime::from_timestamp(1_768_469_400, 0).unwrap();
        let mut credentials = Credentials::new("id", "secret");
        if let Some(token) = &token {
            credentials = credentials.with_security_token(token.as_str());
        }
        let query = [("response-content-type", Some(value.as_str())), ("acl", None)];
        let request = Request { bucket: Some("b-1"), key: Some(&key), query: &query, ..Request::new("GET") };
        let presigned = presign(&credentials, end, &request);
        let verify = |query: &str| {
            let seen = pairs(query);
            let seen: Vec<_> = seen.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
            Claim::from_query(&seen)?.verify(
                &credentials.access_key_secret, end, TOLERANCE, &Request { query: &seen, ..request },
            )
        };
        prop_assert_eq!(verify(presigned.as_str()), Ok(()));

        let sent = presigned.as_str();
        let altered = alter(sent, at);
        // Whoever looks up the secret by the id finds another one.
        let same_id = altered.contains("OSSAccessKeyId=id&");
        if same_id && pairs_or_none(&altered).is_some() {
            prop_assert!(verify(&altered).is_err(), "{}", altered);
        }
    }
}

fn pairs_or_none(query: &str) -> Option<Vec<(String, Option<String>)>> {
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Some((percent::decode(name)?, Some(percent::decode(value)?))),
            None => Some((percent::decode(pair)?, None)),
        })
        .collect()
}

fn pairs(query: &str) -> Vec<(String, Option<String>)> {
    pairs_or_none(query).unwrap()
}

fn sorted(mut pairs: Vec<(String, Option<String>)>) -> Vec<(String, Option<String>)> {
    pairs.sort();
    pairs
}
