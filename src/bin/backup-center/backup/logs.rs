//! `backup logs`.

use clap::Args;

use crate::exit::{Done, Failure, Result};
use crate::location::repository;
use crate::output::print_bytes;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// The backup.
    name: String,
}

impl Logs {
    pub(crate) async fn run(self, place: &Place) -> Result<Done> {
        let backup = repository(place)?.open(&self.name).await?;
        let Some(log) = backup.log().await? else {
            return Err(Failure::missing(format!(
                "print the log of `{}`: none is stored beside it",
                self.name
            )));
        };
        // Whatever somebody put there: a terminal obeys none of it.
        let is_shown = |letter: &char| *letter == '\n' || *letter == '\t' || !letter.is_control();
        print_bytes(log.chars().filter(is_shown).collect::<String>().as_bytes())?;
        Ok(Done::Whole)
    }
}
