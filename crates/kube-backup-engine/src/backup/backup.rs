//! A backup to be made, and how.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound as _, Utc};
use futures::FutureExt as _;

use super::log::{Level, RunLog};
use super::report::BackupProgress;
use super::spec::BackupSpec;
use crate::cluster::connection::Connection;
use crate::cluster::reader::{ClusterReader, ListEncoding};
use crate::cluster::retry::{OnWait, Waiting};
use crate::deadline::{Cancelled, Deadline};
use crate::seal::SigningKey;
use crate::volumes::{VolumeRecord, VolumeSnapshotter};
use crate::{Repository, RunOptions};

type OnProgress = Box<dyn Fn(BackupProgress) + Send + Sync>;
type OnVolumes = Box<dyn Fn(&[VolumeRecord]) + Send + Sync>;
type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A backup to be made.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::backup::{Backup, BackupSpec};
///
/// let report = Backup::new(client, repository, BackupSpec::named("nightly"))
///     .on_progress(|progress| println!("{} objects", progress.objects))
///     .run()
///     .await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub struct Backup {
    client: kube::Client,
    pub(super) repository: Repository,
    pub(super) spec: BackupSpec,
    pub(super) uid: Option<String>,
    pub(super) key: Option<SigningKey>,
    pub(super) snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
    pub(super) options: RunOptions,
    pub(super) encoding: ListEncoding,
    pub(super) clock: Clock,
    progress: Mutex<BackupProgress>,
    on_progress: OnProgress,
    on_volumes: OnVolumes,
    on_wait: Option<OnWait>,
    cancelled: Option<Cancelled>,
    pub(super) log: Arc<RunLog>,
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("spec", &self.spec)
            .field("uid", &self.uid)
            .field("key", &self.key)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Backup {
    /// A backup of the cluster that `client` connects to into `repository`.
    pub fn new(client: kube::Client, repository: Repository, spec: BackupSpec) -> Self {
        Self {
            client,
            repository,
            spec,
            uid: None,
            key: None,
            snapshotters: Vec::new(),
            options: RunOptions::default(),
            encoding: ListEncoding::default(),
            // The one place where a backup reads the wall clock.
            clock: Arc::new(Utc::now),
            progress: Mutex::default(),
            on_progress: Box::new(|_| {}),
            on_volumes: Box::new(|_| {}),
            on_wait: None,
            cancelled: None,
            log: Arc::default(),
        }
    }

    /// Gives the backup this uid, that of the object that asked for it for one: letters, digits and `-`,
    /// at most 63. Unless set, it is a random one.
    ///
    /// A run that finds the record of its own uid is done and returns it, so that whoever was stopped
    /// before it could note the outcome runs the same backup again.
    #[must_use]
    pub fn with_uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// Seals the backup with this key, for the [trust](Repository::with_trust) of its repository: see
    /// [`seal`](crate::seal).
    #[must_use]
    pub fn sealed_with(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Keeps the data of volumes by these, each volume by the first that can take it as the
    /// [specification](super::VolumeSpec) asks. Without any, claims come back empty.
    ///
    /// What became of each volume is in [`OpenBackup::volumes`](crate::OpenBackup::volumes). A volume that fails makes
    /// the backup partially failed by its name, and takes nothing from the others.
    #[must_use]
    pub fn with_snapshotters(mut self, snapshotters: Vec<Arc<dyn VolumeSnapshotter>>) -> Self {
        let label = self.spec.volumes.group_label();
        let grouped = |it: Arc<dyn VolumeSnapshotter>| {
            let by_label = label.and_then(|label| it.grouped_by(label));
            by_label.unwrap_or(it)
        };
        self.snapshotters = snapshotters.into_iter().map(grouped).collect();
        self
    }

    /// How to run it.
    #[must_use]
    pub fn with_options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Reads the time from `clock`, that of the machine unless set. What is waited for goes by tokio's
    /// clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(0)
    }

    /// Whether the API server may compress its lists.
    #[must_use]
    pub fn with_list_encoding(mut self, encoding: ListEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Calls `report` whenever there is progress, a few times a page.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(BackupProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Box::new(report);
        self
    }

    /// Calls `report` with all snapshots whenever something was heard of them: how far each is, in bytes where its
    /// storage says so.
    #[must_use]
    pub fn on_volumes(mut self, report: impl Fn(&[VolumeRecord]) + Send + Sync + 'static) -> Self {
        self.on_volumes = Box::new(report);
        self
    }

    /// Changes what is known of the progress, and reports it.
    pub(super) fn report_progress(&self, change: impl FnOnce(&mut BackupProgress)) {
        let progress = {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut progress);
            *progress
        };
        (self.on_progress)(progress);
    }

    pub(super) fn report_volumes(&self, records: &[VolumeRecord]) {
        self.log.add_volumes(self.now(), records);
        (self.on_volumes)(records);
        self.report_progress(|progress| {
            progress.volumes = records.len();
            progress.volumes_done = records.iter().filter(|it| it.state.is_final()).count();
            progress.volume_bytes = records.iter().filter_map(|it| it.bytes_done).sum();
        });
    }

    /// Calls `report` whenever a request to the API server has failed and is about to be tried again.
    #[must_use]
    pub fn on_wait(mut self, report: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(report));
        self
    }

    /// Ends the backup once `cancelled` is ready, with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled). It waits for
    /// what has to be undone: what hooks froze is thawed, snapshots are deleted, uploads aborted, and nothing of it is left in
    /// the store. One that is being committed by then is made.
    #[must_use]
    pub fn cancelled_by(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancelled = Some(cancelled.boxed().shared());
        self
    }

    pub(super) fn deadline(&self, api: &ClusterReader) -> Deadline {
        Deadline::new(
            "backup",
            Some(self.options.backup_deadline()),
            "run it again, with a later deadline if the cluster needs more time",
            api.retries(),
        )
        .or_cancelled(self.cancelled.clone())
    }

    pub(super) fn reader(&self) -> ClusterReader {
        ClusterReader::new(self.connection(), self.encoding)
    }

    pub(super) fn connection(&self) -> Connection {
        let timeouts = self.options.timeouts();
        let (log, clock, tell) = (
            Arc::clone(&self.log),
            Arc::clone(&self.clock),
            self.on_wait.clone(),
        );
        let on_wait: OnWait = Arc::new(move |waiting: &Waiting| {
            log.add_wait(clock(), waiting);
            if let Some(tell) = &tell {
                tell(waiting);
            }
        });
        Connection::new(self.client.clone(), timeouts, Some(on_wait))
    }

    pub(super) fn note(&self, message: &str) {
        let backup = format!("velero/{}", self.spec.name);
        self.log
            .add(self.now(), Level::Info, message, &[("backup", &backup)]);
    }
}
