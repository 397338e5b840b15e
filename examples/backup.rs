//! Makes a backup of a namespace in a folder or a bucket, and verifies it:
//!
//! ```console
//! $ cargo run --example backup -- nightly shop file:///srv/backups
//! $ cargo run --example backup -- nightly shop oss://my-backups/clusters/berlin cn-hangzhou
//! ```
//!
//! The program `backup-center` does this and more; here is what a program of one's own begins with.

#![allow(clippy::print_stdout, reason = "an example prints")]

use ack_backup_center::core::{Context, credentials};
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::engine::{Selection, connect};
use ack_backup_center::location::Location;
use ack_backup_center::oss::Client;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    // With two providers of cryptography in the graph, one has to be chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(namespace), Some(location)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: backup NAME NAMESPACE LOCATION [REGION]".into());
    };
    let location: Location = location.parse()?;
    let repository = location.repository(|| -> Result<Client> {
        let region = arguments.next().ok_or("name the region of the bucket")?;
        let context = Context::system()?;
        let credentials = credentials::default_chain(&context);
        Ok(Client::new(&context, region.parse()?, credentials)?)
    })?;
    let cluster = connect().await?;
    let spec = BackupSpec {
        selection: Selection::of_namespaces([namespace]),
        ..BackupSpec::named(&name)
    };
    let report = Backup::new(cluster.clone(), repository.clone(), spec)
        .on_progress(|at| {
            println!(
                "{} of {} lists, {} objects",
                at.lists_done, at.lists, at.objects
            );
        })
        .run()
        .await?;
    print!("{report}");
    let verified = Verify::new(repository, name).against(cluster).run().await?;
    print!("{verified}");
    match verified.is_restorable() {
        true => Ok(()),
        false => Err("make a backup that can be restored".into()),
    }
}
