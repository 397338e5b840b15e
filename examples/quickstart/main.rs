//! Backs an application up to OSS, destroys it, restores it, and proves that it is the same.
//!
//! `cargo run --example quickstart` needs nothing but Rust: OSS is served by `alibaba-local`, and the
//! cluster by `kube-local`, or by a real throw-away control plane where `KUBEBUILDER_ASSETS` names one.
//! With `--kubeconfig` it works in your cluster, in namespaces that it creates and deletes; with
//! `--bucket` and `--region` it writes to real OSS.

#![allow(clippy::print_stdout, reason = "an example prints")]

mod application;
mod binder;
mod cluster;
mod failure;
mod objects;
mod options;
mod storage;
mod volume;

use std::collections::BTreeMap;
use std::time::Instant;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::compare::Comparison;
use ack_backup_center::engine::restore::{Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::engine::{GroupResource, Repository, Selection};
use clap::Parser as _;
use indicatif::{ProgressBar, ProgressStyle};

use cluster::Cluster;
use failure::{Result, in_words};
use objects::{Live, live_objects};
use options::Options;
use storage::Storage;
use volume::{CLAIM, Uploads};

#[tokio::main]
async fn main() {
    // Silent unless RUST_LOG asks: what matters is printed.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| "off".into()))
        .init();
    // One provider for the whole program: two libraries that each bring their own would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Err(error) = run(Options::parse()).await {
        println!("failed to {}", in_words(error.as_ref()));
        std::process::exit(1);
    }
}

async fn run(options: Options) -> Result<()> {
    let began = Instant::now();
    let storage = Storage::open(&options).await?;
    println!("Storage    {}", storage.describe());
    let cluster = Cluster::connect(&options).await?;
    println!("Cluster    {}", cluster.describe());

    let (shop, copy) = (cluster.namespace("shop"), cluster.namespace("shop-copy"));
    let backup = format!("{shop}-{}", time_suffix());
    let result = tokio::select! {
        result = demonstrate(&cluster, &storage, &shop, &copy, &backup) => result,
        _ = tokio::signal::ctrl_c() => Err("finish: interrupted by Ctrl-C".into()),
    };
    if result.is_ok() {
        println!("\nDone in {:.1} s.", began.elapsed().as_secs_f64());
    }
    if options.keep && result.is_ok() {
        storage
            .show_access(&options, &backup, &shop, &cluster.flags())
            .await?;
        cluster.show(&shop);
        println!("\nEverything is left as it is. Press Ctrl-C to end.");
        tokio::signal::ctrl_c().await?;
        return result;
    }
    // Each, whatever became of the other.
    let cluster = cluster.clean_up(&[&shop, &copy]).await;
    let storage = storage.clean_up(&backup).await;
    result.and(cluster).and(storage)
}

async fn demonstrate(
    cluster: &Cluster,
    storage: &Storage,
    shop: &str,
    copy: &str,
    backup: &str,
) -> Result<()> {
    let uploads = Uploads::make(cluster, storage, shop).await?;
    application::deploy(cluster, shop, uploads.is_some()).await?;
    if uploads.is_some() {
        Uploads::bound(cluster, shop).await?;
    }
    let before = live_objects(cluster.client(), shop, cluster.has_definitions()).await?;
    println!(
        "Deployed   {} objects in namespace `{shop}`\n",
        before.len()
    );

    let repository = Repository::new(storage.store(), "");
    let bar = progress("Backup ");
    let report = {
        let bar = bar.clone();
        let spec = BackupSpec {
            selection: Selection::of_namespaces([shop]),
            ..BackupSpec::named(backup)
        };
        let snapshotters = uploads.as_ref().map(Uploads::snapshotters);
        Backup::new(cluster.client().clone(), repository.clone(), spec)
            .with_snapshotters(snapshotters.unwrap_or_default())
            .on_progress(move |at| {
                bar.set_length(at.lists as u64);
                bar.set_position(at.lists_done as u64);
                bar.set_message(format!("{} objects", at.objects));
            })
            .run()
            .await?
    };
    bar.finish();
    print!("{report}");
    let verify = Verify::new(repository.clone(), backup).against(cluster.client().clone());
    print!("{}", verify.run().await?);

    println!("\nDeleting namespace `{shop}` ...");
    cluster.delete_namespace(shop).await?;
    cluster.delete_definitions().await?;
    if let Some(uploads) = &uploads {
        uploads.destroy(cluster, shop).await?;
    }

    let again = Again {
        cluster,
        repository: &repository,
        backup,
        uploads: uploads.as_ref(),
    };
    let same = again.restore("same-name", BTreeMap::new()).await?;
    let mapping = BTreeMap::from([(shop.to_owned(), copy.to_owned())]);
    let mapped = again.restore("second-name", mapping.clone()).await?;

    let again = live_objects(cluster.client(), shop, cluster.has_definitions()).await?;
    let copied = live_objects(cluster.client(), copy, cluster.has_definitions()).await?;
    println!("\n{:<32}{:>10}{:>10}", "", "restored", "equal");
    let mut wrong = Vec::new();
    for (name, report, after, mapping) in [
        (shop, &same, &again, &BTreeMap::new()),
        (copy, &mapped, &copied, &mapping),
    ] {
        let restored = report
            .items
            .iter()
            .filter(|item| item.outcome.is_in_cluster())
            .count();
        let found = compare(&before, after, mapping);
        let equal = before.len() - before.keys().filter(|key| found.contains_key(*key)).count();
        println!(
            "namespace {name:<22}{restored:>10}{:>10}",
            format!("{equal} of {}", before.len())
        );
        wrong.extend(found.into_values().flatten());
    }
    println!(
        "\nEvery field of every object was compared, apart from what a server owns (uids, addresses, status).\n\
         Claims of volumes that no snapshots are made of come back empty."
    );
    if let Some(uploads) = &uploads {
        for namespace in [shop, copy] {
            let (disk, is_whole) = uploads.look(cluster, namespace).await?;
            if !is_whole {
                wrong.push(format!(
                    "what is on disk `{disk}` of claim `{namespace}/{CLAIM}`"
                ));
                continue;
            }
            println!(
                "Claim `{namespace}/{CLAIM}` has the new disk `{disk}`, with every byte of the old one."
            );
        }
    }
    storage.show(backup).await?;
    if wrong.is_empty() {
        return Ok(());
    }
    for line in &wrong {
        println!("  different: {line}");
    }
    Err(format!(
        "restore the application as it was: {} differences",
        wrong.len()
    )
    .into())
}

/// A backup that is restored, more than once.
struct Again<'a> {
    cluster: &'a Cluster,
    repository: &'a Repository,
    backup: &'a str,
    uploads: Option<&'a Uploads>,
}

impl Again<'_> {
    async fn restore(
        &self,
        name: &str,
        namespace_mapping: BTreeMap<String, String>,
    ) -> Result<RestoreReport> {
        let bar = progress("Restore");
        let inner = bar.clone();
        let spec = RestoreSpec {
            namespace_mapping,
            ..RestoreSpec::named(name)
        };
        let backup = self.repository.open(self.backup).await?;
        let snapshotters = self.uploads.map(Uploads::snapshotters);
        let report = Restore::new(self.cluster.client().clone(), backup, spec)
            .with_snapshotters(snapshotters.unwrap_or_default())
            .on_progress(move |at| {
                inner.set_length(at.total as u64);
                inner.set_position(at.done as u64);
            })
            .run()
            .await?;
        bar.finish();
        print!("{report}");
        if report.is_complete() {
            Ok(report)
        } else {
            Err(format!("restore `{}`", self.backup).into())
        }
    }
}

/// What differs, in words, by object. Objects that are only in one of both differ too.
fn compare(
    before: &Live,
    after: &Live,
    mapping: &BTreeMap<String, String>,
) -> BTreeMap<(GroupResource, String), Vec<String>> {
    let comparison = Comparison::default().with_namespace_mapping(mapping);
    let mut wrong = BTreeMap::new();
    for (key, object) in before {
        let (kind, name) = key;
        let found: Vec<String> = match after.get(key) {
            None => vec![format!("{kind} `{name}` is missing")],
            Some(copy) => {
                let pointers = comparison.differences(kind, object, copy).into_iter();
                pointers
                    .map(|pointer| format!("{kind} `{name}` at {pointer}"))
                    .collect()
            }
        };
        if !found.is_empty() {
            wrong.insert(key.clone(), found);
        }
    }
    for key in after.keys().filter(|key| !before.contains_key(*key)) {
        wrong.insert(
            key.clone(),
            vec![format!("{} `{}` was not there before", key.0, key.1)],
        );
    }
    wrong
}

fn progress(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_prefix(what);
    if let Ok(style) = ProgressStyle::with_template("{prefix}    [{bar:40}] {pos}/{len} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Tells this run's backup from the last one's.
fn time_suffix() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{:x}", since.map_or(0, |since| since.as_secs()))
}
