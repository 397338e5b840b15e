//! A nightly tool, all of it: a backup and its verification, the list, and what retention deletes.
//!
//! ```console
//! $ OSS_REGION=cn-hangzhou BACKUPS=oss://my-backups/clusters/berlin NAMESPACES=shop,web cargo run --example nightly
//! ```
//!
//! Credentials and kubeconfig are found where other tools find them, in a Pod as well.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

use std::{env, error::Error, sync::Arc};

use ack_backup_center::engine::backup::{Backup, BackupProgress, BackupSpec};
use ack_backup_center::engine::retention::{Candidate, Prune, RetentionPolicy};
use ack_backup_center::engine::{Repository, Selection, connect, schedule, verify::Verify};
use ack_backup_center::{chrono::Utc, oss::OssStore};

/// One night.
#[tokio::main]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let (store, prefix) = OssStore::from_url(&env::var("BACKUPS")?)?;
    let repository = Repository::new(Arc::new(store), prefix);
    let cluster = connect().await?;

    let name = schedule::backup_name("nightly", Utc::now())?;
    let mut spec = BackupSpec::named(&name);
    spec.selection = Selection::of_namespaces(env::var("NAMESPACES")?.split(','));
    let backup = Backup::new(cluster.clone(), repository.clone(), spec).on_progress(progress);
    println!("{}", backup.run().await?);
    let verify = Verify::new(repository.clone(), &name).against(cluster);
    println!("{}", verify.run().await?);

    let list = repository.list().await?;
    for record in &list.records {
        println!("{:40} {}", record.name(), record.status.phase);
    }
    let mut policy = RetentionPolicy::default();
    (policy.keep_daily, policy.keep_weekly) = (Some(7), Some(5));
    let backups: Vec<_> = list.records.iter().map(Candidate::of).collect();
    let plan = policy.apply(&backups, Utc::now())?;
    println!("{plan}"); // every keep and delete with its reasons
    println!("{}", Prune::new(repository).run(&plan).await?);
    Ok(())
}

fn progress(it: BackupProgress) {
    eprintln!(
        "{} of {} lists, {} objects",
        it.lists_done, it.lists, it.objects
    );
}
