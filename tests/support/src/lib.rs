//! Raw verbs on an API server, for tests: JSON in and out, without types and without a retry that the
//! test does not see. And processes that end with the test.

pub mod kubelet;
mod running;

use std::borrow::Borrow;
use std::time::{Duration, Instant};

use http::{Method, Request};
use kube::Client;
use serde_json::Value;

pub use running::Running;

/// How long a definition may take until its objects can be created.
const SERVED: Duration = Duration::from_secs(30);
/// How long an object may take to become what a test waits for.
const READY: Duration = Duration::from_secs(120);
/// How long an object may take to be gone.
const GONE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(100);

/// A client of the API server at `url`, which asks for no credentials.
///
/// # Panics
/// When `url` is none.
#[must_use]
pub fn client(url: &str) -> Client {
    let config = kube::Config::new(url.parse().expect("the URL of a cluster"));
    Client::try_from(config).expect("a client of a cluster without credentials")
}

/// Sends JSON, or nothing for `null`; patches are merge patches.
///
/// # Errors
/// What the server says.
///
/// # Panics
/// When `path` is none.
pub async fn send(
    client: &Client,
    method: Method,
    path: &str,
    body: &Value,
) -> Result<Value, kube::Error> {
    let media = match method {
        Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    let bytes = match body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media)
        .body(bytes);
    client.request(request.expect("a path")).await
}

/// Creates an object in `list`, and returns it as the server has it. Waits while its kind is not served.
///
/// # Panics
/// When the server refuses it.
pub async fn create(client: &Client, list: &str, object: impl Borrow<Value>) -> Value {
    let started = Instant::now();
    loop {
        match send(client, Method::POST, list, object.borrow()).await {
            Ok(created) => return created,
            Err(kube::Error::Api(status)) if status.code == 404 && started.elapsed() < SERVED => {}
            Err(error) => panic!("create in {list}: {error}"),
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The object at `path`; `None` when there is none.
///
/// # Panics
/// When the server fails.
pub async fn get(client: &Client, path: &str) -> Option<Value> {
    match send(client, Method::GET, path, &Value::Null).await {
        Ok(object) => Some(object),
        Err(kube::Error::Api(status)) if status.code == 404 => None,
        Err(error) => panic!("get {path}: {error}"),
    }
}

/// Changes an object by a merge patch.
///
/// # Panics
/// When the server refuses it.
pub async fn patch(client: &Client, path: &str, change: &Value) {
    send(client, Method::PATCH, path, change)
        .await
        .unwrap_or_else(|error| panic!("patch {path}: {error}"));
}

/// Waits until `ready` is content with the object at `path`, which is `null` while there is none.
///
/// # Panics
/// When that takes too long.
pub async fn until(
    client: &Client,
    path: &str,
    what: &str,
    ready: impl Fn(&Value) -> bool,
) -> Value {
    let started = Instant::now();
    loop {
        let object = get(client, path).await.unwrap_or_default();
        if ready(&object) {
            return object;
        }
        assert!(started.elapsed() < READY, "{path} is not {what}: {object}");
        tokio::time::sleep(POLL).await;
    }
}

/// Deletes an object, if it is there, and waits until it is gone.
///
/// # Panics
/// When the server refuses it, or it stays.
pub async fn delete(client: &Client, path: &str) {
    match send(client, Method::DELETE, path, &Value::Null).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => return,
        Err(error) => panic!("delete {path}: {error}"),
    }
    let started = Instant::now();
    while get(client, path).await.is_some() {
        assert!(started.elapsed() < GONE, "{path} is still there");
        tokio::time::sleep(POLL).await;
    }
}
