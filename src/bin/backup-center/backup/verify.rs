//! `backup verify`.

use ack_backup_center::engine::verify;
use clap::Args;

use crate::cluster;
use crate::exit::{Done, Result};
use crate::location::repository;
use crate::output::Output;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The backup.
    name: String,
    /// Say, too, what the cluster lacks that it would be restored to.
    #[arg(long)]
    against_cluster: bool,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let repository = repository(place)?;
        if repository.record(&self.name).await?.is_none() {
            return Err(super::get::missing(&self.name));
        }
        let mut verify = verify::Verify::new(repository, &self.name);
        if self.against_cluster {
            verify = verify.against(cluster::connect(place).await?);
        }
        let report = verify.run().await?;
        self.output.print(&report, || report.to_string())?;
        Ok(match report.is_restorable() {
            true => Done::Whole,
            false => Done::Failed,
        })
    }
}
