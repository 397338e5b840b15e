//! What all reconciles share.

use std::sync::Arc;

use kube::Api;
use parking_lot::RwLock;
use tokio::sync::Notify;

use super::leader::Fence;
use super::metrics::Metrics;
use super::present::Present;
use super::report::Reporter;
use super::settings::Settings;
use super::shown::Shown;
use super::vaults::Vaults;
use super::work::{Jobs, Queue};
use crate::cloud::Cloud;
use crate::crds::ApplicationBackup;
use crate::placement::Placement;
use crate::schedules::Scheduler;

/// What all reconciles share.
pub(super) struct Context {
    /// A client that writes only while this process leads.
    pub(super) client: kube::Client,
    /// Where the custom resources are.
    pub(super) namespace: String,
    pub(super) cloud: Cloud,
    /// Where the cluster is.
    pub(super) placement: Placement,
    /// Whether the machine's own credentials may sign for vaults.
    pub(super) may_use_machine: bool,
    pub(super) fence: Fence,
    pub(super) settings: RwLock<Settings>,
    pub(super) queues: Queues,
    pub(super) jobs: Jobs,
    pub(super) vaults: Vaults,
    pub(super) shown: Shown,
    pub(super) present: Present,
    /// Acts on plans.
    pub(super) scheduler: Scheduler,
    /// Told when a plan is gone.
    pub(super) plan_is_gone: Arc<Notify>,
    pub(super) reporter: Reporter,
    pub(super) metrics: Metrics,
    /// The id that ACK knows the cluster by, where it was said.
    pub(super) cluster_id: Option<String>,
    /// The kubelet's directory of Pods, where it is another than ACK's.
    pub(super) kubelet_root: Option<String>,
    /// The uid of the namespace `kube-system`, by which clusters are told apart.
    pub(super) cluster: String,
}

/// Places to work at, one kind of work each.
#[derive(Debug)]
pub(super) struct Queues {
    pub(super) backups: Queue,
    pub(super) restores: Queue,
    pub(super) deletions: Queue,
    /// One at a time: a drill holds a namespace in memory.
    pub(super) verifications: Queue,
    pub(super) plans: Queue,
    pub(super) conversions: Queue,
}

impl Queues {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            backups: Queue::new(settings.backup_workers),
            restores: Queue::new(settings.restore_workers),
            deletions: Queue::new(settings.delete_workers),
            verifications: Queue::new(1),
            plans: Queue::new(settings.schedule_workers),
            conversions: Queue::new(settings.convert_workers),
        }
    }

    /// All of them, each by what is done there.
    pub(super) fn all(&self) -> [(&'static str, &Queue); 6] {
        [
            ("backup", &self.backups),
            ("restore", &self.restores),
            ("deletion", &self.deletions),
            ("verification", &self.verifications),
            ("plan", &self.plans),
            ("conversion", &self.conversions),
        ]
    }

    /// Nobody begins any more.
    pub(super) fn close(&self) {
        self.all().into_iter().for_each(|(_, queue)| queue.close());
    }

    /// How many are at work.
    pub(super) fn taken(&self) -> usize {
        self.all().into_iter().map(|(_, queue)| queue.taken()).sum()
    }

    pub(super) fn resize(&self, settings: &Settings) {
        self.backups.resize(settings.backup_workers);
        self.restores.resize(settings.restore_workers);
        self.deletions.resize(settings.delete_workers);
        self.plans.resize(settings.schedule_workers);
        self.conversions.resize(settings.convert_workers);
    }
}

impl Context {
    pub(super) fn backups(&self) -> Api<ApplicationBackup> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}
