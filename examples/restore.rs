//! Restores a backup, or says what that would do and changes nothing:
//!
//! ```console
//! $ cargo run --example restore -- --bucket my-backups --region cn-hangzhou --backup nightly --dry-run
//! $ cargo run --example restore -- --folder ./backups --backup nightly --namespace shop=shop-copy
//! $ cargo run --example restore -- --folder ./backups --backup nightly --profile tenant --act-as jane --dry-run
//! ```
//!
//! It ends with 0 when everything chosen was restored, 1 when something failed, and 3 when nothing failed and
//! something was withheld for the powers that it would have granted, the cluster's own aside. 2 is for a
//! command line that cannot be read.

#![allow(clippy::print_stderr, reason = "an example prints")]

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::{Context, credentials};
use ack_backup_center::engine::restore::{
    ActAs, Action, ExistingResourcePolicy, PowerPolicy, PowerSwitch, Profile, Restore, RestoreSpec,
};
use ack_backup_center::engine::{
    Repository, RunOptions, Selection, UnmatchedFilters, client_for, cluster_config,
};
use ack_backup_center::oss::{Client, OssStore};
use clap::Parser;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Restores a backup into the cluster of the current context.
#[derive(Debug, Parser)]
struct Options {
    /// The backup.
    #[arg(long)]
    backup: String,
    /// The bucket it is in, with credentials of the default chain.
    #[arg(long, requires = "region", required_unless_present = "folder")]
    bucket: Option<String>,
    /// The bucket's region, such as cn-hangzhou.
    #[arg(long)]
    region: Option<String>,
    /// The folder it is in, instead of a bucket.
    #[arg(long, conflicts_with = "bucket")]
    folder: Option<PathBuf>,
    /// Where in the bucket or folder.
    #[arg(long, default_value = "")]
    prefix: String,
    /// The kubeconfig of the cluster; else the default one.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; else the current one.
    #[arg(long)]
    context: Option<String>,
    /// Only this namespace, or `FROM=TO` to restore it as another one; may be repeated.
    #[arg(long)]
    namespace: Vec<String>,
    /// Only this kind, such as `deploy`, `deployments.apps` or `*.example.com`; may be repeated.
    #[arg(long)]
    kind: Vec<String>,
    /// `FROM=TO`: claims and volumes of one storage class get another; may be repeated.
    #[arg(long, value_parser = pair)]
    storage_class: Vec<(String, String)>,
    /// `FROM=TO`: images whose names begin with FROM are pulled from TO instead; may be repeated.
    #[arg(long, value_parser = pair)]
    image: Vec<(String, String)>,
    /// What it is for, and with it which powers it grants: everything, application or tenant.
    #[arg(long, default_value = "everything")]
    profile: Profile,
    /// Grant this power, such as `node`, or all that one object grants, as in `daemonsets.apps/shop/agent`; may
    /// be repeated.
    #[arg(long)]
    allow: Vec<PowerSwitch>,
    /// Grant it to nobody; may be repeated.
    #[arg(long)]
    withhold: Vec<PowerSwitch>,
    /// Restore as this user, with what they may do; needs the right to impersonate them.
    #[arg(long)]
    act_as: Option<String>,
    /// A group of that user; may be repeated.
    #[arg(long, requires = "act_as")]
    act_as_group: Vec<String>,
    /// Go on when a filter matches nothing, with a warning.
    #[arg(long)]
    warn_unmatched: bool,
    /// The restore's name. Run again under the same name, it completes what is missing.
    #[arg(long)]
    name: Option<String>,
    /// Update what exists and differs, instead of leaving it alone.
    #[arg(long)]
    update: bool,
    /// Wait up to this many seconds for what was restored to be ready.
    #[arg(long, default_value_t = 0)]
    wait: u64,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    // With two providers of cryptography in the graph, one has to be chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Options::parse()).await {
        Ok(Done::Whole) => ExitCode::SUCCESS,
        Ok(Done::Failed) => ExitCode::FAILURE,
        Ok(Done::Withheld) => ExitCode::from(3),
        Err(error) => {
            eprint!("restore: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprint!(": {error}");
                cause = error.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

/// How it went, or would go.
enum Done {
    Whole,
    Failed,
    Withheld,
}

impl Done {
    fn of(failed: bool, mut withheld: impl Iterator<Item = bool>) -> Self {
        if failed {
            Self::Failed
        } else if withheld.any(|is_of_cluster_itself| !is_of_cluster_itself) {
            Self::Withheld
        } else {
            Self::Whole
        }
    }
}

async fn run(options: Options) -> Result<Done> {
    let cluster = cluster(&options).await?;
    let repository = Repository::new(store(&options)?, options.prefix.as_str());
    let backup = repository.open(&options.backup).await?;
    let wait = RunOptions::default().with_wait_for_ready(Duration::from_secs(options.wait));
    let restore = Restore::new(cluster, backup, spec(&options)).with_options(wait);
    if options.dry_run {
        let plan = restore.plan().await?;
        print(&options, &plan)?;
        let failed = plan.items.iter().any(|item| item.action == Action::Fail);
        let withheld = plan.withheld().map(|(_, it)| it.is_of_cluster_itself);
        return Ok(Done::of(failed, withheld));
    }
    let report = restore.run().await?;
    print(&options, &report)?;
    let withheld = report.withheld().map(|(_, it)| it.is_of_cluster_itself);
    Ok(Done::of(!report.is_complete(), withheld))
}

fn spec(options: &Options) -> RestoreSpec {
    let name = options.name.as_ref().unwrap_or(&options.backup);
    let mut spec = RestoreSpec {
        selection: Selection::of_kinds(&options.kind),
        storage_class_mapping: options.storage_class.iter().cloned().collect(),
        image_mapping: options.image.iter().cloned().collect(),
        powers: PowerPolicy {
            profile: options.profile,
            allow: options.allow.iter().cloned().collect(),
            withhold: options.withhold.iter().cloned().collect(),
            ..PowerPolicy::default()
        },
        act_as: options
            .act_as
            .as_ref()
            .map(|user| ActAs::user(user, &options.act_as_group)),
        ..RestoreSpec::named(name)
    };
    if options.warn_unmatched {
        spec.selection.unmatched_filters = UnmatchedFilters::Warn;
    }
    if options.update {
        spec.existing_resource_policy = ExistingResourcePolicy::Update;
    }
    for namespace in &options.namespace {
        let (from, to) = namespace
            .split_once('=')
            .unwrap_or((namespace, namespace.as_str()));
        spec.selection.included_namespaces.insert(from.to_owned());
        if from != to {
            spec.namespace_mapping
                .insert(from.to_owned(), to.to_owned());
        }
    }
    spec
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("write it as FROM=TO")?;
    Ok((from.to_owned(), to.to_owned()))
}

fn store(options: &Options) -> Result<Arc<dyn ObjectStore>> {
    if let Some(folder) = &options.folder {
        return Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?));
    }
    let (Some(bucket), Some(region)) = (&options.bucket, &options.region) else {
        return Err("name a bucket and its region, or a folder".into());
    };
    let context = Context::system()?;
    let credentials = credentials::default_chain(&context);
    let client = Client::new(&context, region.parse()?, credentials)?;
    Ok(Arc::new(OssStore::new(client, bucket.as_str())))
}

async fn cluster(options: &Options) -> Result<kube::Client> {
    let (kubeconfig, context) = (options.kubeconfig.as_deref(), options.context.as_deref());
    Ok(client_for(cluster_config(kubeconfig, context).await?)?)
}

fn print<T: serde::Serialize + std::fmt::Display>(options: &Options, what: &T) -> Result<()> {
    let text = if options.json {
        serde_json::to_string_pretty(what)? + "\n"
    } else {
        what.to_string()
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}
