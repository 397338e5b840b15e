//! Raw requests to the API server: as fast as one client can, with nothing between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use measure::Outcome;
use tower::util::MapRequestLayer;

use crate::objects::object;
use crate::plan::Plan;

/// Counts requests, and notes which lists they read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    calls: AtomicU64,
    lists: Mutex<Vec<String>>,
}

impl Counter {
    fn see(&self, request: &Request<Body>) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        let query = request.uri().query().unwrap_or_default();
        if query.contains("limit=") && !query.contains("continue=") {
            let mut lists = self.0.lists.lock().unwrap_or_else(PoisonError::into_inner);
            lists.push(request.uri().path().to_owned());
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn lists(&self) -> Vec<String> {
        let lists = self.0.lists.lock();
        lists.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client of the plan's cluster, and the counter of its requests.
pub(crate) async fn connect(plan: &Plan) -> Outcome<(Client, Counter)> {
    let kubeconfig = Kubeconfig::read_from(&plan.kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let counter = Counter::default();
    let seen = counter.clone();
    let count = move |request: Request<Body>| {
        seen.see(&request);
        request
    };
    let client = ClientBuilder::try_from(config)?
        .with_layer(&MapRequestLayer::new(count))
        .build();
    Ok((client, counter))
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Outcome<Response<Body>> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", "application/json")
        .header("accept-encoding", "identity")
        .header("content-type", "application/json")
        .body(Body::from(body))?;
    let response = client.send(request).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let text = response.into_body().collect().await?.to_bytes();
    Err(format!("`{path}`: {status} {}", String::from_utf8_lossy(&text)).into())
}

/// Creates the objects that are to be backed up.
pub(crate) async fn populate(client: &Client, plan: &Plan) -> Outcome<()> {
    let namespaces = plan.namespaces("shop");
    make_namespaces(client, &namespaces).await?;
    create_all(client, plan, &namespaces, 32).await
}

pub(crate) async fn make_namespaces(client: &Client, namespaces: &[String]) -> Outcome<()> {
    for name in namespaces {
        let body = format!("{{\"metadata\":{{\"name\":\"{name}\"}}}}");
        let made = send(client, Method::POST, "/api/v1/namespaces", body.into()).await?;
        made.into_body().collect().await?;
    }
    Ok(())
}

/// The bare loop: every object by one request, so many at a time.
pub(crate) async fn create_all(
    client: &Client,
    plan: &Plan,
    namespaces: &[String],
    at_once: usize,
) -> Outcome<()> {
    stream::iter(0..plan.objects)
        .map(|number| async move {
            let (plural, body) = object(number);
            let namespace = &namespaces[number % namespaces.len()];
            let path = format!("/api/v1/namespaces/{namespace}/{plural}");
            let made = send(client, Method::POST, &path, body).await?;
            made.into_body().collect().await?;
            Outcome::Ok(())
        })
        .buffer_unordered(at_once)
        .try_collect()
        .await
}

/// Reads whole lists page by page, so many lists at a time, and keeps nothing.
pub(crate) async fn read_lists(client: &Client, lists: &[String], at_once: usize) -> Outcome<u64> {
    stream::iter(lists)
        .map(|list| read_list(client, list))
        .buffer_unordered(at_once)
        .try_fold(0, |total, bytes| async move { Ok(total + bytes) })
        .await
}

async fn read_list(client: &Client, list: &str) -> Outcome<u64> {
    /// More than the envelope of a list has on either side of its items.
    const MARGIN: usize = 1024;
    let mut total = 0;
    let mut token = String::new();
    loop {
        let path = format!("{list}?limit=500{token}");
        let mut body = send(client, Method::GET, &path, Vec::new())
            .await?
            .into_body();
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            let Some(bytes) = frame.data_ref() else {
                continue;
            };
            total += bytes.len() as u64;
            if head.len() < MARGIN {
                head.extend_from_slice(&bytes[..bytes.len().min(MARGIN)]);
            }
            if bytes.len() < MARGIN {
                let keep = tail.len().min(MARGIN);
                tail.drain(..tail.len() - keep);
            } else {
                tail.clear();
            }
            tail.extend_from_slice(&bytes[bytes.len() - bytes.len().min(MARGIN)..]);
        }
        // Built-in lists have the continue token before the items, custom resources after them.
        match continue_token(&head).or_else(|| continue_token(&tail)) {
            Some(found) => token = format!("&continue={found}"),
            None => return Ok(total),
        }
    }
}

fn continue_token(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let (_, rest) = text.split_once("\"continue\":\"")?;
    let (token, _) = rest.split_once('"')?;
    // Base64url with its padding.
    (!token.is_empty()).then(|| token.replace('=', "%3D"))
}
