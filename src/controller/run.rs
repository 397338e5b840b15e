//! From the start of a controller to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::client::ClientBuilder;
use kube::runtime::{WatchStreamExt as _, watcher};
use parking_lot::RwLock;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::context::{Context, Queues};
use super::leader::{Election, ElectionError, Fence};
use super::metrics::Metrics;
use super::options::Options;
use super::present::Present;
use super::report::Reporter;
use super::settings::{CONFIG, Settings};
use super::shown::Shown;
use super::streams::reconcile_all;
use super::vaults::Vaults;
use super::work::Jobs;
use super::{backups, conversions, deletions, http, plans, restores, vaults};
use crate::clusters;

/// How long a connection to the API server may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the API server may say nothing where it should: more than a watch, which it ends within five minutes
/// (`watcher::Config`), and a request that a webhook holds up.
const SILENCE: Duration = Duration::from_secs(330);
/// How often the API server is asked at the start.
const ATTEMPTS: u32 = 7;

/// A controller could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// No client can be made of the configuration.
    #[error("make a client of the API server")]
    Client(#[source] Box<kube::Error>),
    /// The cluster cannot be told from others.
    #[error("read the uid of namespace `kube-system`, by which clusters are told apart")]
    Cluster(#[source] Box<kube::Error>),
    /// No leader can be elected.
    #[error("take part in the election of a leader")]
    Election(#[from] ElectionError),
}

/// Runs a controller until `stop` is ready, and stops it then.
///
/// What is under way then has some time to come to its end. What does not, and what was under way when a process is killed, is gone on
/// with by the next one: it is found by the uid of its object.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ack_backup_center::cloud::Cloud;
/// use ack_backup_center::controller::{Options, run};
/// use ack_backup_center::core::{Context, Region, credentials};
/// use ack_backup_center::engine::cluster_config;
///
/// let context = Context::system()?;
/// let cloud = Cloud::new(&context, Region::CN_HANGZHOU, credentials::default_chain(&context));
/// let options = Options::new(cluster_config(None, None).await?, cloud);
/// run(options, async { drop(tokio::signal::ctrl_c().await) }).await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// If it cannot be started.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let fence = match &options.election {
        Some(_) => Fence::closed(),
        None => Fence::open(),
    };
    let mut election = match &options.election {
        Some((lease, times)) => Some(Election::new(
            options.config.clone(),
            (&options.namespace, lease),
            options.identity.clone(),
            *times,
            fence.clone(),
        )?),
        None => None,
    };
    let grace = options.grace;
    let mut options = options;
    let listener = options.listener.take();
    let mut stop = std::pin::pin!(stop);
    let starting = tokio::select! {
        () = &mut stop => return Ok(()),
        context = context(options, fence) => context?,
    };
    let context = Arc::new(starting);
    // Gone with this function.
    let mut serving = JoinSet::new();
    if let Some(listener) = listener {
        let context = context.clone();
        serving.spawn(async move {
            if let Err(error) = http::serve(listener, context).await {
                tracing::error!(%error, "serve health and metrics");
            }
        });
    }
    loop {
        if let Some(election) = &mut election {
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = election.won() => tracing::info!("this process leads"),
            }
        }
        let mut work = start(&context);
        let stopped = match &mut election {
            Some(election) => tokio::select! {
                () = &mut stop => true,
                () = election.lost() => false,
            },
            None => {
                (&mut stop).await;
                true
            }
        };
        // No new work; and what is under way ends, or is dropped where it is when somebody else may go on with it.
        work.abort_all();
        if stopped {
            // Who has no place only waits: the next process waits as well.
            context.queues.close();
            let ending = async {
                let end = Instant::now() + grace;
                let at_work = || context.queues.taken() + context.jobs.clearing();
                while at_work() > 0 && Instant::now() < end {
                    sleep(Duration::from_millis(50)).await;
                }
            };
            match &mut election {
                Some(election) => tokio::select! {
                    () = ending => {}
                    () = election.lost() => {}
                },
                None => ending.await,
            }
        }
        context.jobs.abort_all();
        context.vaults.clear();
        context.shown.clear();
        context.metrics.leads_no_more();
        while work.join_next().await.is_some() {}
        match (&mut election, stopped) {
            (Some(election), true) => {
                election.resign().await;
                return Ok(());
            }
            (None, _) => return Ok(()),
            (Some(_), false) => tracing::warn!("this process leads no more"),
        }
    }
}

async fn context(options: Options, fence: Fence) -> Result<Context, RunError> {
    let mut config = options.config;
    // The engine and the reconciles try again themselves, with deadlines.
    config.default_retry = false;
    config.connect_timeout = Some(config.connect_timeout.unwrap_or(CONNECT).min(CONNECT));
    config.read_timeout = Some(config.read_timeout.unwrap_or(SILENCE).min(SILENCE));
    let client = ClientBuilder::try_from(config)
        .map_err(|error| RunError::Client(Box::new(error)))?
        .with_layer(&fence)
        .build();
    let cluster = cluster_uid(&client).await?;
    let settings = Settings::default();
    let (shown, present) = (Shown::default(), Present::default());
    let here = (&*options.namespace, &*cluster);
    Ok(Context {
        scheduler: plans::scheduler(client.clone(), here, shown.clone(), present.clone()),
        plan_is_gone: Arc::default(),
        reporter: Reporter::new(client.clone(), options.identity),
        client,
        namespace: options.namespace,
        cloud: options.cloud,
        placement: options.placement,
        may_use_machine: options.may_use_machine,
        cluster_id: options.cluster_id,
        kubelet_root: options.kubelet_root,
        fence,
        queues: Queues::new(&settings),
        settings: RwLock::new(settings),
        jobs: Jobs::default(),
        vaults: Vaults::default(),
        shown,
        present,
        metrics: Metrics::new(),
        cluster,
    })
}

/// By what the cluster is told from others. A process that starts with its cluster may be earlier than the API server.
async fn cluster_uid(client: &kube::Client) -> Result<String, RunError> {
    let mut pause = Duration::from_millis(500);
    let mut attempt = 1;
    loop {
        let error = match timeout(CONNECT, clusters::uid(client)).await {
            Ok(Ok(uid)) => return Ok(uid),
            Ok(Err(error)) => error,
            Err(late) => kube::Error::Service(Box::new(late)),
        };
        if attempt == ATTEMPTS {
            return Err(RunError::Cluster(Box::new(error)));
        }
        tracing::warn!(
            error = crate::chain::chain(&error),
            "wait for the API server"
        );
        sleep(pause).await;
        pause *= 2;
        attempt += 1;
    }
}

/// Starts all that a leader does.
fn start(context: &Arc<Context>) -> JoinSet<()> {
    let mut work = JoinSet::new();
    work.spawn(settings(context.clone()));
    work.spawn(reconcile_all(context.clone(), vaults::reconcile));
    work.spawn(reconcile_all(context.clone(), backups::reconcile));
    work.spawn(reconcile_all(context.clone(), restores::reconcile));
    work.spawn(reconcile_all(context.clone(), plans::reconcile));
    work.spawn(reconcile_all(context.clone(), deletions::reconcile));
    work.spawn(reconcile_all(context.clone(), conversions::reconcile));
    work
}

/// Keeps to ConfigMap `csdr-config` as it changes.
async fn settings(context: Arc<Context>) {
    let api = Api::<ConfigMap>::namespaced(context.client.clone(), &context.namespace);
    let only = watcher::Config::default().fields(&format!("metadata.name={CONFIG}"));
    let maps = watcher(api, only).default_backoff();
    let mut maps = std::pin::pin!(maps);
    while let Some(event) = maps.next().await {
        let map = match event {
            Ok(watcher::Event::Apply(map) | watcher::Event::InitApply(map)) => Some(map),
            Ok(watcher::Event::Delete(_)) => None,
            _ => continue,
        };
        match Settings::of(map.as_ref().and_then(|it| it.data.as_ref())) {
            Ok((settings, remarks)) => {
                for remark in &remarks {
                    tracing::warn!(remark, "read ConfigMap `{CONFIG}`");
                }
                if *context.settings.read() != settings {
                    tracing::info!(?settings, "new settings, for what starts from now on");
                    context.queues.resize(&settings);
                    *context.settings.write() = settings;
                }
            }
            Err(error) => {
                tracing::error!(error, "keep to the settings from before");
                if let Some(map) = &map {
                    context.reporter.warning(map, "NotRead", &error).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_api_server_that_says_nothing_is_not_waited_for_for_ever() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let silent = tower::service_fn(move |_: ::http::Request<kube::client::Body>| {
            count.fetch_add(1, Ordering::Relaxed);
            pending::<Result<::http::Response<kube::client::Body>, Infallible>>()
        });
        let client = kube::Client::new(silent, "csdr");
        let error = cluster_uid(&client).await.unwrap_err();
        assert!(matches!(error, RunError::Cluster(_)), "{error}");
        assert_eq!(asked.load(Ordering::Relaxed), ATTEMPTS);
    }
}
