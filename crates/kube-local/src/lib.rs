#![doc = include_str!("../README.md")]

mod apply;
mod catalog;
mod cluster;
mod error;
mod faults;
mod go_order;
mod http;
mod kinds;
mod patch;
mod protobuf;
mod requests;
mod schema;
mod selector;
mod stamp;
mod store;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use faults::{Fault, Faults, Rule};
pub use requests::{RequestLog, RequestRecord};

pub use http::{Body, Hangup};

use cluster::Cluster;
use http::{HostNames, Server};

/// The server could not start.
#[derive(Debug, thiserror::Error)]
#[error("listen on `{address}`: choose another address, or port 0 for any free one")]
pub struct StartError {
    address: SocketAddr,
    #[source]
    source: std::io::Error,
}

/// Why an address beyond this machine is not listened on.
const BEYOND: &str = "others can reach it, and everybody who does is an administrator; allow that by \
                      `Builder::allow_remote`, or `--allow-remote` of the program";

/// How a server runs; see [`KubeLocal::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    address: SocketAddr,
    allow_remote: bool,
    host_names: Vec<String>,
    history: Duration,
    controller_delay: Duration,
}

impl Builder {
    /// Listens here instead of on a free port of 127.0.0.1. There is no authentication: anybody
    /// who reaches the address is an administrator, so one that others can reach also needs
    /// [`Self::allow_remote`].
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Allows an address that others than this machine can reach.
    pub fn allow_remote(mut self) -> Self {
        self.allow_remote = true;
        self
    }

    /// A name under which the server may be called, beside addresses and `localhost`. Requests under
    /// other names are refused with 403: a page in a browser could send them.
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.host_names.push(name.into());
        self
    }

    /// Keeps history at least this long (five minutes unless set, as a real cluster does). Lists
    /// and watches at older revisions get 410.
    pub fn history(mut self, history: Duration) -> Self {
        self.history = history;
        self
    }

    /// Lets controllers wait this long before they act: until then a CRD is not Established, a
    /// deleted namespace is Terminating, a new one has no ServiceAccount. At once unless set.
    pub fn controller_delay(mut self, delay: Duration) -> Self {
        self.controller_delay = delay;
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on, or others can reach it and that is not allowed.
    pub async fn start(self) -> Result<KubeLocal, StartError> {
        let error = |source| StartError {
            address: self.address,
            source,
        };
        if !self.address.ip().to_canonical().is_loopback() && !self.allow_remote {
            return Err(error(std::io::Error::other(BEYOND)));
        }
        let listener = tokio::net::TcpListener::bind(self.address)
            .await
            .map_err(error)?;
        let cluster = Cluster::new(self.history, self.controller_delay);
        let (faults, requests) = (Faults::default(), RequestLog::default());
        let server = Server::listening(
            listener,
            HostNames::new(self.host_names),
            Arc::clone(&cluster),
            faults.clone(),
            requests.clone(),
        )
        .map_err(error)?;
        Ok(KubeLocal {
            cluster,
            faults,
            requests,
            server,
        })
    }

    /// Starts a server that listens nowhere, so that nobody but who holds it can reach it: what it is asked comes by
    /// [`KubeLocal::respond`].
    pub fn embedded(self) -> KubeLocal {
        let cluster = Cluster::new(self.history, self.controller_delay);
        let (faults, requests) = (Faults::default(), RequestLog::default());
        let server = Server::embedded(
            HostNames::new(self.host_names),
            Arc::clone(&cluster),
            faults.clone(),
            requests.clone(),
        );
        KubeLocal {
            cluster,
            faults,
            requests,
            server,
        }
    }
}

/// A running server. It stops when this is dropped, and all of the cluster is forgotten.
pub struct KubeLocal {
    cluster: Arc<Cluster>,
    faults: Faults,
    requests: RequestLog,
    server: Server,
}

impl std::fmt::Debug for KubeLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeLocal")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

impl KubeLocal {
    /// Starts an empty cluster on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Options before the start.
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            host_names: Vec::new(),
            history: Duration::from_secs(300),
            controller_delay: Duration::ZERO,
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`. One that is [embedded](Builder::embedded) listens nowhere, and says
    /// `http://localhost`.
    #[must_use]
    pub fn url(&self) -> String {
        match self.server.address {
            Some(address) => format!("http://{address}"),
            None => "http://localhost".to_owned(),
        }
    }

    /// Responds to a request as if it had come over a connection; a client can be made of this.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use kube_local::KubeLocal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Arc::new(KubeLocal::builder().embedded());
    /// let of = Arc::clone(&cluster);
    /// let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
    ///     let of = Arc::clone(&of);
    ///     async move { of.respond(request).await }
    /// });
    /// let client = kube::Client::new(service, "default");
    /// assert_eq!(client.apiserver_version().await?.major, "1");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When an injected [fault](Self::faults) loses the reply.
    pub async fn respond<B>(
        &self,
        request: ::http::Request<B>,
    ) -> Result<::http::Response<Body>, Hangup>
    where
        B: ::http_body::Body<Data = ::bytes::Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.server.respond(request).await
    }

    /// A kubeconfig for it, as YAML.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: kube-local\n  cluster:\n    \
             server: {}\nusers:\n- name: kube-local\n  user: {{}}\ncontexts:\n- name: kube-local\n  \
             context:\n    cluster: kube-local\n    user: kube-local\n\
             current-context: kube-local\n",
            self.url()
        )
    }

    /// Faults to inject.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What it was asked.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.requests
    }

    /// The revision of the newest write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.cluster.lock().store.revision()
    }

    /// Forgets all history now: lists and watches at older revisions, and pages begun before,
    /// get 410.
    pub fn compact(&self) {
        let mut state = self.cluster.lock();
        let revision = state.store.revision();
        state.store.compact(revision);
    }

    /// Shows a group and version (`metrics.k8s.io/v1beta1`) as `freshness: Stale` in discovery, as
    /// an APIService without backend is shown, or no more. An APIService object that names a
    /// service does the same.
    pub fn set_stale(&self, group_version: &str, stale: bool) {
        let group_version = group_version.to_owned();
        self.cluster.write(|state| {
            if stale {
                state.stale.insert(group_version);
            } else {
                state.stale.remove(&group_version);
            }
        });
    }
}

impl Drop for KubeLocal {
    fn drop(&mut self) {
        self.server.stop.send_replace(true);
    }
}
