use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue, Request};
use serde_json::Value;

use super::*;
use crate::vectors::{self, Keys, TOLERANCE};
use crate::{Credentials, Secret, VerifyError, acs3, oss_v4};

type Case = vectors::Case<Value, Value>;

/// The recorded requests of a file, and who signed them.
fn cases(file: &str, count: usize) -> impl Iterator<Item = (Case, Credentials)> {
    vectors::cases(file, count).into_iter().map(|case: Case| {
        let keys: Keys = serde_json::from_value(case.input.clone()).unwrap();
        (case, keys.credentials())
    })
}

/// The recorded headers, but for those that signing writes.
fn fill(headers: &mut HeaderMap, input: &Value, own: &[&str]) {
    for header in input["headers"].as_array().unwrap() {
        let name: HeaderName = header[0].as_str().unwrap().parse().unwrap();
        if !own.contains(&name.as_str()) {
            let value = HeaderValue::from_bytes(header[1].as_str().unwrap().as_bytes()).unwrap();
            headers.append(name, value);
        }
    }
}

#[test]
fn every_vector_of_oss_v4_as_an_http_request() {
    let mut seen = 0;
    for (case, credentials) in cases(include_str!("../../tests/vectors/oss_v4.json"), 59) {
        let (name, input) = (&case.name, &case.input);
        if input["mode"] != "header" {
            continue;
        }
        seen += 1;
        let text = |name: &str| input[name].as_str().unwrap();
        let mut request = Request::builder()
            .method(text("method"))
            .uri(text("request_url"))
            .body(())
            .unwrap();
        fill(request.headers_mut(), input, &[]);
        let addressing = match (input["bucket"].as_str(), text("address_style")) {
            (Some(bucket), "virtual") => Addressing::Host(bucket),
            _ => Addressing::Path,
        };
        let additional = input["additional_headers"].as_array().unwrap();
        let additional: Vec<_> = additional.iter().map(|a| a.as_str().unwrap()).collect();
        let now: DateTime<Utc> = text("signing_time").parse().unwrap();
        let region = text("region");
        oss_v4::Signer::new(region)
            .with_product(text("product"))
            .sign_http(&credentials, now, addressing, &additional, &mut request)
            .unwrap();
        assert_eq!(
            request.headers()["authorization"].to_str().unwrap(),
            case.expected["authorization"],
            "{name}"
        );

        let secret = &credentials.access_key_secret;
        let claim = oss_v4::Claim::from_http(&request).unwrap();
        let verify = |request: &Request<()>| {
            claim.verify_http(secret, region, now, TOLERANCE, addressing, request)
        };
        assert_eq!(verify(&request), Ok(()), "{name}");
        request
            .headers_mut()
            .insert("x-oss-more", HeaderValue::from_static("1"));
        assert!(
            matches!(verify(&request), Err(VerifyError::Mismatch { .. })),
            "{name}"
        );
    }
    assert_eq!(seen, 42);
}

#[test]
fn every_vector_of_acs3_as_an_http_request() {
    let mut seen = 0;
    for (case, credentials) in cases(include_str!("../../tests/vectors/acs3.json"), 42) {
        let (name, input) = (&case.name, &case.input);
        // The official client signs `accept` and `user-agent` too, which `sign_http` does not.
        if input["sdk"] == "alibabacloud-tea-openapi" {
            continue;
        }
        seen += 1;
        let text = |name: &str| input[name].as_str().unwrap();
        let mut uri = text("pathname").to_owned();
        let query: Vec<_> = input["query"]
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(k, v)| {
                Some(format!(
                    "{}={}",
                    percent::encode(k),
                    percent::encode(v.as_str()?)
                ))
            })
            .collect();
        uri = format!("https://unused.example{uri}?{}", query.join("&"));
        let body = match (
            input["body"]["text"].as_str(),
            input["body"]["base64"].as_str(),
        ) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (_, Some(text)) => {
                base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap()
            }
            _ => Vec::new(),
        };
        let mut request = Request::builder()
            .method(text("method"))
            .uri(uri)
            .body(body)
            .unwrap();
        let recorded = |name: &str| {
            let headers = input["headers"].as_array().unwrap();
            let found = headers
                .iter()
                .find(|h| h[0].as_str().unwrap().eq_ignore_ascii_case(name));
            found.unwrap()[1].as_str().unwrap()
        };
        fill(request.headers_mut(), input, &["x-acs-date"]);
        let now: DateTime<Utc> = recorded("x-acs-date").parse().unwrap();
        let nonce = recorded("x-acs-signature-nonce");
        acs3::sign_http(&credentials, now, nonce, &mut request).unwrap();
        assert_eq!(
            request.headers()["authorization"].to_str().unwrap(),
            case.expected["authorization"],
            "{name}"
        );

        let claim = acs3::Claim::from_http(&request).unwrap();
        let secret = &credentials.access_key_secret;
        assert_eq!(
            claim.verify_http(secret, now, TOLERANCE, &request),
            Ok(()),
            "{name}"
        );
        request.body_mut().push(0);
        assert_eq!(
            claim.verify_http(secret, now, TOLERANCE, &request),
            Err(VerifyError::Payload),
            "{name}"
        );
    }
    assert_eq!(seen, 36);
}

#[test]
fn a_presigned_url_is_read_from_the_request() {
    let now = DateTime::from_timestamp(1_768_465_800, 0).unwrap();
    let credentials = Credentials::new("id", "secret");
    let query = oss_v4::Signer::new("r")
        .presign(
            &credentials,
            now,
            Duration::from_secs(60),
            &oss_v4::Request {
                bucket: Some("demo"),
                key: Some("a b"),
                ..oss_v4::Request::new("GET")
            },
        )
        .unwrap();
    let uri = format!("http://127.0.0.1:9000/demo/a%20b?{}", query.as_str());
    let mut request = Request::get(uri).body(()).unwrap();
    let claim = oss_v4::Claim::from_http(&request).unwrap();
    let verify = |addressing| {
        let secret = &credentials.access_key_secret;
        claim.verify_http(secret, "r", now, TOLERANCE, addressing, &request)
    };
    assert_eq!(verify(Addressing::Path), Ok(()));
    assert!(verify(Addressing::Host("demo")).is_err());
    request
        .headers_mut()
        .insert("authorization", HeaderValue::from_static("x"));
    assert_eq!(
        oss_v4::Claim::from_http(&request).unwrap_err(),
        VerifyError::Malformed {
            part: "authorization"
        }
    );
}

#[test]
fn what_cannot_be_signed_is_refused_early() {
    let now = DateTime::UNIX_EPOCH;
    let credentials = Credentials::new("id", "secret");
    let oss = |uri: &str, credentials: &Credentials| {
        let mut request = Request::get(uri).body(()).unwrap();
        oss_v4::Signer::new("r").sign_http(
            credentials,
            now,
            Addressing::Path,
            &["host"],
            &mut request,
        )
    };
    assert_eq!(oss("http://h/b/k?a=%2B", &credentials), Ok(()));
    assert_eq!(
        oss("http://h/b/k?a=1+2", &credentials),
        Err(SignHttpError::Plus)
    );
    assert_eq!(
        oss("http://h/b/%FF", &credentials),
        Err(SignHttpError::Escape("path"))
    );
    assert_eq!(
        oss("http://h/b/k?a=%F", &credentials),
        Err(SignHttpError::Escape("query"))
    );
    assert_eq!(oss("/b/k", &credentials), Err(SignHttpError::Host));
    let hostile = Credentials::new("id\r\nx: y", Secret::new("secret"));
    assert_eq!(
        oss("http://h/", &hostile),
        Err(SignHttpError::Value("authorization"))
    );
}

#[test]
fn the_host_is_the_one_that_a_client_sends() {
    for (uri, host) in [
        ("https://ecs.example/", "ecs.example"),
        ("https://ecs.example:443/", "ecs.example"),
        ("http://127.0.0.1:443/", "127.0.0.1:443"),
        ("http://user@[::1]:8080/", "[::1]:8080"),
    ] {
        assert_eq!(host_of(&uri.parse().unwrap()).unwrap(), host);
    }
}
