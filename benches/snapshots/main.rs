//! Backups of an application with forty disks in three groups, beside the snapshot of one disk that nobody makes a backup of. See
//! `../README.md`.
#![expect(
    clippy::print_stderr,
    reason = "this is what the program says to its user"
)]

mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use measure::{Budget, Outcome, Ratios, Report, Table, median};

use crate::stage::Stage;

/// As many as make three groups of one zone, by the limit of 16 disks a group.
const DISKS: usize = 40;
const GROUPS: usize = 3;

/// Measures what it takes to snapshot the disks of an application.
#[derive(Parser)]
struct Arguments {
    /// How long a snapshot takes by itself.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many backups, each beside a single snapshot.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// A try-out: short snapshots, one turn. Its numbers mean nothing.
    #[arg(long)]
    quick: bool,
    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    check: bool,
    /// Write the results to this file: JSON where it ends in `.json`, otherwise Markdown. May be repeated.
    #[arg(long)]
    out: Vec<PathBuf>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    // Before any thread: kube and the client of ECS speak TLS with the same provider.
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
            eprintln!("snapshots: {error}");
            ExitCode::from(2)
        }
    }
}

/// What was measured, in turns.
#[derive(Default)]
struct Measured {
    single: Vec<f64>,
    backup: Vec<f64>,
    backup_of_one: Vec<f64>,
    calls: Vec<f64>,
    calls_of_one: Vec<f64>,
}

/// Whether all is well.
async fn run(mut arguments: Arguments) -> Outcome<bool> {
    if arguments.quick {
        (arguments.seconds, arguments.turns) = (1, 1);
    }
    let stage = Stage::new(DISKS, Duration::from_secs(arguments.seconds)).await?;
    let mut measured = Measured::default();
    for turn in 0..arguments.turns {
        eprintln!("turn {} of {} ...", turn + 1, arguments.turns);
        measured.single.push(stage.single().await?.as_secs_f64());
        let all = stage.backup(&format!("all-{turn}"), "shop").await?;
        if (all.disks, all.groups) != (DISKS, GROUPS) {
            let (disks, groups) = (all.disks, all.groups);
            return Err(format!("a backup has {disks} disks in {groups} groups").into());
        }
        measured.backup.push(all.took.as_secs_f64());
        measured.calls.push(all.calls as f64);
        let one = stage.backup(&format!("one-{turn}"), "corner").await?;
        measured.backup_of_one.push(one.took.as_secs_f64());
        measured.calls_of_one.push(one.calls as f64);
    }
    report(&arguments, &measured).finish(&arguments.out, arguments.check)
}

fn report(arguments: &Arguments, measured: &Measured) -> Report {
    let mut report = Report::new("backups of forty disks in three groups");
    report.note(format!(
        "Snapshots take {} s of the local cloud's clock, each. The cluster is kube-local, and all is in one process. A single \
         snapshot is made and looked at every 50 ms by the bare client of ECS.",
        arguments.seconds
    ));
    let against_single = Ratios::of(&measured.backup, &measured.single);
    let against_one = Ratios::of(&measured.backup, &measured.backup_of_one);
    let slowest = measured.single.iter().copied().fold(0.0, f64::max);
    let of_slowest = median(&measured.backup) / slowest;
    let mut table = Table::new(
        "### Wall time (medians)",
        ["what", "time", "calls of ECS", "of a single snapshot"],
    );
    let row = |what: &str, times: &[f64], calls: &[f64]| {
        let ratio = Ratios::of(times, &measured.single);
        let calls = match calls {
            [] => String::new(),
            calls => format!("{:.0}", median(calls)),
        };
        let time = format!("{:.2} s", median(times));
        [
            what.to_owned(),
            time,
            calls,
            format!("{:.2}", ratio.median()),
        ]
    };
    table.row(row("single snapshot", &measured.single, &[]));
    table.row(row(
        "backup of one disk",
        &measured.backup_of_one,
        &measured.calls_of_one,
    ));
    table.row(row(
        "backup of forty disks",
        &measured.backup,
        &measured.calls,
    ));
    report.table(table);
    report.budget(Budget::at_most(
        "a backup of forty disks, of the slowest single snapshot",
        of_slowest,
        1.2,
        "",
    ));
    report.budget(Budget::at_most(
        "its calls of ECS, of those for one disk",
        median(&measured.calls) / median(&measured.calls_of_one),
        3.0,
        "",
    ));
    report.measurements(serde_json::json!({
        "seconds": arguments.seconds,
        "single": measured.single, "backup": measured.backup, "backupOfOne": measured.backup_of_one,
        "calls": measured.calls, "callsOfOne": measured.calls_of_one,
        "ratioToSingle": against_single.median(), "ratioToOne": against_one.median(),
    }));
    report
}
