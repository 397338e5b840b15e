use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;
use crate::credentials::{
    CredentialsError, Identity, ProvideCredentials, SharedCredentials, StaticProvider,
};
use crate::endpoint::Product;
use crate::http_send::{HttpSend, SendError, SendErrorKind, SendOptions};
use crate::retry::{FixedJitter, RetryBudget, RetryPolicy};
use crate::{Context, Credentials, ErrorKind};

/// Responds from a script and keeps the requests.
#[derive(Clone, Debug, Default)]
struct Scripted {
    responses: Arc<Mutex<VecDeque<Scene>>>,
    seen: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

#[derive(Debug)]
enum Scene {
    Response(u16, &'static [(&'static str, &'static str)], &'static str),
    Failure(SendErrorKind),
}

const OK: Scene = Scene::Response(200, &[], r#"{"RequestId":"R-ok"}"#);

impl HttpSend for Scripted {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _options: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        self.seen.lock().unwrap().push(request);
        let scene = self
            .responses
            .lock()
            .unwrap()
            .pop_front()
            .expect("more requests than responses");
        let response = match scene {
            Scene::Failure(kind) => Err(SendError::new(kind)),
            Scene::Response(status, headers, body) => {
                let mut response = http::Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(*name, *value);
                }
                Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap())
            }
        };
        ready(response).boxed()
    }
}

struct Stage {
    http: Scripted,
    clock: ManualClock,
    context: Context,
}

fn now() -> DateTime<Utc> {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn stage(responses: impl IntoIterator<Item = Scene>) -> Stage {
    let http = Scripted::default();
    http.responses.lock().unwrap().extend(responses);
    let clock = ManualClock::at(now());
    let context = Context::new(Arc::new(http.clone()))
        .with_clock(Arc::new(clock.clone()))
        .with_jitter(Arc::new(FixedJitter(0.5)));
    Stage {
        http,
        clock,
        context,
    }
}

impl Stage {
    fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    fn builder(&self) -> ClientBuilder {
        let credentials = StaticProvider::shared("FAKE-ACCESS-KEY-ID", "example-secret").unwrap();
        self.builder_with(credentials)
            .with_retry(RetryPolicy::default().with_budget(None))
    }

    fn builder_with(&self, credentials: SharedCredentials) -> ClientBuilder {
        Client::builder(
            &self.context,
            Product::ECS,
            crate::Region::CN_HANGZHOU,
            credentials,
        )
    }

    fn header(&self, at: usize, name: &str) -> String {
        self.http.seen.lock().unwrap()[at].headers()[name]
            .to_str()
            .unwrap()
            .to_owned()
    }

    fn attempts(&self) -> usize {
        self.http.seen.lock().unwrap().len()
    }
}

#[tokio::test]
async fn throttling_waits_as_long_as_asked_and_signs_anew() {
    let stage = stage([
        Scene::Response(
            400,
            &[("x-acs-retry-after", "1500")],
            r#"{"Code":"Throttling.User","Message":"slow"}"#,
        ),
        Scene::Response(503, &[], r#"{"Code":"Throttling","Message":"slow"}"#),
        OK,
    ]);
    let call = stage.client().call("CreateSnapshot").new_client_token();
    assert_eq!(call.send().await.unwrap().request_id(), Some("R-ok"));
    // 1500 asked for and half of 200; then half of 1000 for certain and half of the rest.
    assert_eq!(
        stage.clock.slept(),
        [Duration::from_millis(1600), Duration::from_millis(750)]
    );
    for name in ["x-acs-signature-nonce", "x-acs-date", "authorization"] {
        assert_ne!(stage.header(0, name), stage.header(1, name), "{name}");
    }
    let queries: Vec<_> = stage
        .http
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|seen| seen.uri().to_string())
        .collect();
    assert!(queries[0].contains("ClientToken="));
    assert!(
        queries.iter().all(|query| *query == queries[0]),
        "{queries:?}"
    );
}

#[tokio::test]
async fn a_refused_time_is_corrected_once_and_remembered() {
    const SKEWED: Scene = Scene::Response(
        400,
        &[("date", "Thu, 15 Jan 2026 09:30:00 GMT")],
        r#"{"Code":"InvalidTimeStamp.Expired","Message":"late"}"#,
    );
    let stage = stage([SKEWED, OK, OK, SKEWED, SKEWED]);
    let client = stage.client();
    client.call("RunInstances").send().await.unwrap();
    assert_eq!(stage.header(0, "x-acs-date"), "2026-01-15T08:30:00Z");
    assert_eq!(stage.header(1, "x-acs-date"), "2026-01-15T09:30:00Z");
    assert!(stage.clock.slept().is_empty());
    client.call("RunInstances").send().await.unwrap();
    assert_eq!(stage.header(2, "x-acs-date"), "2026-01-15T09:30:00Z");
    let error = client.call("RunInstances").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), stage.attempts()),
        (ErrorKind::Credentials, 5)
    );
}

#[tokio::test]
async fn after_a_broken_connection_only_harmless_calls_are_repeated() {
    use SendErrorKind::*;
    for (kind, action, token, attempts) in [
        (Connect, "CreateSnapshot", false, 2),
        (Timeout, "CreateSnapshot", false, 1),
        (Timeout, "CreateSnapshot", true, 2),
        (Interrupted, "DescribeSnapshots", false, 2),
        (Interrupted, "DeleteSnapshot", false, 1),
        (TooLong, "DescribeSnapshots", false, 1),
    ] {
        let stage = stage([Scene::Failure(kind), OK]);
        let mut call = stage.client().call(action);
        if token {
            call = call.client_token("t-1");
        }
        let done = call.send().await;
        assert_eq!(stage.attempts(), attempts, "{kind:?} {action}");
        assert_eq!(done.is_ok(), attempts == 2);
    }
}

#[tokio::test]
async fn a_failing_service_is_asked_again_only_where_that_is_harmless() {
    for (action, attempts) in [("DescribeDisks", 3), ("RunInstances", 1)] {
        let failing = || Scene::Response(500, &[], r#"{"Code":"InternalError","RequestId":"R-5"}"#);
        let stage = stage([failing(), failing(), failing()]);
        let error = stage.client().call(action).send().await.unwrap_err();
        assert_eq!(stage.attempts(), attempts);
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Service, Some("R-5"))
        );
    }
}

#[tokio::test]
async fn an_empty_budget_ends_the_repeating_of_all_calls() {
    let failing = || Scene::Response(503, &[], "");
    let stage = stage([failing(), failing(), failing()]);
    let retry = RetryPolicy::default().with_budget(Some(RetryBudget::new(5, 5)));
    let client = stage.builder().with_retry(retry).build().unwrap();
    client.call("DescribeDisks").send().await.unwrap_err();
    client.call("DescribeDisks").send().await.unwrap_err();
    assert_eq!(stage.attempts(), 3);
}

/// Gives another token each time, and counts what it was told.
#[derive(Debug, Default)]
struct Rotating {
    given: Mutex<u32>,
    withdrawn: Mutex<Vec<String>>,
}

impl ProvideCredentials for Rotating {
    fn name(&self) -> &'static str {
        "rotating"
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        let mut given = self.given.lock().unwrap();
        *given += 1;
        let credentials = Credentials::new("STS.id", "s").with_security_token(format!("t-{given}"));
        ready(Identity::new("rotating", credentials, None).map(Arc::new)).boxed()
    }

    fn invalidate(&self, identity: &Identity) {
        let token = identity.credentials.security_token.as_ref().unwrap();
        self.withdrawn
            .lock()
            .unwrap()
            .push(token.expose().to_owned());
    }
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    let expired = || {
        Scene::Response(
            400,
            &[],
            r#"{"Code":"InvalidSecurityToken.Expired","Message":"x"}"#,
        )
    };
    let stage = stage([expired(), OK, expired(), expired()]);
    let rotating = Arc::new(Rotating::default());
    let credentials: SharedCredentials = rotating.clone();
    let client = stage.builder_with(credentials).build().unwrap();
    client.call("RunInstances").send().await.unwrap();
    assert_eq!(stage.header(1, "x-acs-security-token"), "t-2");
    assert_eq!(stage.header(1, "x-acs-accesskey-id"), "STS.id");
    let error = client.call("RunInstances").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(*rotating.withdrawn.lock().unwrap(), ["t-1", "t-3", "t-4"]);
}

#[tokio::test]
async fn a_refusal_inside_a_good_status_is_an_error() {
    for body in [
        r#"{"Success":false,"Code":"VaultNotExist","Message":"no","RequestId":"R-1"}"#,
        r#"{"success":"False","code":"VaultNotExist","message":"no","requestId":"R-1"}"#,
    ] {
        let stage = stage([Scene::Response(200, &[], body)]);
        let error = stage
            .client()
            .call("DescribeVaults")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.service_code(), Some("VaultNotExist"));
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::NotFound, Some("R-1"))
        );
    }
    let stage = stage([Scene::Response(
        200,
        &[],
        r#"{"Success":true,"Code":"200"}"#,
    )]);
    assert!(stage.client().call("DescribeVaults").send().await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is() {
    let stage = stage([]);
    let client = stage.client();
    for (call, text) in [
        (
            client.call("A").param("X", 1).form_param("X", 2),
            "parameter `X`",
        ),
        (
            client.call("A").client_token("x".repeat(65)),
            "client token",
        ),
        (client.call("A").client_token("中"), "client token"),
        (client.call("Evil\r\nx-evil: 1"), "as an HTTP request"),
        (
            client.call("A").param("X", BTreeMap::from([((1, 2), 3)])),
            "parameter `X`",
        ),
    ] {
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(
        Client::anonymous(&stage.context, Product::ECS, None)
            .build()
            .is_err()
    );
}

#[tokio::test]
async fn a_client_without_credentials_signs_nothing_and_a_global_product_needs_no_region() {
    let stage = stage([OK]);
    let client = Client::anonymous(&stage.context, Product::STS, None)
        .build()
        .unwrap();
    client.call("AssumeRoleWithSAML").send().await.unwrap();
    let seen = stage.http.seen.lock().unwrap();
    assert_eq!(seen[0].uri().host(), Some("sts.aliyuncs.com"));
    assert!(!seen[0].headers().contains_key("authorization"));
    let query = seen[0].uri().query().unwrap();
    assert!(!query.contains("AccessKeyId") && !query.contains("Signature="));
}

#[test]
fn neither_calls_nor_requests_show_what_is_secret() {
    let stage = stage([]);
    let token = crate::Secret::new("hunter2");
    let call = stage
        .client()
        .call("A")
        .form_param("OIDCToken", token.expose());
    assert!(!format!("{call:?}").contains("hunter2"));
    let credentials = Credentials::new("STS.id", "s3cr3t").with_security_token("hunter2");
    let client = stage.client();
    let attempt = encode::Attempt {
        credentials: Some(&credentials),
        time: now(),
        nonce: "n",
    };
    let request = encode::encode(&action::Action::new("A"), &client.0, &attempt).unwrap();
    let shown = format!("{request:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("Signature="),
        "{shown}"
    );
}

#[derive(Deserialize)]
struct Recordings {
    vectors: Vec<Recording>,
}

#[derive(Deserialize)]
struct Recording {
    name: String,
    product: String,
    action: String,
    version: String,
    call: RecordedCall,
    wire_v3: Wire,
    wire_v2: Wire,
}

#[derive(Deserialize)]
struct RecordedCall {
    params: BTreeMap<String, Value>,
    security_token: bool,
}

#[derive(Deserialize)]
struct Wire {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
}

/// JSON texts are the same when what they say is, but for the empty lists that the Python SDK adds.
fn normal(value: &str) -> Value {
    fn without_empty(value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .filter(|(_, member)| *member != json!([]))
                    .map(|(name, member)| (name, without_empty(member)))
                    .collect(),
            ),
            Value::Array(items) => items.into_iter().map(without_empty).collect(),
            other => other,
        }
    }
    match serde_json::from_str::<Value>(value) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_))) => without_empty(parsed),
        _ if value.eq_ignore_ascii_case("true") => json!("true"),
        _ if value.eq_ignore_ascii_case("false") => json!("false"),
        _ => json!(value),
    }
}

fn normalised(parameters: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    parameters
        .iter()
        .map(|(name, value)| (name.clone(), normal(value)))
        .collect()
}

fn decoded(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| alibaba_sign::percent::decode(text).unwrap();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Requests recorded from the official Python SDKs (ecs 7.11.8, hbr 2.7.1, ram 1.3.0, sts 1.2.0),
/// whose clients decide what is JSON and what stands in the form; we send the same parameters.
#[tokio::test]
async fn calls_travel_as_the_official_sdks_send_them() {
    let recordings: Recordings =
        serde_json::from_str(include_str!("../../tests/vectors/wire.json")).unwrap();
    assert_eq!(recordings.vectors.len(), 65);
    for recording in &recordings.vectors {
        let anonymous = recording.action == "AssumeRoleWithOIDC";
        for (scheme, wire) in [
            (SignatureScheme::Acs3, &recording.wire_v3),
            (SignatureScheme::RpcV1, &recording.wire_v2),
        ] {
            let stage = stage([OK]);
            // The recordings hold the token that was used.
            let token = wire
                .headers
                .get("x-acs-security-token")
                .or_else(|| wire.query.get("SecurityToken"))
                .cloned();
            assert_eq!(
                token.is_some(),
                recording.call.security_token,
                "{}",
                recording.name
            );
            let mut credentials = Credentials::new("FAKE-ACCESS-KEY-ID", "example-secret");
            if let Some(token) = token {
                credentials = credentials.with_security_token(token);
            }
            let product =
                Product::new(recording.product.to_lowercase(), &recording.version).unwrap();
            let region = crate::Region::CN_HANGZHOU;
            let client = if anonymous {
                Client::anonymous(&stage.context, product, region)
            } else {
                let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
                Client::builder(&stage.context, product, region, credentials)
            };
            let client = client.with_signature(scheme).build().unwrap();

            let mut call = client.call(&recording.action);
            for (name, value) in &recording.call.params {
                let in_form = wire.form.keys().any(|key| {
                    key.strip_prefix(name.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                let sent = if in_form { &wire.form } else { &wire.query };
                let as_text = sent.contains_key(name) && (value.is_object() || value.is_array());
                let value = if as_text {
                    serde_json::to_value(Json(value)).unwrap()
                } else {
                    value.clone()
                };
                call = if in_form {
                    call.form_param(name, value)
                } else {
                    call.param(name, value)
                };
            }
            call.send().await.unwrap();

            let seen = stage.http.seen.lock().unwrap();
            let (sent, name) = (&seen[0], format!("{} {scheme:?}", recording.name));
            assert_eq!(sent.method().as_str(), wire.method, "{name}");
            assert_eq!(sent.uri().path(), wire.path, "{name}");
            let mut query = decoded(sent.uri().query().unwrap_or_default());
            let old = scheme == SignatureScheme::RpcV1;
            for (varying, expected) in [
                ("Signature", old && !anonymous),
                ("SignatureNonce", old || anonymous),
                ("Timestamp", old || anonymous),
            ] {
                assert_eq!(
                    query.remove(varying).is_some(),
                    expected,
                    "{name}: {varying}"
                );
            }
            assert_eq!(normalised(&query), normalised(&wire.query), "{name}");
            let form = decoded(str::from_utf8(sent.body()).unwrap());
            assert_eq!(normalised(&form), normalised(&wire.form), "{name}");
            for (header, value) in &wire.headers {
                match header.as_str() {
                    "authorization" => {
                        let ours = sent.headers()[header].to_str().unwrap();
                        let begin = "ACS3-HMAC-SHA256 Credential=FAKE-ACCESS-KEY-ID,SignedHeaders=";
                        assert!(ours.starts_with(begin), "{name}");
                    }
                    // Of an empty body some of that SDK's calls still name the type.
                    "content-type" if wire.form.is_empty() => {}
                    "accept" if anonymous => {}
                    // Their form has other text for the same parameters: `+` for a space.
                    "x-acs-content-sha256" if !wire.form.is_empty() => {}
                    header => {
                        assert_eq!(
                            sent.headers()[header].to_str().unwrap(),
                            value,
                            "{name}: {header}"
                        );
                    }
                }
            }
        }
    }
}
