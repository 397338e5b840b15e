//! The verifying sides of every algorithm, fed with what a stranger sends, and both sides together.
//!
//! Two things must hold: nobody is let in who does not know the secret, and whatever is signed here
//! is taken there.

use std::time::Duration;

use alibaba_sign::{
    Addressing, Credentials, Secret, VerifyError, acs3, oss_v1, oss_v4, percent, roa_v1, rpc_v1,
};
use chrono::{DateTime, Utc};

const REGION: &str = "cn-hangzhou";
const TOLERANCE: Duration = Duration::from_secs(900);

type Pair<'a> = (&'a str, Option<&'a str>);
type Header<'a> = (&'a str, &'a [u8]);

/// The time of the test vectors.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_768_465_800, 0).unwrap_or_default()
}

/// A request in lines: `Authorization`, a date, then headers as `name: value` and query parameters as
/// `?name=value`, not encoded.
pub fn authorization(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let (claim, date) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let (mut query, mut headers) = (Vec::new(), Vec::new());
    for line in lines {
        if let Some(pair) = line.strip_prefix('?') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            query.push((name, value));
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name, value.as_bytes()));
        }
    }
    strangers(claim, date, &query, &headers);
    // Other names cannot travel.
    headers.retain(|(name, _)| is_token(name));
    friends(&query, &headers);
}

/// Nobody gets in.
fn strangers(claim: &str, date: &str, query: &[(&str, &str)], headers: &[Header<'_>]) {
    let secret = &Secret::new("a secret that nobody knows");
    let pairs = optional(query);
    let refused = |result: Result<(), VerifyError>| assert!(result.is_err());

    let v4 = oss_v4::Request {
        bucket: Some("b-1"),
        key: Some("k"),
        query: &pairs,
        headers,
        ..oss_v4::Request::new("GET")
    };
    if let Ok(claim) = oss_v4::Claim::from_headers(claim, date) {
        refused(claim.verify(secret, &claim.region, claim.signed_at, TOLERANCE, &v4));
    }
    let v1 = oss_v1::Request {
        bucket: Some("b-1"),
        key: Some("k"),
        query: &pairs,
        headers,
        ..oss_v1::Request::new("GET")
    };
    if let Ok(claim) = oss_v1::Claim::from_headers(claim, date) {
        refused(claim.verify(secret, now(), Duration::MAX, &v1));
    }
    let request = acs3::Request {
        query,
        headers,
        ..acs3::Request::new("POST")
    };
    if let Ok(claim) = acs3::Claim::from_headers(claim, date) {
        refused(claim.verify(secret, claim.signed_at, TOLERANCE, &request));
    }
    let request = roa_v1::Request {
        query,
        headers,
        ..roa_v1::Request::new("GET")
    };
    if let Ok(claim) = roa_v1::Claim::from_headers(claim, date) {
        refused(claim.verify(secret, claim.signed_at, TOLERANCE, &request));
    }
    let (query, form) = query.split_at(query.len() / 2);
    let request = rpc_v1::Request {
        query,
        form,
        ..rpc_v1::Request::new("POST")
    };
    if let Ok(claim) = rpc_v1::Claim::from_request(&request) {
        refused(claim.verify(secret, claim.signed_at, TOLERANCE, &request));
    }

    let mut request = http::Request::post("https://b-1.example/k?acl")
        .header("authorization", claim)
        .header("x-oss-date", date)
        .header("x-acs-date", date);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Ok(request) = request.body("") else {
        return;
    };
    if let Ok(claim) = oss_v4::Claim::from_http(&request) {
        let (region, at) = (&claim.region, claim.signed_at);
        let bucket = Addressing::Host("b-1");
        refused(claim.verify_http(secret, region, at, TOLERANCE, bucket, &request));
    }
    if let Ok(claim) = acs3::Claim::from_http(&request) {
        refused(claim.verify_http(secret, claim.signed_at, TOLERANCE, &request));
    }
}

/// What is signed here is taken there.
fn friends(query: &[(&str, &str)], headers: &[Header<'_>]) {
    let credentials = Credentials::new("id", "secret").with_security_token("token");
    let secret = &credentials.access_key_secret;
    let pairs = optional(query);

    let v4 = oss_v4::Request {
        bucket: Some("b-1"),
        key: Some("a//./b"),
        query: &pairs,
        headers,
        additional_headers: &["range", "Host"],
        ..oss_v4::Request::new("GET")
    };
    let signed = oss_v4::Signer::new(REGION).sign(&credentials, now(), &v4);
    let own: Vec<_> = signed.iter().collect();
    let travelled = travelled(headers, &own);
    let claim = oss_v4::Claim::from_headers(signed.authorization(), own[0].1);
    let seen = oss_v4::Request {
        headers: &travelled,
        ..v4
    };
    let taken = claim.and_then(|it| it.verify(secret, REGION, now(), TOLERANCE, &seen));
    assert_eq!(taken, Ok(()));

    // OSS would read the client's own idea of the time.
    let mut plain = headers.to_vec();
    plain.retain(|(name, _)| !name.eq_ignore_ascii_case("x-oss-date"));
    let v1 = oss_v1::Request {
        bucket: Some("b-1"),
        key: Some("a//./b"),
        query: &pairs,
        headers: &plain,
        ..oss_v1::Request::new("GET")
    };
    let signed = oss_v1::sign(&credentials, now(), &v1);
    let own: Vec<_> = signed.iter().collect();
    let headers_seen = self::travelled(&plain, &own);
    let claim = oss_v1::Claim::from_headers(signed.authorization(), own[0].1);
    let seen = oss_v1::Request {
        headers: &headers_seen,
        ..v1
    };
    let taken = claim.and_then(|it| it.verify(secret, now(), TOLERANCE, &seen));
    assert_eq!(taken, Ok(()));

    let mut hosted = headers.to_vec();
    hosted.push(("host", b"ecs.cn-hangzhou.aliyuncs.com"));
    let request = acs3::Request {
        query,
        headers: &hosted,
        additional_headers: &["range"],
        body: b"body",
        ..acs3::Request::new("POST")
    };
    let signed = acs3::sign(&credentials, now(), "nonce", &request);
    let own: Vec<_> = signed.iter().collect();
    let headers_seen = self::travelled(&hosted, &own);
    let claim = acs3::Claim::from_headers(signed.authorization(), own[0].1);
    let seen = acs3::Request {
        headers: &headers_seen,
        ..request
    };
    let taken = claim.and_then(|it| it.verify(secret, now(), TOLERANCE, &seen));
    assert_eq!(taken, Ok(()));

    let request = roa_v1::Request {
        query,
        headers,
        ..roa_v1::Request::new("GET")
    };
    let signed = roa_v1::sign(&credentials, now(), "nonce", &request);
    let own: Vec<_> = signed.iter().collect();
    let headers_seen = self::travelled(headers, &own);
    let claim = roa_v1::Claim::from_headers(signed.authorization(), own[0].1);
    let seen = roa_v1::Request {
        headers: &headers_seen,
        ..request
    };
    let taken = claim.and_then(|it| it.verify(secret, now(), TOLERANCE, &seen));
    assert_eq!(taken, Ok(()));

    let request = rpc_v1::Request {
        query,
        ..rpc_v1::Request::new("GET")
    };
    let signed = rpc_v1::sign(&credentials, now(), "nonce", &request);
    let own: Vec<_> = signed.iter().collect();
    let callers = query.iter().copied();
    let callers = callers.filter(|(name, _)| own.iter().all(|(it, _)| it != name));
    let parameters: Vec<_> = callers.chain(own.iter().copied()).collect();
    let seen = rpc_v1::Request {
        query: &parameters,
        ..request
    };
    let taken = rpc_v1::Claim::from_request(&seen)
        .and_then(|claim| claim.verify(secret, now(), TOLERANCE, &seen));
    assert_eq!(taken, Ok(()));
}

/// A query as it stands in a URL, of a request to an object.
pub fn presigned_url(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let secret = &Secret::new("a secret that nobody knows");
    let refused = |result: Result<(), VerifyError>| assert!(result.is_err());
    if let Ok(request) = http::Request::get(format!("https://b-1.example/k?{text}")).body(())
        && let Ok(claim) = oss_v4::Claim::from_http(&request)
    {
        let (region, at) = (&claim.region, claim.signed_at);
        let bucket = Addressing::Host("b-1");
        refused(claim.verify_http(secret, region, at, TOLERANCE, bucket, &request));
    }
    let Some(decoded) = decoded(text) else {
        return;
    };
    let pairs: Vec<Pair<'_>> = decoded
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect();

    let v4 = oss_v4::Request {
        bucket: Some("b-1"),
        key: Some("k"),
        query: &pairs,
        ..oss_v4::Request::new("GET")
    };
    if let Ok(claim) = oss_v4::Claim::from_query(&pairs) {
        refused(claim.verify(secret, &claim.region, claim.signed_at, TOLERANCE, &v4));
    }
    let v1 = oss_v1::Request {
        bucket: Some("b-1"),
        key: Some("k"),
        query: &pairs,
        ..oss_v1::Request::new("GET")
    };
    if let Ok(claim) = oss_v1::Claim::from_query(&pairs) {
        refused(claim.verify(secret, DateTime::UNIX_EPOCH, TOLERANCE, &v1));
    }
    let fields: Vec<_> = pairs.iter().map(|(n, v)| (*n, v.unwrap_or(""))).collect();
    if let Ok(claim) = oss_v4::Claim::from_form(&fields) {
        refused(claim.verify_post_policy(secret, &claim.region, text));
    }
    refused(oss_v1::verify_post_policy(secret, text, text));

    // What is presigned here is taken there, whatever stood in the query before.
    let credentials = Credentials::new("id", "secret").with_security_token("token");
    let secret = &credentials.access_key_secret;
    let hour = Duration::from_secs(3600);
    let presigned = oss_v4::Signer::new(REGION).presign(&credentials, now(), hour, &v4);
    let presigned = presigned.ok().and_then(|it| self::decoded(it.as_str()));
    let presigned = presigned.unwrap_or_default();
    let seen = optional_of(&presigned);
    let claim = oss_v4::Claim::from_query(&seen);
    let request = oss_v4::Request { query: &seen, ..v4 };
    let taken = claim.and_then(|it| it.verify(secret, REGION, now(), TOLERANCE, &request));
    assert_eq!(taken, Ok(()));

    let presigned = oss_v1::presign(&credentials, now(), &v1);
    let presigned = self::decoded(presigned.as_str()).unwrap_or_default();
    let seen = optional_of(&presigned);
    let claim = oss_v1::Claim::from_query(&seen);
    let request = oss_v1::Request { query: &seen, ..v1 };
    let taken = claim.and_then(|it| it.verify(secret, now(), TOLERANCE, &request));
    assert_eq!(taken, Ok(()));
}

/// The caller's headers, with the signer's in place of any of their names.
fn travelled<'a>(callers: &[Header<'a>], own: &[(&'a str, &'a str)]) -> Vec<Header<'a>> {
    let is_own = |name: &str| own.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
    let callers = callers.iter().copied().filter(|(name, _)| !is_own(name));
    let own = own.iter().map(|(name, value)| (*name, value.as_bytes()));
    callers.chain(own).collect()
}

fn optional<'a>(query: &[(&'a str, &'a str)]) -> Vec<Pair<'a>> {
    query.iter().map(|(n, v)| (*n, Some(*v))).collect()
}

fn optional_of(query: &[(String, Option<String>)]) -> Vec<Pair<'_>> {
    query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect()
}

fn decoded(query: &str) -> Option<Vec<(String, Option<String>)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Some((percent::decode(name)?, Some(percent::decode(value)?))),
            None => Some((percent::decode(pair)?, None)),
        })
        .collect()
}

fn is_token(name: &str) -> bool {
    let other = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(other)
}
