//! `backup delete`.

use std::io::{self, BufRead as _, Write as _};

use ack_backup_center::engine::Repository;
use clap::Args;

use crate::cluster;
use crate::exit::{Done, Failure, Result};
use crate::location::repository;
use crate::output::print_bytes;
use crate::place::Place;
use crate::volumes::snapshotters;

#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// The backups.
    #[arg(required = true)]
    names: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    confirm: bool,
    /// Leave the snapshots of its volumes where they are. Nobody knows of them afterwards.
    #[arg(long)]
    keep_volume_data: bool,
}

impl Delete {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let repository = repository(place)?;
        if !self.confirm && !self.is_wanted()? {
            return Err(Failure::new(
                "delete backups: it was not confirmed; nothing was deleted",
            ));
        }
        let mut first = None;
        for name in &self.names {
            let deleted = self.delete(name, &repository, place);
            match deleted.await {
                Ok(()) => print_bytes(format!("Backup {name} has been deleted\n").as_bytes())?,
                Err(failure) => {
                    // One that fails takes nothing from the others; the first decides the code.
                    match first {
                        None => first = Some(failure),
                        Some(_) => drop(failure.tell()),
                    }
                }
            }
        }
        first.map_or(Ok(Done::Whole), Err)
    }

    async fn delete(&self, name: &str, repository: &Repository, place: &Place) -> Result<()> {
        if self.keep_volume_data {
            return Ok(repository.delete_keeping_volumes(name).await?);
        }
        // Without snapshots, nobody has to be asked for them.
        if repository.snapshotters_of(name).await?.is_empty() {
            return Ok(repository.delete(name).await?);
        }
        let snapshotters = snapshotters(&cluster::connect(place).await?, place).await?;
        Ok(repository.delete_with_volumes(name, &snapshotters).await?)
    }

    fn is_wanted(&self) -> Result<bool> {
        let names = self.names.join(", ");
        eprint!("Delete {names} and all of their data? (y/N) ");
        let asked = io::stderr().flush();
        let mut line = String::new();
        asked
            .and_then(|()| io::stdin().lock().read_line(&mut line))
            .map_err(|error| Failure::failed("ask whether it is wanted; use --confirm", error))?;
        Ok(matches!(line.trim(), "y" | "Y" | "yes"))
    }
}
