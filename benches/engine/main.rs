//! Backups and restores on a real control plane, each beside what the same server can do for a
//! client that does nothing else. See `../README.md`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what the program says to its user"
)]

mod child;
mod cluster;
mod measured;
mod objects;
mod plan;
mod results;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use control_plane::{Binaries, ControlPlane};
use measure::{Outcome, Report};

use crate::cluster::populate;
use crate::measured::{Measured, Role};
use crate::plan::{Place, Plan};
use crate::results::{Results, Size};

/// Measures backups and restores of the engine on a real control plane.
#[derive(Parser)]
struct Arguments {
    /// How many objects there are in the cluster; several for several clusters.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    objects: Vec<usize>,
    /// Backups, and reads of the same lists, of each size.
    #[arg(long, default_value_t = 7)]
    backups: usize,
    /// Restores, and bare creations of as many objects, of each size; beyond 50 000 objects one is
    /// made, whatever is said here.
    #[arg(long, default_value_t = 3)]
    restores: usize,
    /// Where backups are kept.
    #[arg(long, value_enum, default_value_t = Store::Folder)]
    store: Store,
    /// A try-out: few objects, one turn. Its numbers mean nothing.
    #[arg(long)]
    quick: bool,
    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    check: bool,
    /// Write the results to this file: JSON where it ends in `.json`, otherwise Markdown. May be
    /// repeated.
    #[arg(long)]
    out: Vec<PathBuf>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
    /// What the processes that this program starts do.
    #[arg(long, hide = true, value_enum)]
    role: Option<Role>,
}

/// Where backups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Store {
    /// A folder.
    Folder,
    /// A bucket of an alibaba-local in another process.
    Oss,
}

fn main() -> ExitCode {
    // Before any thread: kube and the OSS client speak TLS with the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(Arguments::parse())));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("engine: {}", chain(&*error));
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
async fn run(mut arguments: Arguments) -> Outcome<bool> {
    if let Some(role) = arguments.role {
        measured::run(role).await?;
        return Ok(true);
    }
    let mut report = Report::new("kube-backup-engine on a real control plane");
    if arguments.quick {
        arguments.objects = vec![200];
        (arguments.backups, arguments.restores) = (1, 1);
    }
    let binaries = Binaries::find()?;
    let mut results = Results::default();
    for objects in &arguments.objects {
        results.add(measure(&arguments, &binaries, *objects).await?);
    }
    results.report(&mut report);
    report.finish(&arguments.out, arguments.check)
}

/// All measurements of one size, on a cluster of its own.
async fn measure(arguments: &Arguments, binaries: &Binaries, objects: usize) -> Outcome<Size> {
    eprintln!("a cluster of {objects} objects ...");
    let binaries = binaries.clone();
    let plane = tokio::task::spawn_blocking(move || ControlPlane::start_with(&binaries)).await??;
    let folder = tempfile::tempdir()?;
    let (place, _cloud) = place(arguments.store, folder.path()).await?;
    let mut plan = Plan::new(plane.kubeconfig_path(), place, objects);
    populate(&plane.client(), &plan).await?;

    // The first backup tells which lists it reads; it is not measured.
    plan.name = "first".into();
    let first = child::run(Role::Backup, &plan)?;
    plan.lists.clone_from(&first.lists);
    let discovery = child::run(Role::Discovery, &plan)?.calls;
    let mut size = Size::new(objects, discovery);
    for turn in 0..arguments.backups {
        plan.name = format!("backup-{turn}");
        in_turns(
            turn,
            [Role::Lists, Role::Backup, Role::Sealed, Role::Encrypted],
            &plan,
            |role, measured| {
                size.add(role, measured);
            },
        )?;
    }
    plan.name = "first".into();
    let restores = if objects > 50_000 {
        1
    } else {
        arguments.restores
    };
    for turn in 0..restores {
        plan.turn = turn;
        in_turns(
            turn,
            [
                Role::Create,
                Role::Restore,
                Role::RestoreWithoutIndex,
                Role::Powers,
            ],
            &plan,
            |role, measured| {
                size.add(role, measured);
            },
        )?;
    }
    Ok(size)
}

/// All of them, in alternating order, so that what drifts favours none.
fn in_turns<const N: usize>(
    turn: usize,
    mut roles: [Role; N],
    plan: &Plan,
    mut take: impl FnMut(Role, Measured),
) -> Outcome<()> {
    if turn % 2 == 1 {
        roles.reverse();
    }
    for role in roles {
        let mut plan = plan.clone();
        plan.name.push_str(role.suffix());
        take(role, child::run(role, &plan)?);
    }
    Ok(())
}

async fn place(store: Store, folder: &Path) -> Outcome<(Place, Option<alibaba_local::LocalCloud>)> {
    if store == Store::Folder {
        return Ok((Place::Folder(folder.to_owned()), None));
    }
    let cloud = alibaba_local::LocalCloud::builder()
        .user(alibaba_local::User::new(
            plan::ACCESS_KEY_ID,
            plan::ACCESS_KEY_SECRET,
        ))
        .bucket(plan::BUCKET)
        .data_folder(folder)
        .start()
        .await?;
    Ok((Place::Oss(cloud.endpoint()), Some(cloud)))
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
