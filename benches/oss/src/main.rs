//! `alibaba-oss` beside other OSS clients, in turns, on one local server. See `../../README.md`.

mod child;
mod compare;
mod job;
mod outside;
mod peer;
mod results;
mod server;
mod setup;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::job::Job;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Compares alibaba-oss with opendal, and with the official Go and Python SDKs where those can be
/// had, on one alibaba-local process.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(clap::Args)]
struct Options {
    /// Measurements of each client for each job, in turns.
    #[arg(long)]
    pairs: Option<usize>,
    /// A try-out: small sizes and few pairs. Its numbers mean nothing.
    #[arg(long)]
    quick: bool,
    /// Exit with 1 where a budget is missed.
    #[arg(long)]
    check: bool,
    /// Only these jobs.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Job>,
    /// Only these peers.
    #[arg(long, value_enum, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Write the results to this file: JSON where it ends in `.json`, otherwise Markdown. May be
    /// repeated.
    #[arg(long)]
    out: Vec<PathBuf>,
}

/// Whom alibaba-oss is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
enum Peer {
    Opendal,
    Go,
    Python,
}

/// What the processes that this program starts do.
#[derive(Subcommand)]
#[command(hide = true)]
enum Role {
    /// Be the server.
    Serve,
    /// Be a client, for one job.
    Client { name: String, job: Job },
    /// Store many small objects for others.
    Fill,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-oss: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
fn run(arguments: Arguments) -> Outcome<bool> {
    match arguments.role {
        None => compare::run(&arguments.options),
        Some(role) => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                match role {
                    Role::Serve => server::run().await,
                    Role::Client { name, job } => peer::run(&name, job).await,
                    Role::Fill => peer::fill().await,
                }
            })?;
            Ok(true)
        }
    }
}
