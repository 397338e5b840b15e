//! A local Alibaba Cloud as a program.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use alibaba_local::{
    Builder, EcsDisk, EcsInstance, LocalCloud, PolicyDocument, Role, Statement, TrustedPrincipals,
    User,
};
use clap::Parser;

/// The secret that everybody knows who has read this.
const PUBLISHED_SECRET: &str = "local-secret";

/// How many calls the program remembers. All are printed.
const REMEMBERED: usize = 1000;

/// What the disks are attached to.
const INSTANCE: &str = "i-local0000000000000000";

/// Serves an Alibaba Cloud on this machine: OSS, ECS's disks and snapshots, Cloud Backup, RAM, STS and
/// instance metadata, with real signature checks.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen. An address that others than this machine can reach needs a secret of your own.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// The region to play.
    #[arg(long, default_value = "cn-hangzhou")]
    region: String,
    /// Play another region too, at a port of its own; may be repeated.
    #[arg(long, value_name = "REGION")]
    another_region: Vec<String>,
    /// Keep everything in this folder: objects, disks, backups, users and their keys; in memory without it.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A bucket that is there from the start; may be repeated.
    #[arg(long)]
    bucket: Vec<String>,
    /// A data disk of ECS that is there from the start, an ESSD of 20 GiB attached to the instance
    /// `i-local0000000000000000`; may be repeated.
    #[arg(long, value_name = "ID", value_parser = disk_id)]
    disk: Vec<String>,
    /// Seconds that a snapshot takes until it is accomplished; 2 unless set.
    #[arg(long)]
    snapshot_seconds: Option<u64>,
    /// The AccessKey id that may do everything.
    #[arg(long, env = "OSS_ACCESS_KEY_ID", default_value = "LTAI-local")]
    access_key_id: String,
    /// Its secret; meant for made-up ones. Others on this machine see arguments: rather set the variable.
    #[arg(
        long,
        env = "OSS_ACCESS_KEY_SECRET",
        default_value = PUBLISHED_SECRET,
        hide_env_values = true
    )]
    access_key_secret: String,
    /// A role that every user of the account may assume, and that may do everything; may be repeated.
    #[arg(long)]
    role: Vec<String>,
    /// For Cloud Backup: a node or ECS instance, and the folder that stands for its root directory; may be
    /// repeated.
    #[arg(long, value_name = "NAME=FOLDER", value_parser = named_folder)]
    node: Vec<(String, PathBuf)>,
    /// For Cloud Backup: a NAS file system, and the folder that its files are in; may be repeated.
    #[arg(long, value_name = "ID=FOLDER", value_parser = named_folder)]
    file_system: Vec<(String, PathBuf)>,
    /// Refuse signature version 1, as for new accounts.
    #[arg(long)]
    refuse_signature_v1: bool,
    /// Seconds that restoring an archived object takes.
    #[arg(long)]
    restore_seconds: Option<u64>,
    /// Print no calls. Otherwise each is a line, with one for each decision on its caller's rights.
    #[arg(long)]
    quiet: bool,
    /// For benchmarks: compute no MD5 of bodies.
    #[arg(long)]
    skip_md5: bool,
    /// For benchmarks: a file, and how often its bytes are repeated in a body. A body of that length is
    /// not looked at, and its CRC-64 is computed at the start. May be repeated.
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

fn named_folder(text: &str) -> Result<(String, PathBuf), String> {
    let (name, folder) = text.split_once('=').ok_or("no `=` before the folder")?;
    Ok((name.to_owned(), PathBuf::from(folder)))
}

fn disk_id(text: &str) -> Result<String, String> {
    match text.strip_prefix("d-") {
        Some(rest) if !rest.is_empty() && rest.chars().all(|char| char.is_ascii_alphanumeric()) => {
            Ok(text.to_owned())
        }
        _ => Err("not `d-` and letters and digits".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "this is what the program says to its user"
)]
async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let key = root_key(&arguments);
    let is_quiet = arguments.quiet;
    let others = arguments.another_region.clone();
    let cloud = describe(arguments)?.start().await?;
    // Before anybody is told where it is, so that no call goes unseen.
    let log = cloud.requests();
    log.keep_last(REMEMBERED);
    if !is_quiet {
        // Nobody may be reading any more, and the cloud serves all the same.
        log.watch(|record| drop(writeln!(std::io::stdout(), "{record}")));
    }
    println!(
        "A local cloud of {} at {}, {key}",
        cloud.region(),
        cloud.endpoint(),
    );
    for region in others {
        if let Some(endpoint) = cloud.endpoint_in(&region) {
            println!("Its region {region} is at {endpoint}");
        }
    }
    println!(
        "Services, all at this endpoint: {}",
        cloud.services().join(", ")
    );
    println!("Stop with Ctrl-C.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// The key that may do everything. A secret of one's own is not shown.
fn root_key(arguments: &Arguments) -> String {
    let id = &arguments.access_key_id;
    match arguments.access_key_secret == PUBLISHED_SECRET {
        true => format!("AccessKey id {id}, secret {PUBLISHED_SECRET}"),
        false => format!("AccessKey id {id}, with the secret that was given"),
    }
}

fn describe(arguments: Arguments) -> Result<Builder, String> {
    let listen = arguments.listen;
    if !listen.ip().to_canonical().is_loopback() {
        if arguments.access_key_secret == PUBLISHED_SECRET {
            return Err(format!(
                "listen on `{listen}`: others can reach it, and everybody knows the secret `{PUBLISHED_SECRET}`; set OSS_ACCESS_KEY_SECRET to one of your own"
            ));
        }
        warn(&format!(
            "others can reach `{listen}`, and what they and you send can be read on its way: there is no TLS"
        ));
    }
    let mut builder = LocalCloud::builder()
        .listen(arguments.listen)
        .region(arguments.region)
        .user(User::new(
            arguments.access_key_id,
            arguments.access_key_secret,
        ));
    for bucket in arguments.bucket {
        builder = builder.bucket(bucket);
    }
    if !arguments.disk.is_empty() {
        builder = builder.ecs_instance(EcsInstance::new(INSTANCE));
    }
    for disk in arguments.disk {
        builder = builder.ecs_disk(EcsDisk::new(disk).attached_to(INSTANCE));
    }
    if let Some(seconds) = arguments.snapshot_seconds {
        builder = builder.snapshot_time(Duration::from_secs(seconds));
    }
    for role in arguments.role {
        builder = builder.role(administrator(role));
    }
    for region in arguments.another_region {
        builder = builder.another_region(region);
    }
    for (name, folder) in arguments.node {
        builder = builder.node(name, folder);
    }
    for (id, folder) in arguments.file_system {
        builder = builder.file_system(id, folder);
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
        let block = std::fs::read(&file)
            .map_err(|error| format!("read the known body `{}`: {error}", file.display()))?;
        builder = builder.known_body(block.into(), times);
    }
    Ok(builder)
}

fn administrator(name: String) -> Role {
    let account = TrustedPrincipals::ram("acs:ram::1000000000000000:root");
    let trusted = Statement::allow()
        .action("sts:AssumeRole")
        .principal(account);
    let all = Statement::allow().action("*").resource("*");
    Role::new(name, PolicyDocument::new().statement(trusted))
        .policy("AdministratorAccess", PolicyDocument::new().statement(all))
}

#[expect(
    clippy::print_stderr,
    reason = "this is what the program says to its user"
)]
fn warn(text: &str) {
    eprintln!("alibaba-local: warning: {text}");
}

/// Says what went wrong as one sentence, with its causes.
#[expect(
    clippy::print_stderr,
    reason = "this is what the program says to its user"
)]
fn complain(error: &dyn std::error::Error) {
    let mut sentence = format!("alibaba-local: failed to {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        sentence.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    eprintln!("{sentence}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_secret_is_for_this_machine_alone() {
        let describe = |arguments: &[&str]| {
            let arguments = std::iter::once(&"alibaba-local").chain(arguments);
            describe(Arguments::parse_from(arguments)).map(drop)
        };
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9090"] {
            let error = describe(&["--listen", address, "--access-key-secret", PUBLISHED_SECRET]);
            let error = error.unwrap_err();
            assert!(error.contains("OSS_ACCESS_KEY_SECRET"), "{error}");
            assert_eq!(
                describe(&["--listen", address, "--access-key-secret", "own"]),
                Ok(())
            );
        }
        for address in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
            assert_eq!(
                describe(&["--listen", address, "--access-key-secret", PUBLISHED_SECRET]),
                Ok(())
            );
        }
    }
}
