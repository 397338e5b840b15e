use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use chrono::{DateTime, Utc};
use hmac::Mac;
use proptest::prelude::*;
use serde::Deserialize;

use super::canonical::{Canonical, sha256};
use super::*;
use crate::damage::alter;
use crate::hex::Hex32;
use crate::vectors::{self, Keys, TOLERANCE, check_verifier};
use crate::{Credentials, Secret};

/// Made by running alibabacloud-openapi-util 0.2.4 and alibabacloud-tea-openapi 0.4.6 (Python).
const VECTORS: &str = include_str!("../../tests/vectors/acs3.json");

type Case = vectors::Case<Input, Expected>;

#[derive(Deserialize)]
struct Input {
    method: String,
    pathname: String,
    query: BTreeMap<String, Option<String>>,
    headers: Vec<(String, String)>,
    body: Body,
    #[serde(flatten)]
    keys: Keys,
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

impl Input {
    fn body(&self) -> Vec<u8> {
        match (&self.body.text, &self.body.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (_, Some(text)) => base64::prelude::BASE64_STANDARD.decode(text).unwrap(),
            _ => Vec::new(),
        }
    }
}

#[test]
fn every_vector_of_the_official_sdks() {
    for Case {
        name,
        input,
        expected,
    } in vectors::cases(VECTORS, 42)
    {
        let body = input.body();
        let query: Vec<_> = input
            .query
            .iter()
            .filter_map(|(k, v)| Some((k.as_str(), v.as_deref()?)))
            .collect();
        let headers = vectors::bytes(&input.headers);
        let request = Request {
            method: &input.method,
            path: &input.pathname,
            query: &query,
            headers: &headers,
            // The official client signs these two as well.
            additional_headers: &["accept", "user-agent"],
            body: &body,
        };

        let hash = sha256(&body);
        assert_eq!(hash.as_str(), expected.hashed_payload, "{name}");
        let every = |_: &str| true;
        let canonical = Canonical::new(&request, hash.as_str(), headers.iter().copied(), every);
        assert_eq!(
            String::from_utf8_lossy(&canonical.bytes),
            expected.canonical_request,
            "{name}"
        );
        let to_sign = canonical.string_to_sign();
        assert_eq!(to_sign.to_string(), expected.string_to_sign, "{name}");
        let credentials = input.keys.credentials();
        let mac = to_sign.keyed(&credentials.access_key_secret).finalize();
        let signature = Hex32::new(&mac.into_bytes().into());
        assert_eq!(signature.as_str(), expected.signature, "{name}");

        let date = vectors::header(&input.headers, "x-acs-date");
        let now: DateTime<Utc> = date.parse().unwrap();
        let nonce = vectors::header(&input.headers, "x-acs-signature-nonce");
        let signed = sign(&credentials, now, nonce, &request);
        assert_eq!(signed.authorization(), expected.authorization, "{name}");
        for (added, value) in signed.iter().filter(|(added, _)| *added != "authorization") {
            let recorded = vectors::header(&input.headers, added);
            assert_eq!(value, recorded, "{name}: {added}");
        }

        let claim = Claim::from_headers(&expected.authorization, date).unwrap();
        assert_eq!(claim.access_key_id, input.keys.access_key_id, "{name}");
        let secret = &credentials.access_key_secret;
        let (string_to_sign, canonical_request) = check_verifier(&name, secret, |secret, late| {
            let now = now + Duration::from_secs(late);
            claim.verify(secret, now, TOLERANCE, &request)
        });
        assert_eq!(string_to_sign, expected.string_to_sign, "{name}");
        assert_eq!(canonical_request, expected.canonical_request, "{name}");
    }
}

/// The worked example of Alibaba Cloud's documentation ("Request syntax and signature method V3").
#[test]
fn the_example_of_the_documentation() {
    let request = Request {
        query: &[
            (
                "ImageId",
                "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            ),
            ("RegionId", "cn-shanghai"),
        ],
        headers: &[
            ("host", b"ecs.cn-shanghai.aliyuncs.com"),
            ("x-acs-action", b"RunInstances"),
            ("x-acs-version", b"2014-05-26"),
        ],
        ..Request::new("POST")
    };
    let now = "2023-10-26T10:22:32Z".parse().unwrap();
    let credentials = Credentials::new("YourAccessKeyId", "YourAccessKeySecret");
    let signed = sign(
        &credentials,
        now,
        "3156853299f313e23d1673dc12e1703d",
        &request,
    );
    let (_, signature) = signed.authorization().split_once("Signature=").unwrap();
    assert_eq!(
        signature,
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    );
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

#[test]
fn claims_in_another_form_are_refused() {
    let date = "2026-01-15T08:30:00Z";
    let hash = sha256(b"");
    let hash = hash.as_str();
    let good = format!("ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host,Signature={hash}");
    assert!(Claim::from_headers(&good, date).is_ok());
    let spaced = format!("ACS3-HMAC-SHA256 Signature={hash}, SignedHeaders=Host, Credential=id");
    assert!(Claim::from_headers(&spaced, date).is_ok());
    for other in [
        String::new(),
        "ACS3-HMAC-SHA256".to_owned(),
        "ACS3-HMAC-SHA256 ".to_owned(),
        good.replace("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"),
        good.replace("Credential=id,", ""),
        good.replace("Credential=id", "Credential="),
        good.replace("SignedHeaders=host,", ""),
        good.replace(hash, &hash[1..]),
        good.replace(hash, "中"),
        format!("{good},More=1"),
    ] {
        assert!(
            matches!(
                Claim::from_headers(&other, date),
                Err(VerifyError::Malformed { .. })
            ),
            "{other}"
        );
    }
    for other in [
        "",
        "20260115T083000Z",
        "2026-01-15T08:30:00",
        "2026-13-15T08:30:00Z",
    ] {
        assert_eq!(
            Claim::from_headers(&good, other).unwrap_err(),
            VerifyError::Malformed { part: "x-acs-date" }
        );
    }
}

/// A signed request as it travelled, for a test to damage.
struct Travelled {
    authorization: String,
    date: String,
    headers: Vec<(String, Vec<u8>)>,
}

impl Travelled {
    fn new(credentials: &Credentials, now: DateTime<Utc>, request: &Request<'_>) -> Self {
        let signed = sign(credentials, now, "nonce-1", request);
        let callers = request.headers.iter().copied();
        let own = signed.iter().map(|(name, value)| (name, value.as_bytes()));
        Self {
            authorization: signed.authorization().to_owned(),
            date: "2026-01-15T08:30:00Z".to_owned(),
            headers: callers
                .chain(own)
                .map(|(name, value)| (name.to_owned(), value.to_vec()))
                .collect(),
        }
    }

    fn verify(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
        request: &Request<'_>,
    ) -> Result<(), VerifyError> {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let request = Request {
            headers: &headers,
            ..*request
        };
        Claim::from_headers(&self.authorization, &self.date)?
            .verify(secret, now, TOLERANCE, &request)
    }
}

#[test]
fn what_differs_is_named() {
    let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
    let credentials = Credentials::new("id", "secret");
    let secret = &credentials.access_key_secret;
    let request = Request {
        headers: &[("Host", b"h"), ("Content-Type", b"text/plain")],
        body: b"body",
        ..Request::new("POST")
    };
    let good = || Travelled::new(&credentials, now, &request);
    assert_eq!(good().verify(secret, now, &request), Ok(()));

    let other_body = Request {
        body: b"bodY",
        ..request
    };
    assert_eq!(
        good().verify(secret, now, &other_body),
        Err(VerifyError::Payload)
    );

    let mut stripped = good();
    stripped.headers.retain(|(name, _)| name != "Content-Type");
    assert_eq!(
        stripped.verify(secret, now, &request),
        Err(VerifyError::Absent("content-type".to_owned()))
    );

    let mut added = good();
    added
        .headers
        .push(("X-Acs-Parent-Id".to_owned(), b"1".to_vec()));
    assert_eq!(
        added.verify(secret, now, &request),
        Err(VerifyError::Unsigned("x-acs-parent-id".to_owned()))
    );

    let mut hostless = good();
    hostless.authorization = hostless.authorization.replace("host;", "");
    assert_eq!(
        hostless.verify(secret, now, &request),
        Err(VerifyError::Unsigned("host".to_owned()))
    );

    let mut dated = good();
    dated.date = "2026-01-15T08:31:00Z".to_owned();
    assert_eq!(
        dated.verify(secret, now, &request),
        Err(VerifyError::Malformed { part: "x-acs-date" })
    );
}

proptest! {
    #[test]
    fn any_altered_byte_of_what_is_signed_is_caught(
        path in "/[a-z/.%A-F0-9]{0,20}",
        name in "[A-Za-z.0-9]{1,10}",
        value in "[ -~\u{4e2d}]{1,20}",
        more in "[ -~]{0,20}",
        body in prop::collection::vec(any::<u8>(), 0..40),
        token in prop::option::of("[!-~]{1,20}"),
        at in any::<prop::sample::Index>(),
        which in 0..7_usize,
    ) {
        let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
        let mut credentials = Credentials::new("id", "secret");
        if let Some(token) = &token {
            credentials = credentials.with_security_token(token.as_str());
        }
        let secret = &credentials.access_key_secret;
        let (query, lesser) = ([("Z", "1"), (name.as_str(), value.as_str())], [("Z", "1")]);
        let headers: [(&str, &[u8]); 4] = [
            ("X-Acs-Action", b"DescribeSnapshots"), ("Host", b"ecs.cn-hangzhou.aliyuncs.com"),
            ("X-More", more.as_bytes()), ("Accept", b"*/*"),
        ];
        let request = Request {
            method: "POST", path: &path, query: &query, headers: &headers,
            additional_headers: &["x-more"], body: &body,
        };
        let sent = Travelled::new(&credentials, now, &request);
        prop_assert_eq!(sent.verify(secret, now, &request), Ok(()));
        // What the documentation lists as unsigned.
        let mut free = Travelled::new(&credentials, now, &request);
        free.headers.retain(|(name, _)| name != "Accept");
        prop_assert_eq!(free.verify(secret, now, &request), Ok(()));

        let refused = match which {
            0 => sent.verify(secret, now, &Request { method: "PUT", ..request }),
            1 => sent.verify(secret, now, &Request { path: &alter(&path, at), ..request }),
            2 => sent.verify(secret, now, &Request { query: &[query[0], (&name, &alter(&value, at))], ..request }),
            3 => sent.verify(secret, now, &Request { query: &[query[0], (&alter(&name, at), &value)], ..request }),
            4 => sent.verify(secret, now, &Request { query: &lesser, ..request }),
            5 => {
                let mut other = body.clone();
                if let Some(byte) = (!body.is_empty()).then(|| at.get_mut(&mut other)) {
                    *byte ^= 1;
                } else {
                    other.push(0);
                }
                sent.verify(secret, now, &Request { body: &other, ..request })
            }
            _ => {
                // Any byte of any signed header, the signer's own among them.
                let mut sent = Travelled::new(&credentials, now, &request);
                let mut signed: Vec<_> = sent.headers.iter_mut()
                    .filter(|(name, value)| !matches!(&**name, "authorization" | "Accept") && !value.trim_ascii().is_empty())
                    .collect();
                let value = &mut at.get_mut(&mut signed).1;
                *value = alter(std::str::from_utf8(value.trim_ascii()).unwrap(), at).into_bytes();
                sent.verify(secret, now, &request)
            }
        };
        prop_assert!(refused.is_err());

        // The claim itself.
        let mut forged = Travelled::new(&credentials, now, &request);
        let (head, signature) = forged.authorization.rsplit_once('=').unwrap();
        forged.authorization = format!("{head}={}", alter(signature, at));
        prop_assert!(forged.verify(secret, now, &request).is_err());
    }
}
