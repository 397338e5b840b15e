//! What is measured, each in a process that does nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::encryption::{Encryption, Identity};
use ack_backup_center::engine::powers::powers;
use ack_backup_center::engine::restore::{Restore, RestoreSpec};
use ack_backup_center::engine::seal::{SigningKey, Trust};
use ack_backup_center::engine::{Discovery, GroupResource, RunOptions, Selection};
use clap::ValueEnum;
use futures::TryStreamExt as _;
use measure::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cluster::{connect, create_all, make_namespaces, read_lists};
use crate::plan::Plan;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
pub(crate) enum Role {
    /// Asks for the kinds of the server.
    Discovery,
    /// Reads the lists of a backup, raw and in parallel: the ceiling of a backup.
    Lists,
    /// Makes a backup.
    Backup,
    /// Makes a backup and seals it.
    Sealed,
    /// Makes a backup and encrypts all of it.
    Encrypted,
    /// Creates as many objects in a bare loop: the ceiling of a restore.
    Create,
    /// Restores a backup into namespaces of its own.
    Restore,
    /// Restores it by its archive alone, as one that another program made.
    RestoreWithoutIndex,
    /// Looks what powers the objects of a backup ask for, as a restore does.
    Powers,
}

impl Role {
    /// What is added to the names of backups of this kind.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Sealed => "-sealed",
            Self::Encrypted => "-encrypted",
            _ => "",
        }
    }
}

/// What it came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// The most memory that the process ever had resident, in bytes.
    pub(crate) peak_memory: u64,
    /// Requests to the API server.
    pub(crate) calls: u64,
    /// Objects that were read, or created.
    pub(crate) objects: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lists: Vec<String>,
}

/// Does it, and prints what it came to.
pub(crate) async fn run(role: Role) -> Outcome<()> {
    let plan = Plan::from_environment()?;
    let (client, counter) = connect(&plan).await?;
    let namespaces = plan.namespaces(&format!("created-{}", plan.turn));
    if role == Role::Create {
        make_namespaces(&client, &namespaces).await?;
    }
    let held = match role {
        Role::Powers => objects_of(&plan).await?,
        _ => Vec::new(),
    };
    let before = counter.calls();
    let (started, cpu) = (Instant::now(), measure::process::cpu_time());
    let objects = match role {
        Role::Discovery => Discovery::run(&client).await?.resources.len() as u64,
        Role::Lists => {
            let at_once = RunOptions::default().backup_parallelism();
            read_lists(&client, &plan.lists, at_once).await?;
            plan.objects as u64
        }
        Role::Backup | Role::Sealed | Role::Encrypted => back_up(role, &plan, client).await?,
        Role::Create => {
            let at_once = RunOptions::default().restore_parallelism();
            create_all(&client, &plan, &namespaces, at_once).await?;
            plan.objects as u64
        }
        Role::Restore | Role::RestoreWithoutIndex => restore(role, &plan, client).await?,
        Role::Powers => {
            for (kind, object) in &held {
                std::hint::black_box(powers(kind, object));
            }
            held.len() as u64
        }
    };
    let (seconds, cpu) = (started.elapsed(), measure::process::cpu_time() - cpu);
    let measured = Measured {
        seconds: seconds.as_secs_f64(),
        cpu_seconds: cpu.as_secs_f64(),
        peak_memory: measure::process::peak_memory(std::process::id())?,
        calls: counter.calls() - before,
        objects,
        lists: counter.lists(),
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

async fn back_up(role: Role, plan: &Plan, client: kube::Client) -> Outcome<u64> {
    let mut spec = BackupSpec::named(&plan.name);
    if role == Role::Encrypted {
        let recipient = Identity::generate().recipient();
        spec.encryption = Some(Encryption::of_all([recipient]));
    }
    let repository = plan.repository()?;
    let backup = if role == Role::Sealed {
        let key = SigningKey::generate()?;
        let repository = repository.with_trust(Trust::of(key.verifying_key()));
        Backup::new(client, repository, spec).sealed_with(key)
    } else {
        Backup::new(client, repository, spec)
    };
    let report = backup.run().await?;
    if report.results.errors.count() > 0 {
        return Err(report.to_string().into());
    }
    let progress = report.record.status.progress;
    Ok(progress.map_or(0, |progress| progress.items_backed_up))
}

async fn restore(role: Role, plan: &Plan, client: kube::Client) -> Outcome<u64> {
    let (word, repository) = match role {
        Role::RestoreWithoutIndex => ("unindexed", plan.repository()?.ignoring_indexes()),
        _ => ("restored", plan.repository()?),
    };
    let targets = plan.namespaces(&format!("{word}-{}", plan.turn));
    let mapping: BTreeMap<String, String> =
        plan.namespaces("shop").into_iter().zip(targets).collect();
    let included: BTreeSet<String> = mapping.keys().cloned().collect();
    let backup = repository.open(&plan.name).await?;
    let spec = RestoreSpec {
        selection: Selection {
            included_namespaces: included,
            ..Selection::default()
        },
        namespace_mapping: mapping,
        ..RestoreSpec::named(format!("{word}-{}", plan.turn))
    };
    let report = Restore::new(client, backup, spec).run().await?;
    if !report.is_complete() {
        return Err(report.to_string().into());
    }
    Ok(report.items.len() as u64)
}

async fn objects_of(plan: &Plan) -> Outcome<Vec<(GroupResource, Value)>> {
    let backup = plan.repository()?.open(&plan.name).await?;
    let mut objects = backup.stream();
    let mut held = Vec::new();
    while let Some((entry, json)) = objects.try_next().await? {
        held.push((entry.id.resource, serde_json::from_slice(&json)?));
    }
    Ok(held)
}
