//! Who does what plans ask for.

/// Does what plans ask for, in one namespace.
#[derive(Clone)]
pub struct Scheduler {
    pub(super) client: kube::Client,
    pub(super) namespace: String,
    pub(super) cluster: String,
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
        }
    }
}
