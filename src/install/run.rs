//! The entry point.

use std::fmt;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::apply::{Applier, name_of};
use super::change::{Action, Change};
use super::error::{Error, Refusal};
use super::observe::observe;
use super::plan::{Decision, Plan};
use super::spec::InstallSpec;
use super::{check, manifests, vault};
use crate::clusters::Authorization;
use crate::component::{ADDON, NAMESPACE};

/// How often a request is made that the server did not answer for good.
const TRIES: u32 = 4;

/// Installs the component into one cluster, and removes it.
#[derive(Clone)]
pub struct Installer {
    cluster: kube::Client,
    see_timeout: Duration,
}

impl fmt::Debug for Installer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installer").finish_non_exhaustive()
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// What it was, as a whole.
    pub decision: Decision,
    /// What was changed, in order. Nothing: everything was as wanted.
    pub done: Vec<Change>,
    /// What a reader should know that no change did.
    pub notes: Vec<String>,
}

impl fmt::Display for Report {
    /// A line for each object and note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.done.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        for change in &self.done {
            writeln!(f, "{change}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

impl Installer {
    /// For this cluster. The client must speak to the API server as somebody who may install.
    #[must_use]
    pub fn new(cluster: kube::Client) -> Self {
        Self {
            cluster,
            see_timeout: Duration::from_secs(60),
        }
    }

    /// For how long it is waited until the server serves the custom resources, and until the Pods of a
    /// removed component are gone: a minute.
    #[must_use]
    pub fn with_see_timeout(mut self, timeout: Duration) -> Self {
        self.see_timeout = timeout;
        self
    }

    /// What [`install`](Self::install) would change, asked of the API server by dry runs.
    ///
    /// # Errors
    ///
    /// If something cannot be looked at, or what is there does not allow it.
    pub async fn plan(&self, spec: &InstallSpec) -> Result<Plan, Error> {
        let wanted = self.wanted(spec).await?;
        let applier = self.applier(spec.takes_over);
        let mut changes = Vec::new();
        for object in wanted.objects() {
            changes.extend(retried(|| applier.plan(object)).await?);
        }
        Ok(Plan {
            decision: wanted.decision,
            changes,
            notes: wanted.notes,
        })
    }

    /// Installs or upgrades it. What is as wanted is not touched.
    ///
    /// # Errors
    ///
    /// If a look or a step fails, or what is there does not allow it. Running it again goes on.
    pub async fn install(&self, spec: &InstallSpec) -> Result<Report, Error> {
        let wanted = self.wanted(spec).await?;
        let applier = self.applier(spec.takes_over);
        // Before anything is changed: whether somebody else manages the component.
        let mut component = Some(retried(|| applier.plan(&wanted.deployment)).await?);
        let mut done = Vec::new();
        for object in wanted.objects() {
            let planned = match component.take_if(|_| std::ptr::eq(object, &wanted.deployment)) {
                Some(planned) => planned,
                None => retried(|| applier.plan(object)).await?,
            };
            let Some(change) = planned else {
                continue;
            };
            retried(|| applier.apply(object)).await?;
            done.push(change);
            if object["kind"] == "CustomResourceDefinition" {
                self.see_served(&name_of(object).name).await?;
            }
        }
        Ok(Report {
            decision: wanted.decision,
            done,
            notes: wanted.notes,
        })
    }

    /// What [`uninstall`](Self::uninstall) would remove.
    ///
    /// # Errors
    ///
    /// If something cannot be looked at, or a task runs.
    pub async fn plan_uninstall(&self) -> Result<Plan, Error> {
        self.refuse_running().await?;
        let applier = self.applier(false);
        let mut changes = Vec::new();
        for object in manifests::removed() {
            changes.extend(retried(|| applier.plan_removal(&object)).await?);
        }
        Ok(Plan {
            decision: Decision::Uninstall,
            changes,
            notes: vec![what_stays()],
        })
    }

    /// Removes the component and its rights, unless a task runs.
    ///
    /// # Errors
    ///
    /// If a look or a step fails, or a task runs. Running it again goes on.
    pub async fn uninstall(&self) -> Result<Report, Error> {
        self.refuse_running().await?;
        self.uninstall_even_if_running().await
    }

    /// Removes the component and its rights, whatever runs. A task that runs is cut, and goes on when the
    /// component is installed again.
    ///
    /// # Errors
    ///
    /// If a look or a step fails. Running it again goes on.
    pub async fn uninstall_even_if_running(&self) -> Result<Report, Error> {
        let applier = self.applier(false);
        let mut done = Vec::new();
        for object in manifests::removed() {
            let Some(change) = retried(|| applier.plan_removal(&object)).await? else {
                continue;
            };
            retried(|| applier.remove(&object)).await?;
            if object["kind"] == "Deployment" {
                // Its Pods need their rights until they have ended.
                self.see_gone(&applier, &object).await?;
            }
            done.push(change);
        }
        Ok(Report {
            decision: Decision::Uninstall,
            done,
            notes: vec![what_stays()],
        })
    }

    async fn refuse_running(&self) -> Result<(), Error> {
        let tasks = retried(|| vault::running(&self.cluster)).await?;
        if tasks.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Running { tasks }.into())
        }
    }

    /// Looks at everything, and refuses what cannot be.
    async fn wanted(&self, spec: &InstallSpec) -> Result<Wanted, Error> {
        check::fitness(&self.cluster, spec.kind).await?;
        let seen = retried(|| observe(&self.cluster)).await?;
        let vaults = retried(|| vault::list(&self.cluster, "BackupLocation")).await?;
        let Some(decision) = Decision::of(seen.version.as_ref(), &spec.version) else {
            let installed = seen.version.unwrap_or_else(|| spec.version.clone());
            return Err(Refusal::Newer {
                installed,
                wanted: spec.version.clone(),
            }
            .into());
        };
        let mut notes = Vec::new();
        if !seen.has_secret && spec.kind.profile().authorization == Authorization::RamUser {
            notes.push(format!(
                "clusters of kind {} need permissions before the component works: grant them first \
                 (`ram-user grant`)",
                spec.kind
            ));
        }
        let vault = vault::wanted(&vaults, spec.vault.as_ref(), &mut notes)?;
        Ok(Wanted {
            decision,
            before: [manifests::base(), manifests::definitions()].concat(),
            vault,
            deployment: manifests::deployment(spec, &seen.mark),
            notes,
        })
    }

    fn applier(&self, takes_over: bool) -> Applier<'_> {
        Applier {
            cluster: &self.cluster,
            takes_over,
        }
    }

    async fn see_served(&self, name: &str) -> Result<(), Error> {
        let all = Api::<CustomResourceDefinition>::all(self.cluster.clone());
        let until = Instant::now() + self.see_timeout;
        loop {
            let step = format!("look for the definition `{name}`");
            let found = retried(|| async { all.get(name).await.map_err(Error::cluster(&step)) });
            let conditions = found.await?.status.and_then(|status| status.conditions);
            let conditions = conditions.unwrap_or_default();
            let established = conditions.iter().find(|it| it.type_ == "Established");
            if established.is_some_and(|it| it.status == "True") {
                return Ok(());
            }
            if Instant::now() >= until {
                let last = conditions.iter().filter_map(|it| it.message.clone());
                return Err(Error::NotSeen {
                    what: format!("the definition `{name}` was not served"),
                    seconds: self.see_timeout.as_secs(),
                    last: last.collect::<Vec<_>>().join("; "),
                });
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn see_gone(&self, applier: &Applier<'_>, object: &Value) -> Result<(), Error> {
        let until = Instant::now() + self.see_timeout;
        while retried(|| applier.live(object)).await?.is_some() {
            if Instant::now() >= until {
                return Err(Error::NotSeen {
                    what: format!("{} was not gone", name_of(object)),
                    seconds: self.see_timeout.as_secs(),
                    last: "its Pods have not ended".to_owned(),
                });
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

/// What an installation consists of.
struct Wanted {
    decision: Decision,
    /// Namespace, rights, definitions.
    before: Vec<Value>,
    vault: Option<Value>,
    deployment: Value,
    notes: Vec<String>,
}

impl Wanted {
    fn objects(&self) -> impl Iterator<Item = &Value> {
        let last = std::iter::once(&self.deployment);
        self.before.iter().chain(&self.vault).chain(last)
    }
}

impl Report {
    /// Whether the component itself was changed.
    #[must_use]
    pub fn changed_component(&self) -> bool {
        self.done.iter().any(|it| {
            it.object.name == ADDON && it.object.kind == "Deployment" && it.action != Action::Delete
        })
    }
}

fn what_stays() -> String {
    format!(
        "namespace `{NAMESPACE}`, its Secret and custom resources, and all backups stay; while nothing works on \
         them, deleting a custom resource with a finalizer waits"
    )
}

/// Makes a request again that the server did not answer for good. All of them may be repeated.
async fn retried<T, F>(request: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut tries = 1;
    loop {
        match request().await {
            Err(error) if error.is_worth_another_try() && tries < TRIES => {
                sleep(Duration::from_millis(100 << tries)).await;
                tries += 1;
            }
            result => return result,
        }
    }
}
