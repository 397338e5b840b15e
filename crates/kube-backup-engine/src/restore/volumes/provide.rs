//! One claim with its data: its source is asked for until it is there, what it is made from is created, and
//! then the claim itself. A claim that is there already is left as it is.

use std::time::Duration;

use http::StatusCode;
use k8s_openapi::api::core::v1::PersistentVolume;
use serde_json::Value;
use tokio::time::timeout;

use super::super::apply::{Applied, apply};
use super::super::decide::Rules;
use super::super::environment::Environment;
use super::super::marks::are_of_one_restore;
use super::super::outcome::Outcome;
use super::super::request::Request;
use super::super::served::Served;
use super::super::spec::ExistingResourcePolicy;
use super::claim::{self, Place};
use super::data::{ClaimData, DataOutcome};
use super::fill::Filling;
use super::plan::{FromSnapshot, PlannedClaim, Way};
use super::snapshots::{self, StaticSnapshot, mark};
use super::target::Target;
use super::turns::Turns;
use crate::cluster::failure::Failure;
use crate::cluster::path::path;
use crate::cluster::wait::Pauses;
use crate::volumes::{RestoreSource, RestoreTarget, VolumeMethod};
use crate::{Error, ErrorKind, Result};

/// Between two times that a source is asked for, the first and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// What every claim is restored with.
pub(crate) struct Means<'a> {
    pub(crate) served: &'a Served,
    pub(crate) target: &'a Target,
    pub(crate) turns: &'a Turns,
}

/// What came of a claim.
pub(crate) struct Provided {
    pub(crate) request: Box<Request>,
    pub(crate) applied: Applied,
    pub(crate) data: ClaimData,
    /// It is to be filled.
    pub(crate) filling: Option<Filling>,
    /// What it is made from, until it is bound.
    pub(crate) snapshot: Option<StaticSnapshot>,
    /// Whether it is held back, and what uses it has to wait.
    pub(crate) is_held_back: bool,
}

/// Restores a claim with its data.
pub(crate) async fn provide(
    environment: &Environment<'_>,
    means: &Means<'_>,
    request: Box<Request>,
    planned: PlannedClaim,
) -> Provided {
    let PlannedClaim { data, way } = planned;
    let mut provided = Provided {
        request,
        applied: Outcome::Unchanged.into(),
        data,
        filling: None,
        snapshot: None,
        is_held_back: false,
    };
    let step = format!(
        "restore claim `{}/{}` with its data",
        provided.data.target_namespace, provided.data.claim
    );
    // On the heap, as all that is deep: what polls it has a stack of two megabytes.
    let work = Box::pin(provided.carry_out(environment, means, way));
    let done = environment.deadline.within(&step, work).await;
    if let Err(error) = done.and_then(|done| done) {
        provided.fail(error.chain());
    }
    provided
}

impl Provided {
    async fn carry_out(
        &mut self,
        environment: &Environment<'_>,
        means: &Means<'_>,
        way: Way,
    ) -> Result<()> {
        let api = &environment.api;
        let there = means.turns.take(api.get(&self.request.path)).await?;
        let live = match Failure::of(&there) {
            None => Some(there.json()),
            Some(_) if there.status == StatusCode::NOT_FOUND => None,
            Some(failure) => {
                let step = format!("look at `{}`", self.request.path);
                return Err(Error::cluster(step, failure));
            }
        };
        // One that is going is waited for when the claim is created.
        let live = live.filter(|live| live["metadata"].get("deletionTimestamp").is_none());
        if let Some(live) = live {
            self.meet(environment, means, &live, way).await;
            return Ok(());
        }
        match way {
            Way::Plain => {
                claim::set_class(&mut self.request.object, self.data.storage_class.as_deref());
                self.apply(
                    environment,
                    means,
                    environment.spec.existing_resource_policy,
                )
                .await;
                // Else a StatefulSet makes another claim, beside the volume that is there.
                if let (DataOutcome::Reused, Outcome::Failed(reason)) =
                    (&self.data.outcome, &self.applied.outcome)
                {
                    let reason = reason.clone();
                    self.fail(reason);
                }
            }
            Way::Refused(why) => self.fail(why),
            Way::FromSnapshot(from) if environment.is_plan() => {
                self.foresee(&from)?;
                self.create(environment, means).await;
            }
            Way::FromSnapshot(from) => self.make(environment, means, from).await?,
        }
        Ok(())
    }

    /// The claim is there already.
    async fn meet(
        &mut self,
        environment: &Environment<'_>,
        means: &Means<'_>,
        live: &Value,
        way: Way,
    ) {
        let spec = environment.spec;
        claim::set_class(&mut self.request.object, self.data.storage_class.as_deref());
        if are_of_one_restore(live, &self.request.object) {
            claim::take_over(&mut self.request.object, live);
            let fill = claim::fill_of(live);
            let is_unfilled = fill == Some("pending");
            match way {
                Way::FromSnapshot(from) => {
                    self.snapshot = StaticSnapshot::of(live, &self.request.path);
                    self.data.outcome = DataOutcome::Restored;
                    self.filling = self.filling(from).filter(|_| fill.is_some());
                    if let Some(filling) = &mut self.filling {
                        filling.is_filled = !is_unfilled;
                    }
                }
                Way::Refused(why) if is_unfilled => return self.fail(why),
                Way::Refused(_) => self.data.outcome = DataOutcome::Restored,
                Way::Plain => {}
            }
        } else {
            self.data.outcome = DataOutcome::Existing;
        }
        // Whatever the policy, a claim keeps the volume that it has, as it is.
        let is_bound = live["status"]["phase"] == "Bound" || live["spec"]["volumeName"].is_string();
        let policy = match is_bound {
            true => ExistingResourcePolicy::None,
            false => spec.existing_resource_policy,
        };
        self.apply(environment, means, policy).await;
    }

    fn filling(&self, from: Box<FromSnapshot>) -> Option<Filling> {
        Some(Filling {
            namespace: self.request.namespace.clone()?,
            claim: self.request.name.clone(),
            from,
            is_filled: false,
        })
    }

    /// What is known of the claim before its source is.
    fn foresee(&mut self, from: &FromSnapshot) -> Result<()> {
        let object = &mut self.request.object;
        claim::set_class(object, self.data.storage_class.as_deref());
        let raised = claim::raise(object, from.record.restore_size);
        self.data.warnings.extend(raised);
        let asked = claim::typed(object)?;
        let adjusted = from.snapshotter.adjust_claim(&from.record, asked.clone());
        let warnings = claim::adjust(object, &asked, adjusted)?;
        self.data.warnings.extend(warnings);
        self.data.bytes = super::size::requested(object);
        if from.record.method == VolumeMethod::PodVolumeBackup {
            claim::provision_empty(object);
        }
        Ok(())
    }

    async fn make(
        &mut self,
        environment: &Environment<'_>,
        means: &Means<'_>,
        from: Box<FromSnapshot>,
    ) -> Result<()> {
        let plain = from.partial.is_some().then(|| self.request.object.clone());
        self.foresee(&from)?;
        let source = match (self.source(environment, means, &from).await, plain) {
            (Ok(source), _) => source,
            // Nothing of it is there, and nothing is gained by waiting.
            (Err(error), Some(plain)) => {
                self.data.outcome = DataOutcome::Failed(error.chain());
                self.request.object = plain;
                claim::set_class(&mut self.request.object, self.data.storage_class.as_deref());
                self.apply(environment, means, ExistingResourcePolicy::None)
                    .await;
                return Ok(());
            }
            (Err(error), None) => return Err(error),
        };
        match source {
            RestoreSource::DataSource {
                objects,
                data_source,
                at_least,
            } => {
                self.check_class(means.target, driver_of(&objects))?;
                let raised = claim::raise(&mut self.request.object, at_least);
                self.data.warnings.extend(raised);
                claim::provision_from(&mut self.request.object, &data_source);
                // Taken away again whatever becomes of the claim.
                self.snapshot = StaticSnapshot::of(&self.request.object, &self.request.path);
                let made = snapshots::create(environment, means.served, &objects);
                means.turns.take(made).await?;
                self.create(environment, means).await;
            }
            RestoreSource::Volume(volume) => {
                let volume = self.bound(*volume, &from)?;
                let created = create_volume(environment, &volume);
                means.turns.take(created).await?;
                self.create(environment, means).await;
            }
            RestoreSource::Fill { at_least } => {
                self.check_class(means.target, None)?;
                let raised = claim::raise(&mut self.request.object, at_least);
                self.data.warnings.extend(raised);
                claim::provision_empty(&mut self.request.object);
                self.create(environment, means).await;
                if !self.is_held_back {
                    self.filling = self.filling(from);
                }
            }
            RestoreSource::Pending { reason } => {
                let why = format!("its source is not there: {reason}");
                return Err(Error::new(ErrorKind::Volume, why));
            }
        }
        self.data.bytes = super::size::requested(&self.request.object);
        Ok(())
    }

    /// Asks for the claim's source until it is there, or the time is over.
    async fn source(
        &self,
        environment: &Environment<'_>,
        means: &Means<'_>,
        from: &FromSnapshot,
    ) -> Result<RestoreSource> {
        let claim = claim::typed(&self.request.object)?;
        let mut target = RestoreTarget::new(&environment.restore_uid, claim);
        target.volume.clone_from(&from.volume);
        target.region.clone_from(&from.region);
        target.zones.clone_from(&self.data.zones);
        target.serves_snapshots = means.target.serves_snapshots;
        let time = environment.options.volume_timeout;
        let name = from.snapshotter.name();
        let what = format!(
            "wait for `{name}` to bring back snapshot `{}`",
            super::plan::handle_of(&from.record)
        );
        let mut pauses = Pauses::new(&environment.api, what.clone(), PAUSES, time);
        loop {
            let asked = from.snapshotter.restore_source(&from.record, &target);
            let state = match means.turns.take(timeout(time, asked)).await {
                Ok(Ok(RestoreSource::Pending { reason })) => reason,
                Ok(Ok(source)) => return Ok(source),
                Ok(Err(error)) if error.is_retryable() => error.chain(),
                Ok(Err(error)) => return Err(error),
                Err(_) => "it does not respond".to_owned(),
            };
            if !pauses.pause(state.as_str()).await {
                let why = format!("{what}: it is not there after {time:?}: {state}");
                return Err(Error::new(ErrorKind::Timeout, why));
            }
        }
    }

    /// Whether the claim's class makes volumes of this driver, or at all.
    fn check_class(&self, target: &Target, driver: Option<String>) -> Result<()> {
        let refuse = |why: String| Err(Error::new(ErrorKind::Invalid, why));
        let class = match target.class(self.data.storage_class.as_deref()) {
            Ok(class) => class,
            Err(why) => return refuse(why),
        };
        let provisioner = class.map(|class| class.provisioner.as_str());
        match (provisioner.filter(|name| !name.is_empty()), driver) {
            (Some(provisioner), Some(driver)) if provisioner != driver => refuse(format!(
                "its storage class is of `{provisioner}`, and its snapshot of `{driver}`, which nobody else can read; map \
                 the class to one of `{driver}` with `storageClassMapping`"
            )),
            _ => Ok(()),
        }
    }

    /// The volume that was made, bound to the claim, and the claim to it.
    fn bound(&mut self, mut volume: PersistentVolume, from: &FromSnapshot) -> Result<Value> {
        let place = Place {
            keys: &from.snapshotter.capabilities().topology_keys,
            zones: &self.data.zones,
            region: from.region.as_deref(),
        };
        let claim = &mut self.request.object;
        let bound = claim::bind(&mut volume, claim, from.volume.as_ref(), &place);
        let warnings = bound.map_err(|why| Error::new(ErrorKind::Volume, why))?;
        self.data.warnings.extend(warnings);
        let mut volume = serde_json::to_value(&volume)
            .map_err(|error| Error::internal("write the volume", error))?;
        volume["apiVersion"] = "v1".into();
        volume["kind"] = "PersistentVolume".into();
        Ok(volume)
    }

    /// Creates the claim, which was not there.
    async fn create(&mut self, environment: &Environment<'_>, means: &Means<'_>) {
        self.apply(environment, means, ExistingResourcePolicy::None)
            .await;
        match &self.applied.outcome {
            Outcome::Failed(reason) => {
                let reason = reason.clone();
                self.fail(reason);
            }
            // Somebody was faster.
            outcome if !outcome.is_ours() => self.data.outcome = DataOutcome::Existing,
            _ if environment.is_plan() => {}
            _ => self.data.outcome = DataOutcome::Restored,
        }
    }

    async fn apply(
        &mut self,
        environment: &Environment<'_>,
        means: &Means<'_>,
        policy: ExistingResourcePolicy,
    ) {
        let rules = Rules {
            policy,
            bystanders: &environment.bystanders,
            in_new_namespace: self.request.in_new_namespace,
        };
        let applied = apply(&environment.api, &self.request, rules);
        self.applied = means.turns.take(applied).await;
    }

    pub(crate) fn fail(&mut self, reason: String) {
        self.data.outcome = DataOutcome::Failed(reason.clone());
        self.applied = Outcome::Failed(reason).into();
        self.filling = None;
        self.is_held_back = true;
    }
}

/// The driver whose snapshot these objects stand for.
fn driver_of(objects: &[Value]) -> Option<String> {
    let mut drivers = objects
        .iter()
        .filter_map(|object| object["spec"]["driver"].as_str());
    drivers.next().map(str::to_owned)
}

/// Creates the volume that was made for a claim. One that an earlier run created is taken, unless another claim
/// had it meanwhile: then it holds that one's data.
async fn create_volume(environment: &Environment<'_>, volume: &Value) -> Result<()> {
    let api = &environment.api;
    let mut volume = volume.clone();
    mark(environment, &mut volume);
    let name = volume["metadata"]["name"].as_str().unwrap_or_default();
    let step = format!("create the volume `{name}` that was made for it");
    let created = api.create("/api/v1/persistentvolumes", &volume).await?;
    let Some(failure) = Failure::of(&created) else {
        return Ok(());
    };
    if created.reason() != "AlreadyExists" {
        return Err(Error::cluster(step, failure));
    }
    let live = api
        .get(&path(["api", "v1", "persistentvolumes", name]))
        .await?;
    if let Some(failure) = Failure::of(&live) {
        return Err(Error::cluster(step, failure));
    }
    let live = live.json();
    let same = |at: &str| live.pointer(at) == volume.pointer(at);
    let is_same = [
        "/spec/csi/driver",
        "/spec/csi/volumeHandle",
        "/spec/claimRef/namespace",
        "/spec/claimRef/name",
    ]
    .iter()
    .all(|at| same(at));
    let had_another = live["spec"]["claimRef"]["uid"].is_string();
    if is_same && !had_another && are_of_one_restore(&live, &volume) {
        return Ok(());
    }
    let why = match is_same && had_another {
        true => {
            "a claim that is gone had it, and has written to it; restore under another name for another one"
        }
        false => "another volume has its name; restore under another name",
    };
    Err(Error::cluster(step, why))
}
