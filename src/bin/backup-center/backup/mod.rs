//! `backup`.

mod create;
mod delete;
mod describe;
mod download;
mod get;
mod logs;
mod verify;

use clap::Subcommand;

use crate::exit::{Done, Result};
use crate::place::Place;
use crate::stop::Stop;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a backup, and waits for its end.
    Create(Box<create::Create>),
    /// Lists backups.
    Get(get::Get),
    /// Says all that is known of a backup.
    Describe(describe::Describe),
    /// Reads a backup to its last byte, and says what is wrong with it.
    Verify(verify::Verify),
    /// Writes the archive of a backup to a file.
    Download(download::Download),
    /// Deletes backups, with the snapshots of their volumes.
    Delete(delete::Delete),
    /// Prints what a backup told of itself while it was made.
    Logs(logs::Logs),
}

pub(crate) async fn run(command: Command, place: &Place, stop: &Stop) -> Result<Done> {
    match command {
        Command::Create(command) => command.run(place, stop).await,
        Command::Get(command) => stop.or(command.run(place)).await,
        Command::Describe(command) => stop.or(command.run(place)).await,
        Command::Verify(command) => stop.or(command.run(place)).await,
        Command::Download(command) => stop.or(command.run(place)).await,
        Command::Delete(command) => stop.or(command.run(place)).await,
        Command::Logs(command) => stop.or(command.run(place)).await,
    }
}
