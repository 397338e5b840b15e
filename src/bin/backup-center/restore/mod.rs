//! `restore`.

mod create;
mod describe;

use clap::Subcommand;

use crate::exit::{Done, Result};
use crate::place::Place;
use crate::stop::Stop;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Restores a backup, and waits for its end. Run again under the same name, it completes what is missing.
    Create(Box<create::Create>),
    /// Says what a restore would create, change and skip, with the reasons; the same as `create --dry-run`.
    Plan(Box<create::Create>),
    /// Says what of a restore is in the cluster.
    Describe(describe::Describe),
}

pub(crate) async fn run(command: Command, place: &Place, stop: &Stop) -> Result<Done> {
    match command {
        Command::Create(command) => command.run(place, stop).await,
        Command::Plan(command) => command.planned().run(place, stop).await,
        Command::Describe(command) => stop.or(command.run(place)).await,
    }
}
