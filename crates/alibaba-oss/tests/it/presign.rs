//! What is signed for somebody else, used by a client that knows nothing of OSS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cloud::{self, BUCKET, ID, SECRET};
use alibaba_core::credentials::{CredentialsError, Identity, ProvideCredentials};
use alibaba_core::{Credentials, Region};
use alibaba_local::User;
use alibaba_oss::{Client, Presigned};
use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;

const HOUR: Duration = Duration::from_secs(3600);

async fn use_it(presigned: &Presigned, body: &'static str) -> (StatusCode, Bytes, String) {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = presigned.method.clone();
    *request.uri_mut() = presigned.url().parse().unwrap();
    *request.headers_mut() = presigned.headers.clone();
    let client = legacy::Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let (head, body) = response.into_parts();
    let etag = head.headers.get("etag").map(|tag| tag.to_str().unwrap());
    let etag = etag.unwrap_or_default().trim_matches('"').to_owned();
    (head.status, body.collect().await.unwrap().to_bytes(), etag)
}

#[tokio::test]
async fn put_get_and_head_work_without_credentials() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let key = "a b/中文+.txt";
    let put = client
        .put_object(BUCKET, key, "")
        .content_type("text/plain")
        .metadata("author", "me")
        .presign(HOUR)
        .await
        .unwrap();
    assert_eq!(use_it(&put, "hello").await.0, StatusCode::OK);
    let info = client.head_object(BUCKET, key).await.unwrap();
    assert_eq!(info.metadata("author"), Some("me"));

    let get = client.get_object(BUCKET, key);
    let (status, body, _) = use_it(&get.clone().presign(HOUR).await.unwrap(), "").await;
    assert_eq!((status, &*body), (StatusCode::OK, &b"hello"[..]));
    let head = get.presign_head(HOUR).await.unwrap();
    assert_eq!(use_it(&head, "").await.0, StatusCode::OK);

    // Signed headers cannot be left out.
    let mut altered = put.clone();
    altered.headers.remove("x-oss-meta-author");
    assert_eq!(use_it(&altered, "x").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn parts_are_uploaded_by_somebody_else() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let id = client.initiate_upload(BUCKET, "big").send().await.unwrap();
    let part = client
        .presign_part(BUCKET, "big", &id, 1, HOUR)
        .await
        .unwrap();
    let (status, _, etag) = use_it(&part, "tail").await;
    assert_eq!(status, StatusCode::OK);
    let listed = client.list_parts(BUCKET, "big", &id).send().await.unwrap();
    assert_eq!(listed.parts[0].etag, etag);
}

#[tokio::test]
async fn expiry_and_secrecy_are_kept() {
    let cloud = cloud::start().await;
    let client = cloud.client();
    let get = || client.get_object(BUCKET, "a");
    for wrong in [Duration::ZERO, Duration::from_secs(7 * 24 * 3600 + 1)] {
        let error = get().presign(wrong).await.unwrap_err();
        assert_eq!(error.kind(), alibaba_oss::ErrorKind::Configuration);
    }
    let presigned = get().presign(HOUR).await.unwrap();
    assert!(!format!("{presigned:?}").contains("signature"));
    cloud.0.clock().set_offset_seconds(3700);
    assert_eq!(use_it(&presigned, "").await.0, StatusCode::FORBIDDEN);
}

/// Hands out one token, and the next once it is told that the first is refused.
#[derive(Debug)]
struct Rotating(Mutex<Vec<Arc<Identity>>>);

impl Rotating {
    fn new(tokens: &[&str]) -> Arc<Self> {
        let identity = |token: &&str| {
            let credentials = Credentials::new(ID, SECRET).with_security_token(*token);
            let expires_at = Utc::now() + TimeDelta::minutes(10);
            Arc::new(Identity::new("rotating", credentials, Some(expires_at)).unwrap())
        };
        Arc::new(Self(Mutex::new(tokens.iter().map(identity).collect())))
    }
}

impl ProvideCredentials for Rotating {
    fn name(&self) -> &'static str {
        "rotating"
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        let identity = self.0.lock().unwrap()[0].clone();
        Box::pin(async move { Ok(identity) })
    }

    fn invalidate(&self, _: &Identity) {
        let mut identities = self.0.lock().unwrap();
        if identities.len() > 1 {
            identities.remove(0);
        }
    }
}

fn client_of(cloud: &cloud::Cloud, credentials: Arc<Rotating>) -> Client {
    let context = cloud::context();
    Client::builder(&context, Region::CN_HANGZHOU, credentials)
        .with_endpoint(cloud.0.endpoint().parse().unwrap())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let cloud = cloud::start_with(User::new(ID, SECRET).with_security_token("new")).await;
    let client = client_of(&cloud, Rotating::new(&["old", "new"]));
    client
        .put_object(BUCKET, "a", "hello")
        .send()
        .await
        .unwrap();
    assert_eq!(cloud.0.requests().len(), 2);

    // Where there is no other, the refusal is the response, without a second request.
    let client = client_of(&cloud, Rotating::new(&["old"]));
    cloud.0.requests().clear();
    let error = client
        .put_object(BUCKET, "a", "x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.service_code(), Some("InvalidSecurityToken"));
    assert_eq!(cloud.0.requests().len(), 1);
}

#[tokio::test]
async fn a_url_ends_with_the_token_it_is_signed_with() {
    let cloud = cloud::start_with(User::new(ID, SECRET).with_security_token("new")).await;
    let client = client_of(&cloud, Rotating::new(&["new"]));
    client
        .put_object(BUCKET, "a", "hello")
        .send()
        .await
        .unwrap();
    let get = client.get_object(BUCKET, "a").presign(HOUR).await.unwrap();
    assert!(get.expires_at < Utc::now() + TimeDelta::minutes(11));
    assert_eq!(use_it(&get, "").await.1, "hello");
}

#[tokio::test]
async fn a_form_holds_its_conditions_as_it_is_signed() {
    use base64::Engine as _;
    let cloud = cloud::start().await;
    let client = cloud.client();
    let form = client
        .post_policy(BUCKET)
        .key_prefix("users/42/")
        .content_length(1..=1000)
        .field("success_action_status", "201")
        .sign(HOUR)
        .await
        .unwrap();
    let field = |name: &str| {
        let found = form.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).unwrap()
    };
    assert_eq!(field("key"), "users/42/${filename}");
    assert!(form.url.ends_with("/backups/"), "{}", form.url);
    let policy = base64::prelude::BASE64_STANDARD
        .decode(field("policy"))
        .unwrap();
    let policy: serde_json::Value = serde_json::from_slice(&policy).unwrap();
    let conditions = policy["conditions"].as_array().unwrap();
    for condition in [
        serde_json::json!(["starts-with", "$key", "users/42/"]),
        serde_json::json!(["content-length-range", 1, 1000]),
        serde_json::json!(["eq", "$success_action_status", "201"]),
        serde_json::json!({"bucket": BUCKET}),
        serde_json::json!({"x-oss-date": field("x-oss-date")}),
        serde_json::json!({"x-oss-credential": field("x-oss-credential")}),
    ] {
        assert!(conditions.contains(&condition), "{condition} in {policy}");
    }
    assert!(!format!("{form:?}").contains(field("x-oss-signature")));
    assert!(client.post_policy(BUCKET).sign(HOUR).await.is_err());
}
