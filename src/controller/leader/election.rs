//! Taking the lead, and keeping it, by a Lease.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::fence::Fence;

/// How long a lead lasts, and how often it is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElectionTimes {
    /// Nobody else takes the lead before this has passed without a renewal.
    pub lease: Duration,
    /// The leader stops working when it could not renew for so long; less than `lease`.
    pub renew_within: Duration,
    /// How often the leader renews and the others look.
    pub retry: Duration,
}

impl Default for ElectionTimes {
    /// As Kubernetes' own controllers: 15, 10 and 2 seconds.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_within: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// An election cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum ElectionError {
    /// The client for it cannot be made.
    #[error("make a client for the election of a leader")]
    Client(#[source] Box<kube::Error>),
}

/// One candidate for the lead.
///
/// Its client is its own: it does not try again by itself, which could take longer than a lead lasts, and each request is given
/// up in time. Whoever leads is told by changes of the Lease that this process has seen itself, so that the clocks of machines
/// need not agree; and every write names the version that it changes, so that of two candidates one wins.
#[derive(Debug)]
pub struct Election {
    api: Api<Lease>,
    name: String,
    identity: String,
    times: ElectionTimes,
    fence: Fence,
    seen: Option<Seen>,
}

/// The Lease of somebody else, as it was last seen to change.
#[derive(Debug)]
struct Seen {
    version: String,
    at: Instant,
}

impl Election {
    /// A candidate called `identity` for the Lease `namespace/name`, which opens and closes `fence`.
    ///
    /// # Errors
    ///
    /// If a client cannot be made of the configuration.
    pub fn new(
        mut config: kube::Config,
        (namespace, name): (&str, &str),
        identity: String,
        times: ElectionTimes,
        fence: Fence,
    ) -> Result<Self, ElectionError> {
        config.default_retry = false;
        let patience = times.renew_within / 2;
        config.connect_timeout = Some(patience);
        config.read_timeout = Some(patience);
        config.write_timeout = Some(patience);
        let client = kube::Client::try_from(config)
            .map_err(|error| ElectionError::Client(Box::new(error)))?;
        Ok(Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity,
            times,
            fence,
            seen: None,
        })
    }

    /// Returns once this process leads. The fence is open then.
    pub async fn won(&mut self) {
        loop {
            match self.attempt().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "look for a leader"),
            }
            sleep(self.times.retry).await;
        }
    }

    /// Renews the lead, and returns once it is lost. The fence is closed then.
    pub async fn lost(&mut self) {
        while let Some(end) = self.fence.ends() {
            let next = Instant::now() + self.times.retry;
            let renewing = async {
                sleep_until(next.min(end)).await;
                self.attempt().await
            };
            let renewed = tokio::select! {
                biased;
                renewed = renewing => renewed,
                () = sleep_until(end) => break,
            };
            match renewed {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!("another process leads");
                    break;
                }
                Err(error) => tracing::warn!(%error, "renew the lead"),
            }
        }
        self.fence.close();
    }

    /// Gives the lead up, so that another one need not wait. The fence is closed first.
    pub async fn resign(&mut self) {
        self.fence.close();
        let giving_up = async {
            let mut lease = self.api.get(&self.name).await?;
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(&self.identity) {
                spec.holder_identity = None;
                self.api
                    .replace(&self.name, &PostParams::default(), &lease)
                    .await?;
            }
            Ok::<_, kube::Error>(())
        };
        // Whoever comes next waits until the lease is over otherwise.
        let _ = timeout(self.times.renew_within / 2, giving_up).await;
    }

    /// Takes or renews the lead, if that can be done now; whether it was.
    async fn attempt(&mut self) -> Result<bool, kube::Error> {
        let started = Instant::now();
        let patience = self.times.renew_within / 2;
        let leads = match timeout(patience, self.take()).await {
            Ok(leads) => leads?,
            Err(_) => {
                return Err(kube::Error::Service(
                    "the API server does not respond in time".into(),
                ));
            }
        };
        if leads {
            self.fence.open_until(started + self.times.renew_within);
        }
        Ok(leads)
    }

    async fn take(&mut self) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            let lease = Lease {
                metadata: ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(self.claim(&LeaseSpec::default())),
            };
            return won(self.api.create(&PostParams::default(), &lease).await);
        };
        let spec = lease.spec.take().unwrap_or_default();
        if !self.may_take(&spec, lease.metadata.resource_version.as_deref()) {
            return Ok(false);
        }
        lease.spec = Some(self.claim(&spec));
        let params = PostParams::default();
        won(self.api.replace(&self.name, &params, &lease).await)
    }

    /// Whether the lead is this process's already, nobody's, or that of somebody who has not renewed it for long enough.
    fn may_take(&mut self, spec: &LeaseSpec, version: Option<&str>) -> bool {
        match spec.holder_identity.as_deref() {
            None | Some("") => return true,
            Some(holder) if holder == self.identity => return true,
            Some(_) => {}
        }
        let version = version.unwrap_or_default();
        let now = Instant::now();
        match &self.seen {
            Some(seen) if seen.version == version => {
                let theirs = spec.lease_duration_seconds.unwrap_or_default();
                let theirs = Duration::from_secs(u64::try_from(theirs).unwrap_or_default());
                now - seen.at >= theirs.max(self.times.lease)
            }
            _ => {
                self.seen = Some(Seen {
                    version: version.to_owned(),
                    at: now,
                });
                false
            }
        }
    }

    fn claim(&self, before: &LeaseSpec) -> LeaseSpec {
        let now = Some(MicroTime(Timestamp::now()));
        let held = before.holder_identity.as_deref() == Some(&self.identity);
        let transitions = before.lease_transitions.unwrap_or_default();
        let seconds = self.times.lease.as_secs().max(1);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
            acquire_time: if held {
                before.acquire_time.clone()
            } else {
                now.clone()
            },
            renew_time: now,
            lease_transitions: Some(if held {
                transitions
            } else {
                transitions.saturating_add(1)
            }),
            ..before.clone()
        }
    }
}

/// A conflict means that somebody else was faster.
fn won(written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}
