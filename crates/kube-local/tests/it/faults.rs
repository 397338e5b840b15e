//! A server that can be told to fail, by the requests that it is asked.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use kube_local::{Fault, KubeLocal, Rule};
use serde_json::json;
use tokio::time::timeout;

/// A request without kube's own retries.
async fn send(
    cluster: &KubeLocal,
    method: Method,
    path: &str,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    let body = match method {
        Method::POST => json!({"metadata": {"name": "a"}}).to_string(),
        _ => String::new(),
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", cluster.url()))
        .header("content-type", "application/json")
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
    client.build_http().request(request).await
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn a_server_can_stop_talking_and_leave_the_connection_open() {
    let cluster = KubeLocal::start().await.unwrap();
    let wait = Duration::from_millis(300);
    let never = Rule::new(Fault::NeverReply).method("POST");
    cluster.faults().add(never.times(1));
    let silent = timeout(wait, send(&cluster, Method::POST, MAPS));
    assert!(silent.await.is_err());
    let again = send(&cluster, Method::POST, MAPS).await.unwrap();
    assert_eq!(again.status(), 409, "it was handled");

    let stall = Rule::new(Fault::StallBody(10)).path_contains("configmaps");
    cluster.faults().add(stall.times(1));
    let mut list = send(&cluster, Method::GET, MAPS).await.unwrap();
    assert_eq!(list.status(), 200);
    let first = list.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap().len(), 10);
    assert!(timeout(wait, list.frame()).await.is_err());
    let again = send(&cluster, Method::GET, MAPS).await.unwrap();
    assert!(again.collect().await.unwrap().to_bytes().len() > 10);
}

#[tokio::test]
async fn faults_hit_the_requests_they_are_meant_for() {
    let cluster = KubeLocal::start().await.unwrap();
    let version = || send(&cluster, Method::GET, "/version");
    let post = || send(&cluster, Method::POST, MAPS);
    cluster.faults().add(
        Rule::new(Fault::Throttle {
            wait: Duration::from_secs(7),
        })
        .times(1),
    );
    let throttled = version().await.unwrap();
    assert_eq!(throttled.status(), 429);
    assert_eq!(throttled.headers()["retry-after"], "7");
    assert_eq!(version().await.unwrap().status(), 200);

    cluster
        .faults()
        .add(Rule::new(Fault::Refuse).method("POST").times(1));
    post().await.unwrap_err();
    cluster
        .faults()
        .add(Rule::new(Fault::LoseReply).method("POST").times(1));
    post().await.unwrap_err();
    assert_eq!(
        post().await.unwrap().status(),
        409,
        "the lost reply's object is there"
    );

    let cut = Rule::new(Fault::ResetBody(100)).path_contains("configmaps");
    cluster.faults().add(cut.times(1));
    let cut = send(&cluster, Method::GET, MAPS).await.unwrap();
    assert_eq!(cut.status(), 200);
    cut.collect().await.unwrap_err();
    assert_eq!(cluster.faults().injected(), 4);

    // The same seed hits the same requests.
    let mut runs = Vec::new();
    for _ in 0..2 {
        cluster.faults().random(
            11,
            0.3,
            &[
                Fault::Status(500, "InternalError"),
                Fault::Status(410, "Expired"),
            ],
        );
        let mut codes = Vec::new();
        for _ in 0..40 {
            codes.push(version().await.unwrap().status().as_u16());
        }
        runs.push(codes);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&500) && runs[0].contains(&410) && runs[0].contains(&200));
    cluster.faults().clear();
}
