//! Cloud Backup (HBR): vaults, container clusters, jobs that really copy, snapshots, plans and policies.
//!
//! What it answers is held to the facts of the official SDKs and the product's pages. Where these say
//! nothing, the choice is marked as assumed beside the code that makes it: most codes of errors, how
//! long states last, how a job of several volumes maps to snapshots (one for each), what patterns in
//! paths mean, and that backup clients come up by themselves.

mod answer;
mod backup_jobs;
mod backups;
mod bounds;
mod clusters;
mod conditions;
mod contents;
mod copy;
mod ids;
mod listing;
mod page;
mod passing;
mod plans;
mod policies;
mod records;
mod refusal;
mod regions;
mod restore_jobs;
mod run;
mod schedule;
mod service;
mod settings;
mod snapshots;
mod state;
mod vaults;

use alibaba_ram::Resource;
use http::Extensions;

use crate::objects::ObjectsPort;
use crate::openapi::product::{Access, Action, Product};

pub use settings::BackupClients;
pub(crate) use settings::open;
use state::Hbr;

/// Actions, each with its function. The right that one needs is on `*`: Cloud Backup works at the level
/// of actions.
macro_rules! actions {
    ($($name:literal => $run:path;)*) => {
        &[$(Action {
            name: $name,
            access: Access::Allowed(concat!("hbr:", $name), |_, _| vec![Resource::new("*")]),
            run: |hbr, call| answer::answer($run, hbr, call),
        }),*]
    };
}

impl Product for Hbr {
    const NAME: &'static str = "hbr";
    const VERSION: &'static str = "2017-09-08";
    const DENIED: &'static str = "Forbidden.RAM";
    // DescribeRestoreJobs is the name of a right only: no SDK of this version has such an action.
    const ACTIONS: &'static [Action<Self>] = actions! {
        "CreateVault" => vaults::create;
        "DescribeVaults" => vaults::describe;
        "UpdateVault" => vaults::update;
        "DeleteVault" => vaults::delete;
        "AddContainerCluster" => clusters::add;
        "DescribeContainerCluster" => clusters::describe;
        "UpdateContainerCluster" => clusters::update;
        "DeleteContainerCluster" => clusters::delete;
        "DescribeContainerResource" => clusters::resources;
        "CreateBackupJob" => backup_jobs::create;
        "DescribeBackupJobs2" => backup_jobs::describe;
        "CancelBackupJob" => backup_jobs::cancel;
        "CreateRestoreJob" => restore_jobs::create;
        "DescribeRestoreJobs2" => restore_jobs::describe;
        "CancelRestoreJob" => restore_jobs::cancel;
        "SearchHistoricalSnapshots" => snapshots::search;
        "ListSnapshots" => snapshots::list;
        "DeleteSnapshot" => snapshots::delete;
        "CreateBackupPlan" => plans::create;
        "DescribeBackupPlans" => plans::describe;
        "ExecuteBackupPlan" => plans::execute;
        "DeleteBackupPlan" => plans::delete;
        "CreatePolicyV2" => policies::create;
        "CreatePolicyBindings" => policies::bind;
        "DescribePoliciesV2" => policies::describe;
        "DescribeRegions" => regions::describe;
        "OpenHbrService" => service::open;
        "DescribeTask" => service::describe_task;
        "CheckRole" => service::check_role;
        "GenerateRamPolicy" => service::generate_policy;
    };

    fn connect(&mut self, ports: &Extensions) {
        let port = ports.get::<ObjectsPort>();
        self.objects = port.map(|port| port.0.clone());
    }
}
