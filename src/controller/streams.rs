//! One watch for each kind, and what goes wrong in one kept from the others.

use std::borrow::Cow;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use kube::core::error_boundary::InvalidObject;
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector;
use kube::runtime::watcher::Event;
use kube::runtime::{Controller, WatchStreamExt as _, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::sleep;

use super::context::Context;
use super::kept::Kept;
use super::present::Gone;
use super::work::JobKey;
use super::{backups, plans, vaults, verification};
use crate::chain::chain;
use crate::crds::phase;

/// Reconciles of one kind at once. Work that takes long is not in them.
const AT_ONCE: u16 = 16;
/// As many as there are. How many of them work is said elsewhere.
const ALL: u16 = 0;
/// After a reconcile that failed or panicked.
const AGAIN: Duration = Duration::from_secs(10);
/// Before a stream that ended is begun again, at most.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A reconcile did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("use the cluster")]
    Cluster(#[from] kube::Error),
    #[error("it panicked: {0}")]
    Panicked(String),
}

/// Reconciles all objects of a kind, for ever. An object that cannot be read is told so and stops no other; a reconcile that fails or
/// panics is done again, alone; and a stream that ends is begun again.
pub(super) async fn reconcile_all<K, F, R>(context: Arc<Context>, reconcile: F)
where
    K: Kept
        + Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
    F: Fn(Arc<K>, Arc<Context>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Action, kube::Error>> + Send + 'static,
{
    let kind = K::kind(&()).into_owned();
    let mut pause = Duration::from_secs(1);
    loop {
        let stream = AssertUnwindSafe(once(&context, reconcile.clone())).catch_unwind();
        let ended = match stream.await {
            Ok(()) => "it ended".to_owned(),
            Err(panic) => panicked(panic.as_ref()),
        };
        tracing::error!(kind, ended, "the watch of a kind is begun again");
        sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

async fn once<K, F, R>(context: &Arc<Context>, reconcile: F)
where
    K: Kept
        + Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
    F: Fn(Arc<K>, Arc<Context>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Action, kube::Error>> + Send + 'static,
{
    let api = Api::<DeserializeGuard<K>>::namespaced(context.client.clone(), &context.namespace);
    let kind = kind_of::<K>();
    let (reader, writer) = reflector::store();
    context.shown.keep(&reader);
    let of = context.clone();
    let objects = watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(|object| match &mut object.0 {
            Ok(object) => object.keep_what_is_read(),
            Err(invalid) => invalid.metadata.managed_fields = None,
        })
        .reflect(writer)
        .inspect(move |event| {
            if let Ok(event) = event {
                if let (vaults::KIND, Event::Apply(vault) | Event::InitApply(vault)) = (kind, event)
                {
                    of.vaults.seen(vault.meta());
                }
                for object in of.present.take(kind, event) {
                    gone(&of, kind, &object);
                }
            }
        })
        .applied_objects();
    let run = move |object: Arc<DeserializeGuard<K>>, context: Arc<Context>| {
        let reconcile = reconcile.clone();
        async move { guarded(object, context, reconcile).await }
    };
    Controller::for_stream(objects, reader)
        .with_config(Config::default().concurrency(at_once(kind)))
        .reconcile_all_on(all_again(kind, context))
        .run(run, |_, _, _| Action::requeue(AGAIN), context.clone())
        .for_each(|outcome| {
            if let Err(error) = outcome {
                tracing::warn!(error = chain(&error), "reconcile");
            }
            std::future::ready(())
        })
        .await;
}

/// The name of a kind, as it stands where kinds are told apart.
fn kind_of<K: Resource<DynamicType = ()>>() -> &'static str {
    match K::kind(&()) {
        Cow::Borrowed(kind) => kind,
        Cow::Owned(kind) => kind.leak(),
    }
}

/// When all objects of a kind are to be looked at again: backups, when vaults begin to ask for what they did not, and when a plan is gone
/// that looked after some.
fn all_again(kind: &str, context: &Arc<Context>) -> BoxStream<'static, ()> {
    match kind {
        backups::KIND => {
            let gone = plans::are_gone(context.plan_is_gone.clone());
            stream::select(context.vaults.verification_changes(), gone).boxed()
        }
        _ => stream::pending().boxed(),
    }
}

fn at_once(kind: &str) -> u16 {
    match kind {
        // Each takes its place in a queue, as `schedule_max_worker_num` says.
        plans::KIND => ALL,
        _ => AT_ONCE,
    }
}

/// An object was deleted: nobody works for it any more, and nothing is told of it.
fn gone(context: &Arc<Context>, kind: &'static str, object: &Gone) {
    let Gone { name, uid } = object.clone();
    match kind {
        vaults::KIND => {
            context.vaults.is_gone(&name, &uid);
            context.metrics.vault_is_gone(&name);
        }
        plans::KIND => plans::is_gone(context, &name),
        backups::KIND => cancel(context, &[kind, verification::KIND], &name, &uid),
        _ => cancel(context, &[kind], &name, &uid),
    }
}

fn cancel(context: &Context, kinds: &[&'static str], name: &str, uid: &str) {
    for kind in kinds {
        let (jobs, key) = (context.jobs.clone(), JobKey::new(kind, name));
        let uid = uid.to_owned();
        tokio::spawn(async move { jobs.cancel_of(&key, &uid).await });
    }
}

/// One reconcile, whose panic is its own.
async fn guarded<K, F, R>(
    object: Arc<DeserializeGuard<K>>,
    context: Arc<Context>,
    reconcile: F,
) -> Result<Action, Failed>
where
    K: Resource<DynamicType = ()> + Clone,
    F: Fn(Arc<K>, Arc<Context>) -> R,
    R: Future<Output = Result<Action, kube::Error>>,
{
    let readable = match &object.0 {
        Ok(object) => Arc::new(object.clone()),
        Err(invalid) => return cannot_read::<K>(&context, invalid).await,
    };
    // The call itself may panic as well as what it returns.
    let work = async { reconcile(readable, context.clone()).await };
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => Ok(done?),
        Err(panic) => {
            context.metrics.panicked();
            Err(Failed::Panicked(panicked(panic.as_ref())))
        }
    }
}

/// Tells an object that it cannot be read. Its status is written without reading it.
async fn cannot_read<K: Resource<DynamicType = ()>>(
    context: &Context,
    invalid: &InvalidObject,
) -> Result<Action, Failed> {
    let unreadable = Unreadable::<K>(invalid.metadata.clone(), std::marker::PhantomData);
    let message = super::report::cut(&format!("it cannot be read: {}", invalid.error), 900);
    let status = json!({
        "phase": phase::FAILED_VALIDATION,
        "message": message,
        "observedGeneration": invalid.metadata.generation,
    });
    context
        .reporter
        .warning(&unreadable, "FailedValidation", &message)
        .await;
    let _ = context.reporter.status_once(&unreadable, &status).await?;
    Ok(Action::await_change())
}

/// The metadata of an object of which nothing else can be read.
struct Unreadable<K>(kube::core::ObjectMeta, std::marker::PhantomData<K>);

impl<K: Resource<DynamicType = ()>> Resource for Unreadable<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> std::borrow::Cow<'_, str> {
        K::kind(&())
    }
    fn group((): &()) -> std::borrow::Cow<'_, str> {
        K::group(&())
    }
    fn version((): &()) -> std::borrow::Cow<'_, str> {
        K::version(&())
    }
    fn plural((): &()) -> std::borrow::Cow<'_, str> {
        K::plural(&())
    }
    fn meta(&self) -> &kube::core::ObjectMeta {
        &self.0
    }
    fn meta_mut(&mut self) -> &mut kube::core::ObjectMeta {
        &mut self.0
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
