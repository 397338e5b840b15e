//! A local Alibaba Cloud as a program.

use std::net::SocketAddr;
use std::path::PathBuf;

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
