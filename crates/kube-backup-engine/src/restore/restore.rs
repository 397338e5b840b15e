//! The steps of a restore, in their order.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use serde_json::Value;

use super::bystanders::Bystanders;
use super::environment::Environment;
use super::execution::Execution;
use super::health;
use super::hooks;
use super::marks::Marks;
use super::plan::{self, RestorePlan};
use super::progress::{OnProgress, RestoreProgress};
use super::report::RestoreReport;
use super::scope;
use super::select::{Chosen, select};
use super::spec::RestoreSpec;
use super::state::State;
use super::step::{TransformStep, Transformed};
use super::volumes::loaded::Loaded;
use super::volumes::snapshots;
use crate::cluster::connection::Connection;
use crate::cluster::retry::{OnWait, Waiting};
use crate::cluster::writer::ClusterWriter;
use crate::deadline::{Cancelled, Deadline};
use crate::format::names;
use crate::volumes::{VolumeRecord, VolumeSnapshotter};
use crate::{
    Digest, Discovery, Error, ErrorKind, ObjectId, OpenBackup, RefusedEntry, Result, RunOptions,
};

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
    options: RunOptions,
    uid: Option<String>,
    steps: Vec<TransformStep>,
    snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
    records: Vec<VolumeRecord>,
    expected: Option<Digest>,
    shows_values: bool,
    on_progress: OnProgress,
    on_wait: Option<OnWait>,
    cancelled: Option<Cancelled>,
}

impl fmt::Debug for Restore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restore")
            .field("spec", &self.spec)
            .field("options", &self.options)
            .field("steps", &self.steps)
            .field("snapshotters", &self.snapshotters)
            .finish_non_exhaustive()
    }
}

impl Restore {
    /// A restore of `backup` into the cluster that `client` connects to.
    pub fn new(client: kube::Client, backup: OpenBackup, spec: RestoreSpec) -> Self {
        Self {
            client,
            backup,
            spec,
            options: RunOptions::default(),
            uid: None,
            steps: Vec::new(),
            snapshotters: Vec::new(),
            records: Vec::new(),
            expected: None,
            shows_values: false,
            on_progress: Box::new(|_| {}),
            on_wait: None,
            cancelled: None,
        }
    }

    /// Gives the restore this uid, that of the object that asked for it for one. It goes on what the
    /// restore creates and changes, beside the backup's, so that another restore of the same name is told
    /// from this one.
    #[must_use]
    pub fn with_uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// Ends the restore once `cancelled` is ready. What has not had its turn by then is reported as failed; running the
    /// restore again completes it.
    #[must_use]
    pub fn cancelled_by(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancelled = Some(cancelled.boxed().shared());
        self
    }

    /// How to run it.
    #[must_use]
    pub fn with_options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Adds a step of the caller's, called `name` in reports, after those that were added before.
    ///
    /// It is given each object as it is about to be created: after all that a restore changes in it, with
    /// namespaces, storage classes and images mapped and the labels of the restore put on, and before its
    /// owners are looked up. It returns the object, changed or not, or leaves it out. It cannot change
    /// which object it is. Where it fails or panics, that object is reported as failed, and the others are
    /// restored all the same. A plan takes the step, too.
    ///
    /// It is called between requests and is not to block. A claim whose data comes back is given to it twice: the class that it
    /// names then is the one that its volume is made in.
    ///
    /// ```no_run
    /// # fn example(restore: kube_backup_engine::restore::Restore) {
    /// use kube_backup_engine::restore::Transformed;
    ///
    /// restore.with_transform("one replica", |id, mut object| {
    ///     if id.resource.is("apps", "deployments") {
    ///         object["spec"]["replicas"] = 1.into();
    ///     }
    ///     Ok::<_, std::convert::Infallible>(Transformed::Object(object))
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn with_transform<E>(
        mut self,
        name: impl Into<String>,
        step: impl Fn(&ObjectId, Value) -> Result<Transformed, E> + Send + Sync + 'static,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.steps.push(TransformStep::new(name.into(), step));
        self
    }

    /// Brings the data of volumes back by these, each of what it has kept itself. The data of a claim that none of
    /// them has kept stays where it is, and the claim is not restored, unless `restorePVs` is `false`.
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use kube_backup_engine::volumes::VolumeSnapshotter;
    /// # async fn example(restore: kube_backup_engine::restore::Restore, disks: Arc<dyn VolumeSnapshotter>)
    /// # -> Result<(), kube_backup_engine::Error> {
    /// let restore = restore.with_snapshotters(vec![disks]);
    /// for claim in restore.plan().await?.volumes {
    ///     println!("{claim}"); // from which snapshot, of which size, or why its data does not come back
    /// }
    /// let report = restore.run().await?;
    /// assert!(report.without_data().next().is_none());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_snapshotters(mut self, snapshotters: Vec<Arc<dyn VolumeSnapshotter>>) -> Self {
        self.snapshotters = snapshotters;
        self
    }

    /// Brings the data of claims back from these instead of what the backup says of them: what was made of that since, as a
    /// snapshot of a disk that its files were put on. Each is of the claim that it names.
    #[must_use]
    pub fn with_records(mut self, records: Vec<VolumeRecord>) -> Self {
        self.records = records;
        self
    }

    /// Restores only what was planned for: the plan with this [`digest`](RestorePlan::digest). When the backup or what is
    /// chosen of it has changed since, nothing is restored.
    ///
    /// ```no_run
    /// # async fn example(restore: kube_backup_engine::restore::Restore)
    /// # -> Result<(), kube_backup_engine::Error> {
    /// let plan = restore.plan().await?;
    /// // Shown to somebody, who agrees; perhaps another program goes on, days later.
    /// restore.expecting(plan.digest).run().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn expecting(mut self, plan: Digest) -> Self {
        self.expected = Some(plan);
        self
    }

    /// Has the plan say what values of ConfigMaps and environment variables would be changed from and to. Unless asked to, it
    /// says how long they are and what they hash to: plans are printed and kept, and programs are given passwords so. Values
    /// of Secrets are never shown.
    #[must_use]
    pub fn showing_values(mut self) -> Self {
        self.shows_values = true;
        self
    }

    /// Calls `report` after each object.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(RestoreProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Box::new(report);
        self
    }

    /// Calls `report` whenever a request to the API server has failed and is about to be tried again, and
    /// while anything is waited for: definitions and namespaces, names that are being freed, the data of claims,
    /// backends of webhooks, and what was restored to be healthy.
    #[must_use]
    pub fn on_wait(mut self, report: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(report));
        self
    }

    /// What [`run`](Self::run) would do, object by object, with what it would change in objects that
    /// exist. Nothing is written: the same steps are taken, and each write is a dry run.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn plan(&self) -> Result<RestorePlan> {
        let api = self.writer()?.for_dry_runs();
        let (environment, mut state) = Box::pin(self.carry_out(api)).await?;
        state
            .planned_items
            .sort_by(|a, b| (a.tier, &a.id).cmp(&(b.tier, &b.id)));
        if !self.shows_values {
            for item in &mut state.planned_items {
                item.hide_values();
            }
        }
        Ok(RestorePlan {
            backup: environment.backup_name().to_owned(),
            restore: self.spec.name.clone(),
            digest: environment.digest,
            items: state.planned_items,
            volumes: state.data,
            warnings: state.warnings,
        })
    }

    /// Restores. What could not be restored is in the report, with the reason, and does not stop the rest;
    /// the same restore may be run again, and completes what is left.
    ///
    /// # Errors
    /// Before anything is created: when the specification contradicts itself, when the archive is not
    /// what it claims to be, down to the last chosen object, or when the server cannot be asked for its
    /// kinds; [`ErrorKind::Untrusted`] when another plan is [expected](Self::expecting). An object that is in
    /// the archive as it was written, and cannot be read all the same, is reported as failed and stops no other.
    pub async fn run(self) -> Result<RestoreReport> {
        let (environment, mut state) = Box::pin(self.carry_out(self.writer()?)).await?;
        Box::pin(hooks::run(&environment, &mut state)).await;
        state.items.sort();
        state.warnings.sort();
        state.warnings.dedup();
        let mut report = RestoreReport {
            backup: environment.backup_name().to_owned(),
            restore: self.spec.name.clone(),
            items: state.items,
            volumes: state.data,
            hook_status: state.hook_status,
            warnings: state.warnings,
            health_issues: Vec::new(),
        };
        let in_cluster = report.items.in_cluster();
        let time = self.options.wait_for_ready;
        let look = health::look(&environment.api, in_cluster, &state.backends, time);
        let step = "look at what was restored";
        match environment.deadline.within(step, Box::pin(look)).await {
            Ok(look) => {
                report.health_issues = look.health_issues;
                report.warnings.extend(look.unseen);
            }
            Err(error) => report.warnings.push(error.chain()),
        }
        // Claims are bound by now, or wait for their first consumer.
        let step = "take away what claims were made from";
        let clean_up = snapshots::clean_up(&environment, &state.served, &state.snapshots);
        match environment.deadline.within(step, Box::pin(clean_up)).await {
            Ok(left) => report.warnings.extend(left),
            Err(late) => report.warnings.push(late.chain()),
        }
        Ok(report)
    }

    fn writer(&self) -> Result<ClusterWriter> {
        let timeouts = self.options.timeouts();
        let client = self.client.clone();
        let mut connection = Connection::new(client, timeouts, self.on_wait.clone());
        if let Some(who) = &self.spec.act_as {
            let headers = who.headers().map_err(|why| self.refused(&why))?;
            connection = connection.acting_as(headers);
        }
        Ok(ClusterWriter::new(connection))
    }

    fn refused(&self, why: &str) -> Error {
        Error::invalid(format!("plan restore `{}`: {why}", self.spec.name))
    }

    async fn carry_out(&self, api: ClusterWriter) -> Result<(Environment<'_>, State)> {
        self.spec.check()?;
        let reader = api.reader();
        let deadline = Deadline::new(
            "restore",
            self.options.deadline,
            "run the restore again to complete what is left",
            api.retries(),
        )
        .or_cancelled(self.cancelled.clone());
        let discovering = Discovery::of(&reader);
        let found = deadline
            .within("discover the kinds of the cluster", discovering)
            .await??;
        let selecting = select(&self.backup, &self.spec, &found, &reader);
        let Chosen {
            mut entries,
            refused: unreadable,
            displaced,
            owners,
            warnings,
            gate,
        } = deadline.within("read the backup", selecting).await??;
        let digest = plan::digest(&self.backup, &entries);
        if let Some(expected) = self.expected.filter(|expected| *expected != digest) {
            return Err(Error::new(
                ErrorKind::Untrusted,
                format!(
                    "restore what was planned for: the plan that was agreed to has digest {expected}, and what is chosen \
                     now has {digest}; plan again, and look at what changed"
                ),
            ));
        }
        let refused = scope::refuse(&found, &mut entries);
        let loading = Loaded::of(&self.backup, &entries, &self.records);
        let loaded = deadline
            .within("read what the backup says of its volumes", loading)
            .await??;
        let backup_uid = self.backup.record().uid();
        let environment = Environment {
            marks: Marks::new(backup_uid, self.uid.as_deref()),
            snapshotters: &self.snapshotters,
            loaded,
            restore_uid: match &self.uid {
                Some(uid) => uid.clone(),
                None => names::uid_of_restore(backup_uid, &self.spec.name),
            },
            api,
            spec: &self.spec,
            options: &self.options,
            steps: &self.steps,
            backup: &self.backup,
            digest,
            deadline,
            bystanders: Bystanders::of(&self.spec, &entries),
            gate,
            owners,
        };
        let (bad, unknown): (Vec<_>, Vec<_>) = unreadable
            .into_iter()
            .partition(|refused| refused.id.is_some());
        let total = entries.len() + displaced.len() + refused.len() + bad.len();
        let mut execution = Execution::new(&environment, found, total, &self.on_progress);
        for (id, by) in displaced {
            let target = self.spec.target_namespace(&by).to_owned();
            let reason = format!("the one of namespace `{by}` takes its place in `{target}`");
            execution.skip(id, target, reason);
        }
        for (id, reason) in refused {
            execution.fail(id, reason);
        }
        for RefusedEntry { id, reason, .. } in bad {
            id.into_iter()
                .for_each(|id| execution.fail(id, reason.clone()));
        }
        let mut state = Box::pin(execution.run(entries)).await;
        if self.backup.is_admitted_unsealed() {
            let warning =
                "the backup has no seal, and was admitted without one: who wrote it is not known";
            state.warnings.push(warning.to_owned());
        }
        state.warnings.extend(warnings);
        let left_out = |refused: &RefusedEntry| format!("{refused}; it is left out");
        state.warnings.extend(unknown.iter().map(left_out));
        Ok((environment, state))
    }
}
