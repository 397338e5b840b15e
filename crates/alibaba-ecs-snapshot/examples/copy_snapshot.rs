//! Takes a snapshot of a disk and copies it to another region, and goes on where an earlier run ended.

#![expect(clippy::print_stdout, reason = "a program")]

use alibaba_core::{Context, Region, credentials};
use alibaba_ecs_snapshot::{Client, Tag, derived_token};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [disk, backup] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "usage: copy_snapshot <disk id> <name of the backup>")?;
    let context = Context::system()?;
    let credentials = credentials::default_chain(&context);
    let ecs = Client::new(&context, Region::CN_HANGZHOU, credentials)?;

    // The same token in each run: however often this is called, there is one snapshot.
    let snapshot = ecs
        .create_snapshot(disk.as_str())
        .snapshot_name("nightly")
        .retention_days(30_u32)
        .tags([Tag::new("backup", &backup)])
        .client_token(derived_token(&disk, &backup))
        .send()
        .await?
        .snapshot_id;
    ecs.snapshot_poller(&snapshot)
        .with_progress(|state| println!("{state}"))
        .until_accomplished()
        .await?;

    let there = Region::CN_BEIJING;
    let copy = ecs
        .copy_snapshot(&snapshot, &there, "nightly", "copy of Hangzhou's")
        .client_token(derived_token(snapshot.as_str(), &backup))
        .send()
        .await?
        .snapshot_id;
    ecs.copy_poller(there, &copy).until_accomplished().await?;
    println!("{snapshot} is in Beijing as {copy}");
    Ok(())
}
