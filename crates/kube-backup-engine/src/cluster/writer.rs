//! Single requests to the API server that may change something: raw JSON in and out, repeated where
//! that is safe.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::connection::{ApiRequest, Connection, MAX_OBJECT};
use super::failure::{ApiResponse, Failure};
use super::query::with_query;
use super::reader::{ClusterReader, ListEncoding};
use super::retry::Retries;
use crate::{Error, Result};

const JSON: &str = "application/json";

/// The API server, for single requests that may change something.
#[derive(Clone)]
pub(crate) struct ClusterWriter {
    connection: Connection,
    dry_run: bool,
    /// Webhooks that the server could not call for as long as a request may take.
    given_up: Arc<Mutex<HashSet<String>>>,
}

impl ClusterWriter {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            dry_run: false,
            given_up: Arc::default(),
        }
    }

    /// Whatever is asked of the server, it changes nothing: it admits, defaults and checks, and says
    /// what would have become of it.
    pub(crate) fn for_dry_runs(mut self) -> Self {
        self.dry_run = true;
        self
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// What it sends through, for what is no plain request.
    pub(super) fn client(&self) -> &kube::Client {
        self.connection.client()
    }

    /// Those that say for whom requests are made.
    pub(super) fn headers(&self) -> &HeaderMap {
        self.connection.headers()
    }

    /// For reading from the same server.
    pub(crate) fn reader(&self) -> ClusterReader {
        ClusterReader::new(self.connection.clone(), ListEncoding::default())
    }

    /// The requests that are failing now.
    pub(crate) fn retries(&self) -> &Retries {
        self.connection.retries()
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.connection.timeouts().request
    }

    pub(crate) async fn get(&self, path: &str) -> Result<ApiResponse> {
        self.request(ApiRequest::get(path, JSON)).await
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Result<ApiResponse> {
        self.create_text(path, encode(object)?).await
    }

    pub(crate) async fn merge(&self, path: &str, patch: &Value) -> Result<ApiResponse> {
        self.merge_text(path, encode(patch)?).await
    }

    /// Creates an object that is printed already.
    pub(crate) async fn create_text(&self, path: &str, object: Bytes) -> Result<ApiResponse> {
        self.write(Method::POST, path, JSON, object).await
    }

    /// Sends a merge patch that is printed already.
    pub(crate) async fn merge_text(&self, path: &str, patch: Bytes) -> Result<ApiResponse> {
        let media = "application/merge-patch+json";
        self.write(Method::PATCH, path, media, patch).await
    }

    /// Deletes the object with this uid, and no other of its name.
    pub(crate) async fn delete(&self, path: &str, uid: &str) -> Result<ApiResponse> {
        let options =
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
        self.write(Method::DELETE, path, JSON, encode(&options)?)
            .await
    }

    async fn write(
        &self,
        method: Method,
        path: &str,
        media: &'static str,
        body: Bytes,
    ) -> Result<ApiResponse> {
        if path.contains(['?', '#']) {
            let step = format!("{method} `{path}`");
            return Err(Error::internal(step, "the path holds a query of its own"));
        }
        let parameters = [
            // What the server does not know is a warning, which the report has.
            ("fieldValidation", "Warn"),
            ("dryRun", if self.dry_run { "All" } else { "" }),
        ];
        let mut request = ApiRequest::get(&with_query(path, &parameters), JSON);
        request.method = method;
        request.limit = MAX_OBJECT;
        request.body = body;
        let media = HeaderValue::from_static(media);
        request.headers.insert(CONTENT_TYPE, media);
        self.request(request).await
    }

    /// Repeats what may pass, and gives up, naming what was asked, when the time is over. A webhook that
    /// failed for so long is not waited for again: thousands of objects may be for it.
    async fn request(&self, request: ApiRequest) -> Result<ApiResponse> {
        let given_up = || self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        let is_hopeless = |failure: &Failure, _| {
            let webhook = failure.webhook();
            webhook.is_some_and(|webhook| given_up().contains(webhook))
        };
        let response = self.connection.exchange(&request, is_hopeless).await;
        response.map_err(|failure| {
            given_up().extend(failure.webhook().map(str::to_owned));
            failure.into_error(&request.name())
        })
    }
}

fn encode(object: &Value) -> Result<Bytes> {
    serde_json::to_vec(object)
        .map(Bytes::from)
        .map_err(|error| Error::internal("encode an object", error))
}
