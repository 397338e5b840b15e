//! `restore describe`.

use ack_backup_center::engine::RunOptions;
use ack_backup_center::engine::restore::RestoredObjects;
use clap::Args;

use crate::cluster;
use crate::exit::{Done, Failure, Result};
use crate::output::Output;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct Describe {
    /// The restore.
    name: String,
    #[command(flatten)]
    output: Output,
}

impl Describe {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let cluster = cluster::connect(place).await?;
        let restored = RestoredObjects::of(cluster, &self.name, &RunOptions::default()).await?;
        if restored.objects.is_empty() && restored.failed.is_empty() {
            return Err(Failure::missing(format!(
                "find restore `{}`: nothing in the cluster bears its name",
                self.name
            )));
        }
        self.output.print(&restored, || restored.to_string())?;
        Ok(match restored.failed.is_empty() {
            true => Done::Whole,
            false => Done::Partly,
        })
    }
}
