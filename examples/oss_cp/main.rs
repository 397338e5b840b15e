//! Copies files and folders to and from OSS, like `ossutil cp`.
//!
//! ```console
//! $ cargo run --release --example oss_cp -- ./photos oss://my-bucket/photos/ -r --region cn-hangzhou
//! $ cargo run --release --example oss_cp -- oss://my-bucket/photos/ ./again -r --region cn-hangzhou
//! ```
//!
//! Both places may be in buckets: then the bytes stay in OSS. `-` stands for standard input or output:
//!
//! ```console
//! $ pg_dump shop | oss_cp - oss://my-bucket/shop.sql
//! $ oss_cp oss://my-bucket/shop.sql - | psql shop
//! $ oss_cp oss://my-bucket/photos/ oss://archive/photos/ -r
//! ```
//!
//! Large files go in parts, several at a time, and every byte is checked by CRC-64. Press Ctrl-C, or pull
//! the plug, and give the same command again: parts that are there already are proved and not sent once
//! more. Add `-u` to skip the files that were done.
//!
//! Credentials are found where other tools of Alibaba Cloud find them, first of all in
//! `ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET`.
//!
//! # Without an account
//!
//! In one terminal, an OSS on this machine:
//!
//! ```console
//! $ cargo run -p alibaba-local -- --bucket my-bucket
//! ```
//!
//! In another:
//!
//! ```console
//! $ export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-local ALIBABA_CLOUD_ACCESS_KEY_SECRET=local-secret
//! $ export OSS_REGION=cn-hangzhou OSS_ENDPOINT=http://127.0.0.1:9090
//! $ cargo run --example oss_cp -- ./src oss://my-bucket/src/ -r
//! ```

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints"
)]

mod copy;
mod failure;
mod job;
mod options;
mod place;
mod plan;
mod show;

use std::process::ExitCode;
use std::sync::Arc;

use ack_backup_center::core::{Context, credentials};
use ack_backup_center::oss::{Client, OssEndpoint};
use clap::Parser as _;
use futures::StreamExt as _;
use futures::stream;

use copy::{Outcome, copy};
use failure::Result;
use options::Options;
use plan::plan;
use show::Display;

/// As the shell counts a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("failed to start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(std::env::args()));
    // Whoever is still to write into standard input is not waited for.
    runtime.shutdown_background();
    code
}

pub(crate) async fn run(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    match copy_all(Options::parse_from(arguments)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("failed to {}", show::in_words(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn copy_all(options: Options) -> Result<ExitCode> {
    let client = connect(&options)?;
    let plan = plan(&client, &options).await?;
    if options.dry_run {
        print!("{plan}");
        return Ok(ExitCode::SUCCESS);
    }
    let display = Arc::new(Display::new(&plan));
    let copies = stream::iter(&plan.jobs).map(|job| {
        let (client, options, display) = (&client, &options, &display);
        async move {
            let bar = display.begin(job);
            let outcome = copy(client, options, job, &bar).await;
            display.end(job, &bar, &outcome);
            outcome
        }
    });
    let mut copies = copies.buffer_unordered(options.jobs);
    let mut outcomes: Vec<Outcome> = Vec::new();
    let interrupted = loop {
        tokio::select! {
            outcome = copies.next() => match outcome {
                Some(outcome) => outcomes.push(outcome),
                None => break false,
            },
            _ = tokio::signal::ctrl_c() => break true,
        }
    };
    // What is under way is dropped; the checkpoints say how far it got.
    drop(copies);
    display.finish(&plan, &outcomes, interrupted);
    Ok(if interrupted {
        ExitCode::from(INTERRUPTED)
    } else if plan.problems.is_empty() && !outcomes.iter().any(Outcome::is_failure) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn connect(options: &Options) -> Result<Client> {
    let context = Context::system()?;
    let credentials = credentials::default_chain(&context);
    let endpoint = match &options.endpoint {
        Some(endpoint) if options.plain_http => {
            let host = endpoint.strip_prefix("http://").unwrap_or(endpoint);
            host.parse::<OssEndpoint>()?.without_tls()
        }
        Some(endpoint) => endpoint.parse()?,
        None => OssEndpoint::public(&options.region),
    };
    let builder = Client::builder(&context, options.region.clone(), credentials);
    let builder = builder.with_endpoint(endpoint);
    Ok(builder
        .with_signature(options.sign_version.into())
        .build()?)
}
