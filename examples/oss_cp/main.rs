//! Copies files and folders to and from OSS, like `ossutil cp`.
//!
//! ```console
//! $ cargo run --release --example oss_cp -- ./photos oss://my-bucket/photos/ -r --region cn-hangzhou
//! $ cargo run --release --example oss_cp -- oss://my-bucket/photos/ ./again -r --region cn-hangzhou
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
use plan::Plan;
use show::Display;

/// As the shell counts a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    run(std::env::args()).await
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
    let plan = Plan::make(&client, &options).await?;
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
        Some(endpoint) => endpoint.parse()?,
        None => OssEndpoint::public(&options.region),
    };
    Ok(
        Client::builder(&context, options.region.clone(), credentials)
            .with_endpoint(endpoint)
            .build()?,
    )
}
