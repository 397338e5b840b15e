use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alibaba_sign::acs3;
use http::Method;
use serde::Deserialize;

use super::*;
use crate::credentials::StaticProvider;
use crate::endpoint::Product;
use crate::http_send::SendErrorKind;
use crate::testing::{Scene, Stage, now, stage};
use crate::{Credentials, Error, ErrorKind, Region};

const OK: Scene = Scene::Response(200, &[], r#"{"cluster_id":"c1","request_id":"R-1"}"#);

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<serde_json::Value>,
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
    #[serde(default)]
    query: BTreeMap<String, String>,
    headers: Vec<(String, String)>,
    body: serde_json::Value,
    security_token: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    canonical_uri: String,
    canonical_query: String,
    hashed_payload: String,
}

fn client_as(stage: &Stage, credentials: Credentials) -> Client {
    let product = Product::new("cs", "2015-12-15").unwrap();
    let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
    Client::new(&stage.context, product, Region::CN_HANGZHOU, credentials).unwrap()
}

fn client(stage: &Stage) -> Client {
    client_as(stage, Credentials::new("LTAI-example-id", "example-secret"))
}

/// Requests of the official Python SDKs in the ROA style (alibabacloud-tea-openapi and -openapi-util, the
/// vectors of alibaba-sign): what we send has the same path, query, type and body, and a signature that holds.
#[tokio::test]
async fn calls_travel_as_the_official_sdks_send_them() {
    let vectors = include_str!("../../../alibaba-sign/tests/vectors/acs3.json");
    let vectors: Vectors = serde_json::from_str(vectors).unwrap();
    let mut seen = 0;
    let is_roa = |case: &serde_json::Value| case["input"]["style"] == "ROA";
    for case in vectors.cases.into_iter().filter(is_roa) {
        let case: Case = serde_json::from_value(case).unwrap();
        let (name, input) = (&case.name, &case.input);
        // A slash at the end is an empty segment, which no action of a product has.
        if input.pathname.len() > 1 && input.pathname.ends_with('/') {
            continue;
        }
        seen += 1;
        let header = |name: &str| {
            let found = input.headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.as_str())
        };
        let mut credentials = Credentials::new("LTAI-example-id", "example-secret");
        if let Some(token) = &input.security_token {
            credentials = credentials.with_security_token(token.as_str());
        }
        let stage = stage([OK]);
        let segments: Vec<String> = input
            .pathname
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| alibaba_sign::percent::decode(segment).unwrap())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method: Method = input.method.parse().unwrap();
        let action = header("x-acs-action").unwrap();
        let mut call = client_as(&stage, credentials.clone()).roa_call(action, method, &segments);
        for (name, value) in &input.query {
            call = call.param(name, value);
        }
        if let Some(text) = input.body.get("text") {
            let text = serde_json::value::RawValue::from_string(text.as_str().unwrap().to_owned());
            call = call.body(text.unwrap());
        }
        let response = call.send().await.unwrap();
        assert_eq!(response.request_id(), Some("R-1"), "{name}");

        let sent = &stage.seen()[0];
        assert_eq!(sent.method().as_str(), input.method, "{name}");
        assert_eq!(sent.uri().path(), case.expected.canonical_uri, "{name}");
        let query = sent.uri().query().unwrap_or_default();
        assert_eq!(query, case.expected.canonical_query, "{name}");
        for same in ["host", "x-acs-action", "x-acs-version", "content-type"] {
            let ours = sent
                .headers()
                .get(same)
                .map(|value| value.to_str().unwrap());
            assert_eq!(ours, header(same), "{name}: {same}");
        }
        let hash = sent.headers()["x-acs-content-sha256"].to_str().unwrap();
        assert_eq!(hash, case.expected.hashed_payload, "{name}");

        let headers: Vec<_> = sent
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let pairs: Vec<_> = input
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = acs3::Request {
            path: sent.uri().path(),
            query: &pairs,
            headers: &headers,
            body: sent.body(),
            ..acs3::Request::new(sent.method().as_str())
        };
        let authorization = sent.headers()["authorization"].to_str().unwrap();
        let date = sent.headers()["x-acs-date"].to_str().unwrap();
        let claim = acs3::Claim::from_headers(authorization, date).unwrap();
        let secret = &credentials.access_key_secret;
        claim
            .verify(secret, now(), Duration::from_secs(1), &request)
            .unwrap();
    }
    assert_eq!(seen, 7);
}

/// What a gateway of this style says of a refusal, with names in lower case (the official SDKs take either:
/// `default_any(err.get("Code"), err.get("code"))` in alibabacloud-tea-openapi).
#[tokio::test]
async fn refusals_are_read() {
    let denied = r#"{"code":"Forbidden.RAM","message":"no","requestId":"R-2","status":403,
        "accessDeniedDetail":{"authAction":"cs:DescribeClustersV1","noPermissionType":"ImplicitDeny",
        "policyType":"AccountLevelIdentityBasedPolicy"}}"#;
    let missing = r#"{"code":"ErrorClusterNotFound","message":"cluster c1 not found","requestId":"R-3","status":404,"accessDeniedDetail":null}"#;
    let stage = stage([
        Scene::Response(403, &[], denied),
        Scene::Response(404, &[], missing),
        Scene::Response(
            400,
            &[("x-acs-request-id", "R-4")],
            r#"{"code":"BadRequest","message":"no"}"#,
        ),
    ]);
    let client = client(&stage);
    let get = |path: &[&str]| {
        client
            .roa_call("DescribeClustersV1", Method::GET, path)
            .send()
    };
    let errors: Vec<Error> = [
        get(&["api", "v1", "clusters"]).await.unwrap_err(),
        get(&["clusters", "c1"]).await.unwrap_err(),
        get(&["clusters", "c1"]).await.unwrap_err(),
    ]
    .into();
    let kinds: Vec<_> = errors.iter().map(Error::kind).collect();
    assert_eq!(
        kinds,
        [ErrorKind::Denied, ErrorKind::NotFound, ErrorKind::Refused]
    );
    let ids: Vec<_> = errors
        .iter()
        .map(|error| error.request_id().unwrap())
        .collect();
    assert_eq!(ids, ["R-2", "R-3", "R-4"]);
    let detail = errors[0].access_denied().unwrap();
    assert_eq!(detail.auth_action.as_deref(), Some("cs:DescribeClustersV1"));
    assert!(errors[1].access_denied().is_none());
}

#[tokio::test]
async fn a_list_and_an_empty_body_are_responses_too() {
    let id = [("x-acs-request-id", "R-5")];
    let stage = stage([
        Scene::Response(
            200,
            &[("x-acs-request-id", "R-5")],
            r#"[{"cluster_id":"c1"}]"#,
        ),
        Scene::Response(202, &[("x-acs-request-id", "R-5")], ""),
    ]);
    let client = client(&stage);
    for method in [Method::GET, Method::DELETE] {
        let response = client
            .roa_call("Any", method, &["clusters"])
            .send()
            .await
            .unwrap();
        assert_eq!(response.request_id(), Some(id[0].1));
    }
}

#[tokio::test]
async fn only_what_reads_is_repeated_after_a_broken_connection() {
    for (method, said, attempts) in [
        (Method::GET, None, 2),
        (Method::POST, None, 1),
        (Method::DELETE, None, 1),
        (Method::DELETE, Some(true), 2),
        (Method::GET, Some(false), 1),
    ] {
        let stage = stage([Scene::Failure(SendErrorKind::Interrupted), OK]);
        let mut call = client(&stage).roa_call("Change", method.clone(), &["clusters", "c1"]);
        if let Some(idempotent) = said {
            call = call.idempotent(idempotent);
        }
        let _ = call.send().await;
        assert_eq!(stage.attempts(), attempts, "{method} {said:?}");
    }
}

/// A name that is missing, or that climbs, would make it a call about something else.
#[tokio::test]
async fn nothing_is_sent_elsewhere_than_the_path_says() {
    for segment in ["", ".", ".."] {
        let stage = stage([]);
        let call = client(&stage).roa_call("DeleteCluster", Method::DELETE, &["clusters", segment]);
        let error = call.send().await.unwrap_err();
        assert_eq!(
            (error.kind(), stage.attempts()),
            (ErrorKind::Configuration, 0),
            "{error}"
        );
    }
    let stage = stage([OK]);
    let call = client(&stage).roa_call("DeleteCluster", Method::DELETE, &["clusters", "../x?y#z"]);
    call.send().await.unwrap();
    assert_eq!(
        stage.seen()[0].uri().to_string(),
        "https://cs.cn-hangzhou.aliyuncs.com/clusters/..%2Fx%3Fy%23z"
    );
}

#[tokio::test]
async fn what_cannot_be_signed_or_written_is_refused_with_the_remedy() {
    let stage = stage([]);
    let old = {
        let product = Product::new("cs", "2015-12-15").unwrap();
        let credentials = StaticProvider::shared("LTAI-example-id", "example-secret").unwrap();
        Client::builder(&stage.context, product, Region::CN_HANGZHOU, credentials)
            .with_signature(SignatureScheme::RpcV1)
            .build()
            .unwrap()
    };
    let by_v1 = old
        .roa_call("Any", Method::GET, &["clusters"])
        .send()
        .await
        .unwrap_err();
    assert!(by_v1.to_string().contains("ACS3"), "{by_v1}");
    let both = client(&stage)
        .roa_call("Any", Method::POST, &["clusters"])
        .form_param("a", 1)
        .body("b");
    let both = both.send().await.unwrap_err();
    assert!(
        both.to_string().contains("a form and a JSON document"),
        "{both}"
    );
}
