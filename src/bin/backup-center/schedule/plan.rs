//! Which plans are meant, and how they are changed.

use ack_backup_center::crds::BackupSchedule;
use clap::Args;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::cluster;
use crate::exit::{Done, Failure, Result};
use crate::output::print_bytes;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct At {
    /// The namespace of the plans.
    #[arg(long, short, default_value = "csdr")]
    pub(super) namespace: String,
}

#[derive(Args, Debug)]
pub(crate) struct One {
    /// The plan.
    pub(super) name: String,
    #[command(flatten)]
    pub(super) at: At,
}

impl At {
    pub(super) async fn plans(&self, place: &Place) -> Result<Api<BackupSchedule>> {
        Ok(Api::namespaced(
            cluster::connect(place).await?,
            &self.namespace,
        ))
    }
}

impl One {
    pub(super) async fn patch(&self, place: &Place, spec: Value, said: &str) -> Result<Done> {
        let patch = Patch::Merge(json!({"spec": spec}));
        let plans = self.at.plans(place).await?;
        let patched = plans
            .patch(&self.name, &PatchParams::default(), &patch)
            .await;
        patched.map_err(|error| failure(&format!("change plan `{}`", self.name), error))?;
        print_bytes(format!("Schedule {} {said}\n", self.name).as_bytes())?;
        Ok(Done::Whole)
    }
}

/// What the API server said, and what it means where a kind or an object is not there.
pub(super) fn failure(step: &str, error: kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) if status.code == 404 && status.details.is_none() => Failure::new(
            format!("{step}: the cluster does not know BackupSchedules; install the backup center"),
        ),
        kube::Error::Api(status) if status.code == 404 => {
            Failure::missing(format!("{step}: {}", status.message))
        }
        kube::Error::Api(status) => Failure::new(format!("{step}: {}", status.message)),
        error => Failure::failed(step, error),
    }
}
