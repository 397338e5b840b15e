//! Who does what plans ask for.

use std::sync::Arc;

use super::fates::Decided;
use crate::crds::ApplicationBackup;

/// The backups with this value of the label of plans, or those without the label; `None` while it is not known which there are.
type Known = dyn Fn(Option<&str>) -> Option<Vec<ApplicationBackup>> + Send + Sync;

/// Whether there is a plan of which this is the value of the label; `false` where that is not known.
type Plans = dyn Fn(&str) -> bool + Send + Sync;

/// Does what plans ask for, in one namespace.
#[derive(Clone)]
pub struct Scheduler {
    pub(super) client: kube::Client,
    pub(super) namespace: String,
    pub(super) cluster: String,
    pub(super) known: Option<Arc<Known>>,
    plans: Option<Arc<Plans>>,
    pub(super) decided: Arc<Decided>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Scheduler {
    /// For the plans in this namespace. `cluster` is the uid of namespace `kube-system`, by which the backups of this
    /// cluster are told from those of others.
    pub fn new(
        client: kube::Client,
        namespace: impl Into<String>,
        cluster: impl Into<String>,
    ) -> Self {
        Self {
            client,
            namespace: namespace.into(),
            cluster: cluster.into(),
            known: None,
            plans: None,
            decided: Arc::default(),
        }
    }

    /// Lets the backups of plans be read from what somebody watches anyway, instead of a list of the API server at each look at a plan.
    /// It is asked for those with this value of [`SCHEDULE_LABEL`](crate::crds::SCHEDULE_LABEL), or for those without that label, and
    /// returns `None` while it does not know which there are.
    ///
    /// What was watched is a moment old, or more. So nothing is made or deleted by it: the API server is asked before that.
    #[must_use]
    pub fn with_backups(
        mut self,
        known: impl Fn(Option<&str>) -> Option<Vec<ApplicationBackup>> + Send + Sync + 'static,
    ) -> Self {
        self.known = Some(Arc::new(known));
        self
    }
    /// Lets it be known from what somebody watches anyway which plans there are, instead of a request for each backup that has expired.
    /// It is asked whether there is one of which this is the value of [`SCHEDULE_LABEL`](crate::crds::SCHEDULE_LABEL), and believed if it
    /// says so: nothing is deleted for that.
    #[must_use]
    pub fn with_plans(mut self, known: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.plans = Some(Arc::new(known));
        self
    }

    pub(super) fn knows_plan(&self, label: &str) -> bool {
        self.plans.as_ref().is_some_and(|known| known(label))
    }
}
