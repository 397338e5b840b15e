//! The entry point.

use std::fmt;
use std::time::Duration;

use alibaba_ram::client::Client as Ram;
use tokio::time::sleep;

use super::error::{Error, Refusal};
use super::execute::Execution;
use super::names::Names;
use super::observe::observe;
use super::plan::{Plan, Step};
use super::requirements::Requirements;
use super::state::State;
use super::{grant, narrow, revoke, rotate};
use crate::cloud::Cloud;
use crate::clusters::{self, ClusterKind};

/// How often it is looked and acted before something is said to be in the way.
const ROUNDS: usize = 12;

/// The permissions of one cluster.
#[derive(Clone)]
pub struct Grants {
    cloud: Cloud,
    ram: Ram,
    cluster: kube::Client,
    names: Names,
    reservation_timeout: Duration,
    see_timeout: Duration,
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The names that it worked with.
    pub names: Names,
    /// The steps that were taken, in order. None: everything was as wanted.
    pub done: Vec<Step>,
    /// What a reader should know that no step did.
    pub notes: Vec<String>,
}

impl fmt::Display for Report {
    /// A line for each step and note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.done.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        for step in &self.done {
            writeln!(f, "done: {step}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

impl Grants {
    /// The permissions of this cluster, under the names that follow from it.
    ///
    /// # Errors
    ///
    /// If the cluster cannot be asked who it is.
    pub async fn new(
        cloud: &Cloud,
        cluster: kube::Client,
        kind: ClusterKind,
    ) -> Result<Self, Error> {
        let names = names_of(&cluster, kind).await?;
        Self::with_names(cloud, cluster, names)
    }

    /// The permissions of this cluster, under other names.
    ///
    /// # Errors
    ///
    /// If a client of RAM cannot be built.
    pub fn with_names(cloud: &Cloud, cluster: kube::Client, names: Names) -> Result<Self, Error> {
        Ok(Self {
            cloud: cloud.clone(),
            ram: cloud.ram().map_err(Error::cloud("build a client of RAM"))?,
            cluster,
            names,
            reservation_timeout: Duration::from_secs(10),
            see_timeout: Duration::from_secs(180),
        })
    }

    /// For how long another run that has reserved the Secret is waited for, before it is taken for dead:
    /// 10 seconds. What it does after that fails, and nothing is lost.
    #[must_use]
    pub fn with_reservation_timeout(mut self, timeout: Duration) -> Self {
        self.reservation_timeout = timeout;
        self
    }

    /// For how long a rotation waits until the component is up with the new key: 3 minutes.
    #[must_use]
    pub fn with_see_timeout(mut self, timeout: Duration) -> Self {
        self.see_timeout = timeout;
        self
    }

    /// The user and the policy.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What [`grant`](Self::grant) would do.
    ///
    /// # Errors
    ///
    /// If something cannot be looked at, or what is there does not allow it.
    pub async fn plan_grant(&self, requirements: &Requirements) -> Result<Plan, Error> {
        let (state, _) = self.look().await?;
        Ok(grant::plan(
            &state,
            &self.names,
            requirements.policy().as_ref(),
        )?)
    }

    /// Makes the user, its policy, its AccessKey and the Secret with it, as far as they are not there,
    /// and restarts the component if it runs already.
    ///
    /// # Errors
    ///
    /// If a look or a step fails, or what is there does not allow it. Running it again goes on.
    pub async fn grant(&self, requirements: &Requirements) -> Result<Report, Error> {
        let document = requirements.policy();
        self.run(|state| grant::plan(state, &self.names, document.as_ref()))
            .await
    }

    /// What [`narrow`](Self::narrow) would do.
    ///
    /// # Errors
    ///
    /// If something cannot be looked at, or there is nothing to narrow.
    pub async fn plan_narrow(&self, requirements: &Requirements) -> Result<Plan, Error> {
        let document = narrowed(requirements)?;
        let (state, _) = self.look().await?;
        Ok(narrow::plan(&state, &self.names, &document)?)
    }

    /// Makes the policy one for the buckets of these requirements alone.
    ///
    /// # Errors
    ///
    /// If a look or a step fails, or there is nothing to narrow.
    pub async fn narrow(&self, requirements: &Requirements) -> Result<Report, Error> {
        let document = narrowed(requirements)?;
        self.run(|state| narrow::plan(state, &self.names, &document))
            .await
    }

    /// What [`rotate`](Self::rotate) would do.
    ///
    /// # Errors
    ///
    /// If something cannot be looked at, or there is no key to replace.
    pub async fn plan_rotate(&self) -> Result<Plan, Error> {
        let (state, _) = self.look().await?;
        Ok(rotate::plan(
            &state,
            &self.names,
            &rotate::begins_from(&state)?,
        )?)
    }

    /// Replaces the AccessKey. Both keys sign until the component was seen to work with the new one; an
    /// interrupted rotation is completed, not begun again.
    ///
    /// # Errors
    ///
    /// If a look or a step fails, there is no key to replace, or the new one is not seen to work.
    pub async fn rotate(&self) -> Result<Report, Error> {
        let (state, _) = self.look().await?;
        let from = rotate::begins_from(&state)?;
        self.run(|state| rotate::plan(state, &self.names, &from))
            .await
    }

    /// What [`revoke`](Self::revoke) would do.
    ///
    /// # Errors
    ///
    /// If something cannot be looked at.
    pub async fn plan_revoke(&self) -> Result<Plan, Error> {
        let (state, _) = self.look().await?;
        Ok(revoke::plan(&state, &self.names))
    }

    /// Takes back what a grant made: policy, keys, Secret and user. What it did not make stays.
    ///
    /// # Errors
    ///
    /// If a look or a step fails. Running it again goes on.
    pub async fn revoke(&self) -> Result<Report, Error> {
        self.run(|state| Ok(revoke::plan(state, &self.names))).await
    }

    /// Looks, plans and acts until there is nothing left to do.
    async fn run(&self, plan: impl Fn(&State) -> Result<Plan, Refusal>) -> Result<Report, Error> {
        let reservation = uuid::Uuid::new_v4().to_string();
        let mut report = Report {
            names: self.names.clone(),
            done: Vec::new(),
            notes: Vec::new(),
        };
        let mut waited = Duration::ZERO;
        let mut failed = None;
        let mut next = None;
        let mut round = 0;
        while round < ROUNDS {
            let (state, secret) = self.look().await?;
            let planned = plan(&state)?;
            for note in planned.notes {
                if !report.notes.contains(&note) {
                    report.notes.push(note);
                }
            }
            let Some(first) = planned.steps.first() else {
                return Ok(report);
            };
            next = Some(Box::new(first.clone()));
            if is_reserved_by_other(&state, &reservation) && waited < self.reservation_timeout {
                let pause = Duration::from_secs(1).min(self.reservation_timeout - waited);
                sleep(pause).await;
                waited += pause;
                continue;
            }
            round += 1;
            let mut execution = Execution {
                cloud: &self.cloud,
                ram: &self.ram,
                cluster: &self.cluster,
                reservation: &reservation,
                see_timeout: self.see_timeout,
                secret,
            };
            for step in planned.steps {
                match execution.take(&step).await {
                    Ok(()) => report.done.push(step),
                    Err(error) if error.is_worth_another_look() => {
                        failed = Some(Box::new(error));
                        sleep(self.pause(round)).await;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        match (next, failed) {
            (Some(next), source) => Err(Error::Unsettled {
                rounds: ROUNDS,
                next,
                source,
            }),
            (None, _) => Ok(report),
        }
    }

    async fn look(&self) -> Result<(State, Option<k8s_openapi::api::core::v1::Secret>), Error> {
        let mut round = 0;
        loop {
            match observe(&self.ram, &self.cluster, &self.names).await {
                Err(error) if error.is_worth_another_look() && round < 3 => {
                    round += 1;
                    sleep(self.pause(round)).await;
                }
                other => return other,
            }
        }
    }

    /// Between rounds, so that two runs do not keep in step.
    fn pause(&self, round: usize) -> Duration {
        let longest = Duration::from_millis(100 << round.min(5));
        longest
            .min(self.reservation_timeout)
            .mul_f64(fastrand::f64())
    }
}

/// The names that follow from a cluster.
pub(crate) async fn names_of(cluster: &kube::Client, kind: ClusterKind) -> Result<Names, Error> {
    let step = "ask the cluster for the uid of its namespace `kube-system`";
    let uid = clusters::uid(cluster).await.map_err(Error::cluster(step))?;
    Ok(Names::of(kind, &uid))
}

fn is_reserved_by_other(state: &State, reservation: &str) -> bool {
    let secret = state.secret.as_ref();
    let found = secret.and_then(|secret| secret.reservation.as_ref());
    found.is_some_and(|it| it.id != reservation)
}

fn narrowed(requirements: &Requirements) -> Result<alibaba_ram::PolicyDocument, Refusal> {
    requirements
        .policy()
        .ok_or_else(|| Refusal::NothingToGrant {
            buckets: requirements.buckets().to_string(),
        })
}
