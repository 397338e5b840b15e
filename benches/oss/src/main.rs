//! `alibaba-oss` beside other OSS clients, in turns, on one local server. See `../../README.md`.

mod child;
mod compare;
mod job;
mod options;
mod outside;
mod peer;
mod results;
mod server;
mod setup;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use measure::Outcome;

use crate::job::Job;
use crate::options::Options;

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
