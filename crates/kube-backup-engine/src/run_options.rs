//! How to run a backup or a restore, whatever it is of.

use std::time::Duration;

use crate::cluster::retry::Timeouts;

/// Lists that a backup reads at once.
const LISTS: usize = 6;
/// Requests that a restore has under way at once.
const REQUESTS: usize = 32;
/// How long a backup may take.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the data of a claim may take: Velero's `itemOperationTimeout`.
const VOLUME: Duration = Duration::from_secs(4 * 60 * 60);
/// Every machine of a cluster has it, or one like it: it is what holds the namespaces of a Pod.
const FILLER_IMAGE: &str = "registry.k8s.io/pause:3.10";

/// How to run a backup or a restore: everything that does not change what is in the one or comes back by
/// the other.
///
/// ```
/// use std::time::Duration;
/// use kube_backup_engine::RunOptions;
///
/// let options = RunOptions::default()
///     .with_parallelism(4)
///     .with_deadline(Duration::from_secs(3600));
/// assert_eq!(options.lease_duration, Duration::from_secs(20));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOptions {
    /// Lists that a backup reads at once, or requests that a restore has under way at once. Unless set, a
    /// backup takes 6 and a restore 32.
    pub parallelism: Option<usize>,
    /// How long a request to the API server is tried, with all its attempts; of a list, for its next
    /// object. A kind that cannot be listed then is named in the results of a backup. A restore waits as
    /// long for any one thing: a definition to be served, a namespace to be active, an object of the same
    /// name to be gone.
    pub request_timeout: Duration,
    /// How long the API server may take to begin its response, and between two parts of one.
    pub attempt_timeout: Duration,
    /// How long all of it may take. Unless set, a backup has a day and a restore as long as it takes. A
    /// backup fails then, and leaves nothing that looks like a backup. What of a restore has not had its
    /// turn by then is reported as failed, and running the restore again completes it.
    pub deadline: Option<Duration>,
    /// How long to wait for what is restored to be ready: webhook configurations and APIServices wait
    /// this long for the Services they call before they are restored, and the report this long for Pods,
    /// claims and load balancers. Zero looks once and waits for nothing.
    pub wait_for_ready: Duration,
    /// How long a restore waits for the data of any one claim: for its snapshot to become a volume, and where
    /// it is filled through a mount, for that. All claims are waited for at once.
    pub volume_timeout: Duration,
    /// The image of the Pods that have claims mounted while these are filled. All that its program does is to
    /// stay, and it runs as no particular user.
    pub filler_image: String,
    /// How long another writer's lease on the name of a backup must go without renewal to count as
    /// abandoned. Its holder renews it four times as often, by its own setting: all who write to one
    /// repository use the same.
    pub lease_duration: Duration,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            parallelism: None,
            request_timeout: Timeouts::default().request,
            attempt_timeout: Timeouts::default().attempt,
            deadline: None,
            wait_for_ready: Duration::ZERO,
            volume_timeout: VOLUME,
            filler_image: FILLER_IMAGE.to_owned(),
            lease_duration: Duration::from_secs(20),
        }
    }
}

impl RunOptions {
    /// Sets [`parallelism`](Self::parallelism).
    #[must_use]
    pub fn with_parallelism(mut self, parallelism: usize) -> Self {
        self.parallelism = Some(parallelism);
        self
    }

    /// Sets [`request_timeout`](Self::request_timeout).
    #[must_use]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets [`attempt_timeout`](Self::attempt_timeout).
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the [`deadline`](Self::deadline).
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets [`wait_for_ready`](Self::wait_for_ready).
    #[must_use]
    pub fn with_wait_for_ready(mut self, wait: Duration) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// Sets [`volume_timeout`](Self::volume_timeout).
    #[must_use]
    pub fn with_volume_timeout(mut self, timeout: Duration) -> Self {
        self.volume_timeout = timeout;
        self
    }

    /// Sets [`filler_image`](Self::filler_image).
    #[must_use]
    pub fn with_filler_image(mut self, image: impl Into<String>) -> Self {
        self.filler_image = image.into();
        self
    }

    /// Sets [`lease_duration`](Self::lease_duration).
    #[must_use]
    pub fn with_lease_duration(mut self, duration: Duration) -> Self {
        self.lease_duration = duration;
        self
    }

    /// Lists that a backup reads at once under these options.
    #[must_use]
    pub fn backup_parallelism(&self) -> usize {
        self.parallelism.unwrap_or(LISTS).max(1)
    }

    /// Requests that a restore has under way at once under these options.
    #[must_use]
    pub fn restore_parallelism(&self) -> usize {
        self.parallelism.unwrap_or(REQUESTS).max(1)
    }

    pub(crate) fn backup_deadline(&self) -> Duration {
        self.deadline.unwrap_or(DAY)
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            attempt: self.attempt_timeout,
            request: self.request_timeout,
        }
    }
}
