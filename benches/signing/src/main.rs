//! What a signature costs: alibaba-sign beside reqsign and the signer inside the vendor's preview, in
//! turns, on the same requests. See `../../README.md`.

mod allocations;
mod job;
mod peer;
mod turns;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use measure::{Budget, Outcome, Ratios, Report, Table, median};
use serde_json::json;

use crate::allocations::Counting;
use crate::job::Job;
use crate::turns::{Cost, Measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Compares alibaba-sign with reqsign and the vendor's preview of an OSS SDK.
#[derive(Parser)]
struct Arguments {
    /// Measurements of each signer for each job, in turns.
    #[arg(long, default_value_t = 61)]
    pairs: usize,
    /// Signatures in one measurement.
    #[arg(long, default_value_t = 4000)]
    signatures: usize,
    /// A try-out: few and short measurements. Its numbers mean nothing.
    #[arg(long)]
    quick: bool,
    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    check: bool,
    /// Only these jobs.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Job>,
    /// Only alibaba-sign with the key kept: for a profiler.
    #[arg(long)]
    alone: bool,
    /// Write the results to this file: JSON where it ends in `.json`, otherwise Markdown. May be
    /// repeated.
    #[arg(long)]
    out: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-signing: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome<bool> {
    let (pairs, signatures) = match arguments.quick {
        true => (7, 200),
        false => (arguments.pairs, arguments.signatures),
    };
    let mut report = Report::new("Signing");
    report.note(format!(
        "Processor time of one thread, {pairs} measurements of {signatures} signatures each, in \
         turns. Requests are copied beforehand and dropped afterwards; signing one includes reading the \
         clock. What each signer makes is proved by alibaba-sign's verifying side first."
    ));
    let mut singles = serde_json::Map::new();
    for job in Job::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&job) {
            continue;
        }
        let mut signers = job.signers()?;
        if arguments.alone {
            signers.truncate(1);
        }
        let measured = turns::measure(&mut signers, pairs, signatures)?;
        report.table(table(job, &measured));
        for budget in budgets(job, &measured) {
            report.budget(budget);
        }
        let of = |it: &Measured| json!({"nanoseconds": it.nanoseconds, "allocations": it.cost});
        let all = measured.iter().map(|it| (it.name.clone(), of(it)));
        singles.insert(job.to_string(), all.collect());
    }
    report.measurements(singles.into());
    report.finish(&arguments.out, arguments.check)
}

/// Every signer beside ours, which is the first.
fn table(job: Job, measured: &[Measured]) -> Table {
    let columns = [
        "signer",
        "a second",
        "µs",
        "times ours",
        "95 % above",
        "least to most",
        "allocations",
        "bytes",
    ];
    let mut table = Table::new(format!("### {}\n\n{}", job.title(), job.about()), columns);
    for it in measured {
        let middle = median(&it.nanoseconds);
        let ratios = Ratios::of(&it.nanoseconds, &measured[0].nanoseconds);
        let Cost { allocations, bytes } = it.cost;
        table.row([
            it.name.clone(),
            format!("{:.0}", 1e9 / middle),
            format!("{:.2}", middle / 1e3),
            format!("{:.2}", ratios.median()),
            ratios
                .lower_bound()
                .map_or_else(String::new, |bound| format!("{bound:.2}")),
            format!("{:.2} to {:.2}", ratios.least(), ratios.most()),
            format!("{allocations:.1}"),
            format!("{bytes:.0}"),
        ]);
    }
    table
}

/// The promises: against reqsign, with the key kept and with a new one.
fn budgets(job: Job, measured: &[Measured]) -> Vec<Budget> {
    let find = |name: &str| measured.iter().find(|it| it.name == name);
    let Some(reqsign) = find(peer::reqsign::NAME) else {
        return Vec::new();
    };
    [(peer::ours::CACHED, 4.0), (peer::ours::NEW_KEY, 2.0)]
        .into_iter()
        .filter_map(|(name, limit)| {
            let ratios = Ratios::of(&reqsign.nanoseconds, &find(name)?.nanoseconds);
            let what = format!("{job}: {name} against reqsign, median ratio");
            Some(Budget::at_least(what, ratios.median(), limit, "x"))
        })
        .collect()
}
