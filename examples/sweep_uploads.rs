//! Clears away the parts that killed backups have left in a bucket.
//!
//! A backup that fails aborts its upload; one whose process is killed cannot. The parts that it leaves do
//! no harm, and no listing of objects shows them, but they are billed. Run this once a day, or let a
//! lifecycle rule of the bucket do it (`AbortMultipartUpload`).
//!
//! ```sh
//! cargo run --example sweep_uploads -- --bucket my-backups --region cn-hangzhou --prefix clusters/berlin
//! ```
//!
//! Credentials come from wherever a workload finds them: environment, configuration file, RRSA, metadata.
//! It needs the actions `oss:ListMultipartUploads` and `oss:AbortMultipartUpload`.
//!
//! To try it without an account, start an OSS on this machine with `cargo run -p alibaba-local -- --bucket
//! my-backups`, and give this program `--endpoint http://127.0.0.1:9090` and, in the environment,
//! `ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI-local` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET=local-secret`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::process::ExitCode;
use std::time::Duration;

use ack_backup_center::core::{Context, Region, credentials};
use ack_backup_center::oss::Client;
use clap::Parser;

#[derive(Debug, Parser)]
#[command(about = "Clears away the parts that killed backups have left in a bucket")]
struct Options {
    /// The bucket.
    #[arg(long)]
    bucket: String,
    /// The region it lies in.
    #[arg(long)]
    region: String,
    /// Where the backups lie in it.
    #[arg(long, default_value = "")]
    prefix: String,
    /// Only uploads that began longer ago than this; longer than any backup takes.
    #[arg(long, default_value_t = 24)]
    hours: u64,
    /// Another endpoint than that of the region.
    #[arg(long)]
    endpoint: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    // One provider for the whole program: two libraries that each bring their own would panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match sweep(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("failed to {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing is left.
async fn sweep(options: Options) -> Result<bool, Box<dyn std::error::Error>> {
    let context = Context::system()?;
    let region = Region::new(&options.region)?;
    let mut client = Client::builder(&context, region, credentials::default_chain(&context));
    if let Some(endpoint) = &options.endpoint {
        client = client.with_endpoint(endpoint.parse()?);
    }
    let client = client.build()?;

    let prefix = match options.prefix.trim_end_matches('/') {
        "" => "backups/".to_owned(),
        prefix => format!("{prefix}/backups/"),
    };
    let age = Duration::from_secs(options.hours * 3600);
    let swept = client
        .abort_stale_uploads(&options.bucket, &prefix, age)
        .await?;
    for upload in &swept.aborted {
        println!("aborted  {}  of {}", upload.key, upload.initiated);
    }
    for (upload, error) in &swept.failed {
        println!("kept     {}  of {}: {error}", upload.key, upload.initiated);
    }
    println!(
        "{} aborted, {} kept below `{prefix}`",
        swept.aborted.len(),
        swept.failed.len()
    );
    Ok(swept.failed.is_empty())
}
