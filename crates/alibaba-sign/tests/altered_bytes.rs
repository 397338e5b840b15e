//! Any character of what is signed, made any other: no verifier takes it, in any algorithm and form.
//!
//! A request is the list of its texts, in the order that its two functions here agree on: one signs
//! and lists what travels, the other puts the list together again and verifies it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use alibaba_sign::{
    Credentials, Secret, VerifyError, acs3, oss_v1, oss_v4, percent, roa_v1, rpc_v1,
};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::sample::Index;

const REGION: &str = "cn-hangzhou";
const TOLERANCE: Duration = Duration::from_secs(900);
const HOUR: Duration = Duration::from_secs(3600);

/// What is random in a request.
#[derive(Clone, Debug)]
struct Seed {
    key: String,
    name: String,
    value: String,
    header: String,
    token: String,
}

fn seeds() -> impl Strategy<Value = Seed> {
    (
        "[ -~\u{4e2d}]{1,12}",
        "[a-z.0-9]{1,8}",
        "[ -~\u{4e2d}]{1,12}",
        // As header values travel: without outer white space.
        "[!-~]([ -~]{0,10}[!-~])?",
        "[!-~]{1,12}",
    )
        .prop_map(|(key, name, value, header, token)| Seed {
            key,
            name,
            value,
            header,
            token,
        })
}

/// One algorithm in one form.
struct Form {
    name: &'static str,
    sign: fn(&Seed, &Credentials) -> Vec<String>,
    verify: fn(&[String]) -> Result<(), VerifyError>,
    /// The texts whose letters mean the same in either case: names of headers, hexadecimal digits.
    any_case: &'static [usize],
}

const FORMS: [Form; 8] = [
    Form {
        name: "OSS V4 by headers",
        sign: v4_headers,
        verify: verify_v4_headers,
        any_case: &[5, 7, 9, 11, 13, 15, 16],
    },
    Form {
        name: "OSS V4 in a URL",
        sign: v4_url,
        verify: verify_v4_url,
        any_case: &[3, 5, 22],
    },
    Form {
        name: "OSS V4 POST policy",
        sign: v4_form,
        verify: verify_v4_form,
        any_case: &[2],
    },
    Form {
        name: "OSS V1 by headers",
        sign: v1_headers,
        verify: verify_v1_headers,
        any_case: &[5, 7],
    },
    Form {
        name: "OSS V1 POST policy",
        sign: v1_form,
        verify: verify_v1_form,
        any_case: &[],
    },
    Form {
        name: "ACS3",
        sign: acs3_headers,
        verify: verify_acs3,
        any_case: &[5, 7, 9, 11, 13, 15, 17, 19, 20],
    },
    Form {
        name: "RPC V1",
        sign: rpc_parameters,
        verify: verify_rpc,
        any_case: &[],
    },
    Form {
        name: "ROA V1",
        sign: roa_headers,
        verify: verify_roa,
        any_case: &[4, 6, 8, 10, 12, 14, 16, 18, 20],
    },
];

proptest! {
    #[test]
    fn any_altered_character_of_what_is_signed_is_caught(
        seed in seeds(), text in any::<Index>(), at in any::<Index>(), other in "[!-~]",
    ) {
        for form in &FORMS {
            let credentials = Credentials::new("id", "secret").with_security_token(seed.token.as_str());
            let sent = (form.sign)(&seed, &credentials);
            prop_assert_eq!((form.verify)(&sent), Ok(()), "{}: {:?}", form.name, sent);

            let which = text.index(sent.len());
            let Some(altered) = alter(&sent[which], at, &other, form.any_case.contains(&which)) else {
                continue;
            };
            let mut texts = sent.clone();
            texts[which] = altered;
            prop_assert!((form.verify)(&texts).is_err(), "{}: {:?} for {:?}", form.name, texts, sent);
        }
    }
}

/// The text with another character in one place; none where that would be the same one.
fn alter(text: &str, at: Index, other: &str, any_case: bool) -> Option<String> {
    let (begin, old) = text
        .char_indices()
        .nth(at.index(text.chars().count().max(1)))?;
    let old = &text[begin..begin + old.len_utf8()];
    let is_same = old == other || (any_case && old.eq_ignore_ascii_case(other));
    (!is_same).then(|| format!("{}{other}{}", &text[..begin], &text[begin + old.len()..]))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_768_465_800, 0).unwrap()
}

/// Who looks up the secret of another id finds another one.
fn secret_of(id: &str) -> Secret {
    Secret::new(if id == "id" { "secret" } else { "another" })
}

fn texts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    parts.into_iter().map(ToOwned::to_owned).collect()
}

/// The texts as names and values.
fn pairs(texts: &[String]) -> Vec<(&str, &str)> {
    let pairs = texts.chunks_exact(2);
    pairs.map(|pair| (&*pair[0], &*pair[1])).collect()
}

fn headers(texts: &[String]) -> Vec<(&str, &[u8])> {
    let pairs = pairs(texts).into_iter();
    pairs
        .map(|(name, value)| (name, value.as_bytes()))
        .collect()
}

fn flat<'n, 'v>(pairs: impl IntoIterator<Item = (&'n str, &'v str)>) -> Vec<String> {
    let pairs = pairs.into_iter();
    pairs
        .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
        .collect()
}

/// Method, bucket, key, parameter, two headers, the signer's headers, `Authorization`.
fn v4_headers(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let mut sent = texts(["GET", "b-1", &seed.key, &seed.name, &seed.value]);
    sent.extend(flat([
        ("x-oss-meta-a", &*seed.header),
        ("range", "bytes=0-1"),
    ]));
    let signed = {
        let request = v4_request(&sent);
        oss_v4::Signer::new(REGION).sign(credentials, now(), &request.as_request())
    };
    let own = signed.iter().filter(|(name, _)| *name != "authorization");
    sent.extend(flat(own));
    sent.push("authorization".to_owned());
    sent.push(signed.authorization().to_owned());
    sent
}

/// A request put together from its texts.
struct V4<'a> {
    method: &'a str,
    bucket: &'a str,
    key: &'a str,
    query: [(&'a str, Option<&'a str>); 1],
    headers: Vec<(&'a str, &'a [u8])>,
}

impl V4<'_> {
    fn as_request(&self) -> oss_v4::Request<'_> {
        oss_v4::Request {
            method: self.method,
            bucket: Some(self.bucket),
            key: Some(self.key),
            query: &self.query,
            headers: &self.headers,
            additional_headers: &["range"],
        }
    }
}

fn v4_request(texts: &[String]) -> V4<'_> {
    V4 {
        method: &texts[0],
        bucket: &texts[1],
        key: &texts[2],
        query: [(&texts[3], Some(&texts[4]))],
        headers: headers(&texts[5..]),
    }
}

/// The value of the header of that name, which an altered name takes away.
fn value<'a>(headers: &[(&str, &'a [u8])], name: &'static str) -> Result<&'a str, VerifyError> {
    let found = headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
    let text = found.and_then(|(_, value)| str::from_utf8(value).ok());
    text.ok_or(VerifyError::Malformed { part: name })
}

fn verify_v4_headers(texts: &[String]) -> Result<(), VerifyError> {
    let request = v4_request(texts);
    let date = value(&request.headers, "x-oss-date")?;
    let claim = oss_v4::Claim::from_headers(value(&request.headers, "authorization")?, date)?;
    let secret = secret_of(&claim.access_key_id);
    claim.verify(&secret, REGION, now(), TOLERANCE, &request.as_request())
}

/// Method, bucket, key, two headers, the parameters.
fn v4_url(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let mut sent = texts(["GET", "b-1", &seed.key]);
    sent.extend(flat([
        ("content-type", &*seed.header),
        ("range", "bytes=0-1"),
    ]));
    let request = oss_v4::Request {
        query: &[(&seed.name, Some(&seed.value))],
        headers: &headers(&sent[3..]),
        ..v4_object(&sent)
    };
    let presigned = oss_v4::Signer::new(REGION)
        .presign(credentials, now(), HOUR, &request)
        .unwrap();
    sent.extend(presigned.as_str().split('&').flat_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        [name, value].map(|text| percent::decode(text).unwrap())
    }));
    sent
}

fn v4_object(texts: &[String]) -> oss_v4::Request<'_> {
    oss_v4::Request {
        method: &texts[0],
        bucket: Some(&texts[1]),
        key: Some(&texts[2]),
        additional_headers: &["range"],
        ..oss_v4::Request::default()
    }
}

fn verify_v4_url(texts: &[String]) -> Result<(), VerifyError> {
    let query = pairs(&texts[7..]).into_iter();
    let query: Vec<_> = query.map(|(name, value)| (name, Some(value))).collect();
    let claim = oss_v4::Claim::from_query(&query)?;
    let request = oss_v4::Request {
        query: &query,
        headers: &headers(&texts[3..7]),
        ..v4_object(texts)
    };
    let secret = secret_of(&claim.access_key_id);
    claim.verify(&secret, REGION, now(), TOLERANCE, &request)
}

/// Policy, credential and signature. The time of day and the token are signed as far as the policy's
/// conditions repeat them.
fn v4_form(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let signer = oss_v4::Signer::new(REGION);
    let fields = signer.sign_post_policy(credentials, now(), &seed.value);
    let value = |name| fields.iter().find(|(it, _)| *it == name).unwrap().1;
    texts([
        value("policy"),
        value("x-oss-credential"),
        value("x-oss-signature"),
    ])
}

fn verify_v4_form(texts: &[String]) -> Result<(), VerifyError> {
    let claim = oss_v4::Claim::from_form(&[
        ("x-oss-signature-version", oss_v4::ALGORITHM),
        ("x-oss-credential", &texts[1]),
        ("x-oss-date", "20260115T083000Z"),
        ("x-oss-signature", &texts[2]),
    ])?;
    claim.verify_post_policy(&secret_of(&claim.access_key_id), REGION, &texts[0])
}

/// Method, bucket, key, sub-resource, a header, the signer's token, date, `Authorization`.
fn v1_headers(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let mut sent = texts(["GET", "b-1", &seed.key, "versionId", &seed.value]);
    sent.extend(flat([("x-oss-meta-a", &*seed.header)]));
    let signed = oss_v1::sign(
        credentials,
        now(),
        &oss_v1::Request {
            query: &[(&sent[3], Some(&sent[4]))],
            headers: &headers(&sent[5..]),
            ..v1_object(&sent)
        },
    );
    let value = |name| {
        signed
            .iter()
            .find(|(it, _)| *it == name)
            .unwrap()
            .1
            .to_owned()
    };
    let name = "x-oss-security-token";
    let own = [
        name.to_owned(),
        value(name),
        value("date"),
        value("authorization"),
    ];
    sent.extend(own);
    sent
}

fn v1_object(texts: &[String]) -> oss_v1::Request<'_> {
    oss_v1::Request {
        method: &texts[0],
        bucket: Some(&texts[1]),
        key: Some(&texts[2]),
        ..oss_v1::Request::default()
    }
}

fn verify_v1_headers(texts: &[String]) -> Result<(), VerifyError> {
    let claim = oss_v1::Claim::from_headers(&texts[10], &texts[9])?;
    let request = oss_v1::Request {
        query: &[(&texts[3], Some(&texts[4]))],
        headers: &headers(&texts[5..9]),
        ..v1_object(texts)
    };
    claim.verify(&secret_of(&claim.access_key_id), now(), TOLERANCE, &request)
}

/// Policy and signature.
fn v1_form(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let fields = oss_v1::sign_post_policy(credentials, &seed.value);
    let value = |name| fields.iter().find(|(it, _)| *it == name).unwrap().1;
    texts([value("policy"), value("Signature")])
}

fn verify_v1_form(texts: &[String]) -> Result<(), VerifyError> {
    oss_v1::verify_post_policy(&Secret::new("secret"), &texts[0], &texts[1])
}

/// Method, path, body, parameter, headers, the signer's headers.
fn acs3_headers(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let mut sent = texts(["POST", "/a%20b", &seed.key, &seed.name, &seed.value]);
    sent.extend(flat([
        ("host", "ecs.cn-hangzhou.aliyuncs.com"),
        ("x-acs-action", &*seed.header),
    ]));
    let signed = {
        let (query, headers) = (pairs(&sent[3..5]), headers(&sent[5..]));
        let request = acs3_request(&sent, &query, &headers);
        acs3::sign(credentials, now(), "nonce", &request)
    };
    sent.extend(flat(signed.iter()));
    sent
}

fn acs3_request<'a>(
    texts: &'a [String],
    query: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a [u8])],
) -> acs3::Request<'a> {
    acs3::Request {
        method: &texts[0],
        path: &texts[1],
        body: texts[2].as_bytes(),
        query,
        headers,
        ..acs3::Request::default()
    }
}

fn verify_acs3(texts: &[String]) -> Result<(), VerifyError> {
    let headers = headers(&texts[5..]);
    let date = value(&headers, "x-acs-date")?;
    let claim = acs3::Claim::from_headers(value(&headers, "authorization")?, date)?;
    let query = pairs(&texts[3..5]);
    let request = acs3_request(texts, &query, &headers);
    claim.verify(&secret_of(&claim.access_key_id), now(), TOLERANCE, &request)
}

/// Method, parameters, the signer's parameters.
fn rpc_parameters(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let mut sent = texts(["POST", "Action", &seed.header, &seed.name, &seed.value]);
    let signed = {
        let query = pairs(&sent[1..]);
        let request = rpc_v1::Request {
            query: &query,
            ..rpc_v1::Request::new(&sent[0])
        };
        rpc_v1::sign(credentials, now(), "nonce", &request)
    };
    sent.extend(flat(signed.iter()));
    sent
}

fn verify_rpc(texts: &[String]) -> Result<(), VerifyError> {
    let query = pairs(&texts[1..]);
    let request = rpc_v1::Request {
        query: &query,
        ..rpc_v1::Request::new(&texts[0])
    };
    let claim = rpc_v1::Claim::from_request(&request)?;
    claim.verify(&secret_of(&claim.access_key_id), now(), TOLERANCE, &request)
}

/// Method, path, parameter, headers, the signer's headers.
fn roa_headers(seed: &Seed, credentials: &Credentials) -> Vec<String> {
    let mut sent = texts(["POST", "/a%20b", &seed.name, &seed.value]);
    sent.extend(flat([
        ("accept", "application/json"),
        ("x-acs-version", &*seed.header),
    ]));
    let signed = {
        let (query, headers) = (pairs(&sent[2..4]), headers(&sent[4..]));
        let request = roa_request(&sent, &query, &headers);
        roa_v1::sign(credentials, now(), "nonce", &request)
    };
    sent.extend(flat(signed.iter()));
    sent
}

fn roa_request<'a>(
    texts: &'a [String],
    query: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a [u8])],
) -> roa_v1::Request<'a> {
    roa_v1::Request {
        method: &texts[0],
        path: &texts[1],
        query,
        headers,
    }
}

fn verify_roa(texts: &[String]) -> Result<(), VerifyError> {
    let headers = headers(&texts[4..]);
    let date = value(&headers, "date")?;
    let claim = roa_v1::Claim::from_headers(value(&headers, "authorization")?, date)?;
    let query = pairs(&texts[2..4]);
    let request = roa_request(texts, &query, &headers);
    claim.verify(&secret_of(&claim.access_key_id), now(), TOLERANCE, &request)
}
