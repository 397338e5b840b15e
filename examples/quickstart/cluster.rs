//! The cluster: the user's own, a real throw-away one, or the embedded one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ack_backup_center::engine::{client_for, cluster_config};
use control_plane::ControlPlane;
use http::{Method, Request};
use kube::Client;
use kube::config::Kubeconfig;
use kube_local::KubeLocal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::binder::bind_claims;
use crate::failure::Result;
use crate::options::Options;

/// Longest time a namespace may take to be gone: other people's finalizers and APIServices decide.
const DELETION: Duration = Duration::from_secs(120);

enum Kind {
    Own {
        name: String,
        kubeconfig: Option<PathBuf>,
    },
    Real(Box<ControlPlane>),
    Embedded {
        server: KubeLocal,
        kubeconfig: PathBuf,
        /// They go with this.
        _folder: TempDir,
        _binder: JoinSet<()>,
    },
}

/// A cluster to work in.
pub(crate) struct Cluster {
    client: Client,
    kind: Kind,
}

impl Cluster {
    pub(crate) async fn connect(options: &Options) -> Result<Self> {
        if options.kubeconfig.is_some() || options.context.is_some() {
            let (file, context) = (options.kubeconfig.as_deref(), options.context.as_deref());
            let config = cluster_config(file, context).await?;
            let name = match &options.context {
                Some(context) => Some(context.clone()),
                None => file
                    .map(Kubeconfig::read_from)
                    .transpose()?
                    .and_then(|it| it.current_context),
            };
            let kind = Kind::Own {
                name: name.unwrap_or_default(),
                kubeconfig: options.kubeconfig.clone(),
            };
            return Ok(Self {
                client: client_for(config)?,
                kind,
            });
        }
        if std::env::var_os("KUBEBUILDER_ASSETS").is_some() {
            let plane = tokio::task::spawn_blocking(ControlPlane::start).await??;
            return Ok(Self {
                client: plane.client(),
                kind: Kind::Real(Box::new(plane)),
            });
        }
        let local = KubeLocal::start().await?;
        let client = client_for(kube::Config::new(local.url().parse()?))?;
        let mut binder = JoinSet::new();
        binder.spawn(bind_claims(client.clone()));
        let folder = tempfile::Builder::new()
            .prefix("ack-backup-quickstart-")
            .tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, local.kubeconfig())?;
        Ok(Self {
            client,
            kind: Kind::Embedded {
                server: local,
                kubeconfig,
                _folder: folder,
                _binder: binder,
            },
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Own { name, .. } => format!("yours, context `{name}`"),
            Kind::Real(plane) => format!("a real kube-apiserver for this run, {}", plane.url()),
            Kind::Embedded { server, .. } => format!("kube-local, embedded, {}", server.url()),
        }
    }

    /// A namespace's name; in a cluster of yours, one that nobody else uses.
    pub(crate) fn namespace(&self, name: &str) -> String {
        match self.kind {
            Kind::Own { .. } => control_plane::unique_name(&format!("quickstart-{name}")),
            _ => name.to_owned(),
        }
    }

    /// Whether custom kinds are defined too: not in a cluster of yours, since definitions have no
    /// namespace.
    pub(crate) fn has_definitions(&self) -> bool {
        !matches!(self.kind, Kind::Own { .. })
    }

    /// Creates an object, or waits until its kind is served.
    pub(crate) async fn create(&self, list: &str, object: &Value) -> Result<()> {
        let started = Instant::now();
        loop {
            let body = serde_json::to_vec(object)?;
            let request = Request::post(list)
                .header("content-type", "application/json")
                .body(body)?;
            match self.client.request::<Value>(request).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status))
                    if status.code == 404 && started.elapsed() < DELETION => {}
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>> {
        match self
            .client
            .request(Request::get(path).body(Vec::new())?)
            .await
        {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        let request = Request::builder()
            .method(Method::DELETE)
            .uri(path)
            .body(Vec::new())?;
        match self.client.request::<Value>(request).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let started = Instant::now();
        while self.get(path).await?.is_some() {
            if started.elapsed() > DELETION {
                return Err(
                    format!("delete `{path}`: it is still there after {DELETION:?}").into(),
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    pub(crate) async fn delete_namespace(&self, name: &str) -> Result<()> {
        self.delete(&format!("/api/v1/namespaces/{name}")).await
    }

    /// Deletes the definition of the sample application, and all objects of it.
    pub(crate) async fn delete_definitions(&self) -> Result<()> {
        if !self.has_definitions() {
            return Ok(());
        }
        self.delete(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/carts.shop.example.com",
        )
        .await
    }

    /// Deletes what was made in a cluster that goes on living.
    pub(crate) async fn clean_up(&self, namespaces: &[&str]) -> Result<()> {
        if matches!(self.kind, Kind::Own { .. }) {
            for namespace in namespaces {
                self.delete_namespace(namespace).await?;
            }
        }
        Ok(())
    }

    /// Whether it is a cluster of yours, and not one for this run.
    pub(crate) fn is_yours(&self) -> bool {
        matches!(self.kind, Kind::Own { .. })
    }

    /// How `kubectl` and `backup-center` are told of it.
    pub(crate) fn flags(&self) -> String {
        match &self.kind {
            Kind::Own { name, kubeconfig } => {
                let file = kubeconfig
                    .as_ref()
                    .map(|file| format!("--kubeconfig {} ", file.display()));
                format!("{}--context {name}", file.unwrap_or_default())
            }
            Kind::Real(plane) => format!("--kubeconfig {}", plane.kubeconfig_path().display()),
            Kind::Embedded { kubeconfig, .. } => format!("--kubeconfig {}", kubeconfig.display()),
        }
    }

    /// Says how to look inside.
    pub(crate) fn show(&self, namespace: &str) {
        println!(
            "Look at the cluster:\n  kubectl {} --namespace {namespace} get all,configmaps,secrets,pvc",
            self.flags()
        );
    }
}
