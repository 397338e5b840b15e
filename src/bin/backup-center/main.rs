//! `backup-center`: backups and restores of Kubernetes applications, from the command line.
//!
//! It is thin: every command is a call of the libraries. `backup-center help` says what there is, and
//! [`exit`] what its exit codes mean.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program prints"
)]

mod arguments;
mod backup;
mod chosen;
mod cluster;
mod exit;
mod key;
mod location;
mod output;
mod place;
mod progress;
mod protection;
mod restore;
mod schedule;
mod stop;
mod volumes;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};
use exit::{Done, Failure, Result};
use stop::Stop;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Silent unless RUST_LOG asks: what matters is printed.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| "off".into()))
        .with_writer(std::io::stderr)
        .init();
    // One provider for the whole program: two libraries that each bring their own would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Failure::failed("start", error).tell(),
    };
    let ended = runtime.block_on(async {
        let stop = Stop::listen().map_err(|error| Failure::failed("listen for signals", error))?;
        let done = run(arguments, &stop).await;
        // Whoever was asked to stop and did says by which signal.
        Ok((done, stop.signal()))
    });
    // What still waits for an answer is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok((Ok(done), _)) => done.code(),
        Ok((Err(failure), Some(signal))) => {
            failure.tell();
            ExitCode::from(128 + signal)
        }
        Ok((Err(failure), None)) | Err(failure) => failure.tell(),
    }
}

async fn run(arguments: Arguments, stop: &Stop) -> Result<Done> {
    let Arguments { place, command } = arguments;
    match command {
        Command::Backup(command) => backup::run(command, &place, stop).await,
        Command::Restore(command) => restore::run(command, &place, stop).await,
        Command::Schedule(command) => stop.or(schedule::run(command, &place)).await,
        Command::Location(command) => stop.or(location::run(&command, &place)).await,
        Command::Key(command) => key::run(&command),
        Command::Completion { shell } => {
            let mut text = Vec::new();
            let mut program = Arguments::command();
            clap_complete::generate(shell, &mut program, "backup-center", &mut text);
            output::print_bytes(&text)?;
            Ok(Done::Whole)
        }
    }
}
