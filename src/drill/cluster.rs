//! The cluster that a drill restores into.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use kube::client::Body;
use kube_local::KubeLocal;
use serde_json::{Value, json};

/// A cluster in this process, which nobody else can reach: what is restored into it are Secrets, too.
pub(super) struct DrillCluster {
    cluster: Arc<KubeLocal>,
    client: kube::Client,
}

impl DrillCluster {
    pub(super) fn start() -> Self {
        let cluster = KubeLocal::builder().history(Duration::ZERO).embedded();
        let cluster = Arc::new(cluster);
        let of = Arc::clone(&cluster);
        let service = tower::service_fn(move |request: Request<Body>| {
            let of = Arc::clone(&of);
            async move { of.respond(request).await }
        });
        Self {
            cluster,
            client: kube::Client::new(service, "default"),
        }
    }

    pub(super) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The object at a path; `None` where there is none.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, kube::Error> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// Takes off what would keep an object from being deleted.
    pub(super) async fn free(&self, path: &str) -> Result<(), kube::Error> {
        let body = json!({"metadata": {"finalizers": null}}).to_string();
        self.ask(Method::PATCH, path, body.into_bytes()).await?;
        Ok(())
    }

    /// Deletes a namespace with all that is in it, and forgets that it was there.
    pub(super) async fn delete_namespace(&self, name: &str) -> Result<(), kube::Error> {
        let path = format!("/api/v1/namespaces/{name}");
        self.ask(Method::DELETE, &path, Vec::new()).await?;
        self.cluster.compact();
        self.cluster.requests().clear();
        if self.get(&path).await?.is_some() {
            tracing::warn!(
                name,
                "a namespace of a drill stays until the drill is over, since something in it cannot be deleted"
            );
        }
        Ok(())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Option<Value>, kube::Error> {
        let content = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, content)
            .body(body)
            .map_err(kube::Error::HttpError)?;
        match self.client.request::<Value>(request).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }
}
