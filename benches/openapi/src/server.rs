//! The server: one process for all clients.

use std::time::Duration;

use alibaba_core::{Context, Region};
use alibaba_local::{EcsDisk, EcsInstance, LocalCloud, User};
use measure::Outcome;
use tokio::io::AsyncReadExt;

use crate::job::{KEY_ID, SECRET};
use crate::ours;

const INSTANCE: &str = "i-bp1fake0000000000001";
const DISK: &str = "d-bp1fake0000000000001";

/// Makes the snapshots, says where it is, and serves until its input ends.
pub(crate) async fn run(snapshots: u64) -> Outcome<()> {
    let cloud = LocalCloud::builder()
        .user(User::new(KEY_ID, SECRET))
        .ecs_instance(EcsInstance::new(INSTANCE))
        .ecs_disk(EcsDisk::new(DISK).attached_to(INSTANCE))
        .snapshot_time(Duration::ZERO)
        .snapshot_quota(usize::try_from(snapshots)?, 1)
        .start()
        .await?;
    let ecs = ours::client(&Context::system()?, Region::CN_HANGZHOU, &cloud.endpoint())?;
    for number in 0..snapshots {
        let create = ecs.create_snapshot(DISK);
        create
            .snapshot_name(format!("nightly-{number}"))
            .send()
            .await?;
    }
    cloud.requests().clear();
    println!("{}", cloud.endpoint());
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
