//! Calls of `alibaba-ecs-snapshot` beside the vendor's Go SDK, in turns, on one local cloud. See
//! `../../README.md`.

mod compare;
mod job;
mod options;
mod ours;
mod outside;
mod server;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use measure::Outcome;

use crate::job::Job;
use crate::options::Options;

/// Compares alibaba-ecs-snapshot with the vendor's Go SDK, where Go can be had, on one alibaba-local.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What the processes that this program starts do.
#[derive(Subcommand)]
#[command(hide = true)]
enum Role {
    /// Be the server, with so many snapshots.
    Serve { snapshots: u64 },
    /// Be our client, for one job, so many times.
    Client { job: Job, times: u64 },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-openapi: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
fn run(arguments: Arguments) -> Outcome<bool> {
    let Some(role) = arguments.role else {
        return compare::run(&arguments.options);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match role {
            Role::Serve { snapshots } => server::run(snapshots).await,
            Role::Client { job, times } => {
                println!("{}", serde_json::to_string(&ours::run(job, times).await?)?);
                Ok(())
            }
        }
    })?;
    Ok(true)
}
