//! The steps of a restore, in their order.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::execution::Execution;
use super::plan::RestorePlan;
use super::progress::{OnProgress, RestoreProgress};
use super::report::{Outcome, RestoreReport};
use super::select::{Selection, select};
use super::spec::RestoreSpec;
use crate::cluster::connection::Connection;
use crate::cluster::retry::{OnWait, Timeouts, Waiting};
use crate::cluster::writer::ClusterWriter;
use crate::deadline::Deadline;
use crate::kinds::order::Tier;
use crate::{Discovery, Entry, OpenBackup, Result};

/// A restore to be done.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::restore::{Restore, RestoreSpec};
///
/// let backup = repository.open("nightly").await?;
/// let restore = Restore::new(client, backup, RestoreSpec::named("after-accident"));
/// println!("{}", restore.plan().await?);
/// let report = restore.run().await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub struct Restore {
    client: kube::Client,
    backup: OpenBackup,
    spec: RestoreSpec,
    on_progress: OnProgress,
    on_wait: Option<OnWait>,
}

impl fmt::Debug for Restore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restore")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Restore {
    /// A restore of `backup` into the cluster behind `client`.
    pub fn new(client: kube::Client, backup: OpenBackup, spec: RestoreSpec) -> Self {
        Self {
            client,
            backup,
            spec,
            on_progress: Box::new(|_| {}),
            on_wait: None,
        }
    }

    /// Calls `report` after each object.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(RestoreProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Box::new(report);
        self
    }

    /// Calls `report` whenever a request to the API server has failed and is about to be tried again.
    #[must_use]
    pub fn on_wait(mut self, report: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(report));
        self
    }

    /// What [`run`](Self::run) would do, object by object, with what it would change in objects that
    /// are there. Nothing is written: the same steps are taken, and each write is a dry run.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn plan(&self) -> Result<RestorePlan> {
        Ok(self
            .carry_out(self.writer().for_dry_runs())
            .await?
            .into_plan())
    }

    /// Restores. What could not be restored is in the report, with the reason, and stops nothing else;
    /// the same restore may be run again, and settles what was left.
    ///
    /// # Errors
    /// Before anything is created: when the specification contradicts itself, when the archive is not
    /// what it claims to be, down to the last chosen object, or when the server cannot be asked for its
    /// kinds.
    pub async fn run(self) -> Result<RestoreReport> {
        self.carry_out(self.writer()).await?.into_report().await
    }

    fn writer(&self) -> ClusterWriter {
        let timeouts = Timeouts {
            attempt: self.spec.attempt_timeout,
            request: self.spec.request_timeout,
        };
        let client = self.client.clone();
        ClusterWriter::new(Connection::new(client, timeouts, self.on_wait.clone()))
    }

    async fn carry_out(&self, api: ClusterWriter) -> Result<Execution<'_>> {
        self.spec.check()?;
        let reader = api.reader();
        let deadline = Deadline::new(
            "restore",
            self.spec.deadline,
            "run the restore again to settle what is left",
            api.retries(),
        );
        let Selection {
            entries,
            displaced,
            owners,
        } = deadline
            .within("read the backup", select(&self.backup, &self.spec))
            .await??;
        let discovering = Discovery::of(&reader);
        let found = deadline
            .within("discover the kinds of the cluster", discovering)
            .await??;
        let run = Execution::new(
            api,
            &self.spec,
            &self.backup,
            found,
            owners,
            deadline,
            entries.len() + displaced.len(),
            &self.on_progress,
        );
        for (id, by) in displaced {
            let target = self.spec.target_namespace(&by).to_owned();
            let reason = format!("the one of namespace `{by}` takes its place in `{target}`");
            let tier = Tier::of(&id.resource);
            let outcome = Outcome::not_restored(reason);
            run.record(tier, id, Some(target), outcome.into(), None);
        }
        let mut namespaces: BTreeSet<String> = BTreeSet::new();
        let mut tiers: HashMap<Tier, Vec<Entry>> = HashMap::new();
        for entry in entries {
            if let Some(namespace) = &entry.id.namespace
                && !namespaces.contains(self.spec.target_namespace(namespace))
            {
                namespaces.insert(self.spec.target_namespace(namespace).to_owned());
            }
            tiers
                .entry(Tier::of(&entry.id.resource))
                .or_default()
                .push(entry);
        }
        for tier in Tier::ALL {
            let mut entries = tiers.remove(&tier).unwrap_or_default();
            if tier == Tier::Everything {
                entries.append(&mut run.take_deferred());
            }
            if tier == Tier::Webhooks {
                // While nothing stands in the way of a patch.
                run.put_owners_back().await;
                run.await_backends(&entries).await;
            }
            run.restore_tier(tier, entries).await;
            match tier {
                Tier::Definitions => run.await_definitions().await?,
                Tier::Namespaces => run.await_namespaces(&namespaces).await,
                _ => {}
            }
        }
        run.put_last_owners_back().await;
        Ok(run)
    }
}
