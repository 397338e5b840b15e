//! A local Alibaba Cloud as a program.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use alibaba_local::{LocalCloud, User};
use clap::Parser;

/// Serves OSS on this machine, with real signature checks.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// The region to play.
    #[arg(long, default_value = "cn-hangzhou")]
    region: String,
    /// Keep objects in this folder; in memory without it.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A bucket that is there from the start; may be repeated.
    #[arg(long)]
    bucket: Vec<String>,
    /// The AccessKey id that may do everything.
    #[arg(long, env = "OSS_ACCESS_KEY_ID", default_value = "LTAI-local")]
    access_key_id: String,
    /// Its secret; meant for made-up ones.
    #[arg(
        long,
        env = "OSS_ACCESS_KEY_SECRET",
        default_value = "local-secret",
        hide_env_values = true
    )]
    access_key_secret: String,
    /// Refuse signature version 1, as for new accounts.
    #[arg(long)]
    refuse_signature_v1: bool,
    /// Seconds that restoring an archived object takes.
    #[arg(long)]
    restore_seconds: Option<u64>,
    /// For benchmarks: compute no MD5 of bodies.
    #[arg(long)]
    skip_md5: bool,
    /// For benchmarks: a file, and how often its bytes stand in a body. A body of that length is
    /// answered with a CRC-64 computed at the start, and not looked at. May be repeated.
    #[arg(long, value_name = "FILE:TIMES", value_parser = known_body)]
    known_body: Vec<(PathBuf, u64)>,
}

fn known_body(text: &str) -> Result<(PathBuf, u64), String> {
    let (file, times) = text.rsplit_once(':').ok_or("no `:` before the times")?;
    let times = times
        .parse()
        .map_err(|error| format!("times `{times}`: {error}"))?;
    Ok((PathBuf::from(file), times))
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "this is what the program says to its user"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut builder = LocalCloud::builder()
        .listen(arguments.listen)
        .region(arguments.region)
        .user(User::new(
            arguments.access_key_id.clone(),
            arguments.access_key_secret,
        ));
    for bucket in arguments.bucket {
        builder = builder.bucket(bucket);
    }
    if let Some(folder) = arguments.data {
        builder = builder.data_folder(folder);
    }
    if arguments.refuse_signature_v1 {
        builder = builder.refuse_signature_v1();
    }
    if let Some(seconds) = arguments.restore_seconds {
        builder = builder.restore_time(Duration::from_secs(seconds));
    }
    if arguments.skip_md5 {
        builder = builder.skip_md5();
    }
    for (file, times) in arguments.known_body {
        builder = builder.known_body(std::fs::read(file)?.into(), times);
    }
    let cloud = builder.start().await?;
    println!(
        "OSS of {} at {}, AccessKey id {}",
        cloud.region(),
        cloud.endpoint(),
        arguments.access_key_id
    );
    println!("Stop with Ctrl-C.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
