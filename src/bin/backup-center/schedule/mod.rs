//! `schedule`: the plans of a cluster, which its controller carries out.

mod create;
mod plan;
mod show;

use ack_backup_center::crds::to_time;
use chrono::Utc;
use clap::Subcommand;
use kube::api::DeleteParams;
use serde_json::json;

use plan::{At, One, failure};

use crate::exit::{Done, Result};
use crate::output::{Output, print_bytes};
use crate::place::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a plan.
    Create(Box<create::Create>),
    /// Lists plans.
    Get {
        /// Only these; all, if none is given.
        names: Vec<String>,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        output: Output,
    },
    /// Says all that is known of a plan.
    Describe {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        output: Output,
    },
    /// Has plans wait.
    Pause(One),
    /// Has plans go on.
    #[command(visible_alias = "unpause")]
    Resume(One),
    /// Makes one backup more now, even while the plan is paused.
    Run(One),
    /// Deletes a plan, and none of its backups.
    Delete(One),
}

pub(crate) async fn run(command: Command, place: &Place) -> Result<Done> {
    match command {
        Command::Create(create) => create.run(place).await,
        Command::Get { names, at, output } => show::get(&names, &at, place, output).await,
        Command::Describe { one, output } => show::describe(&one, place, output).await,
        Command::Pause(one) => one.patch(place, json!({"paused": true}), "is paused").await,
        Command::Resume(one) => one.patch(place, json!({"paused": false}), "goes on").await,
        Command::Run(one) => {
            let now = to_time(Utc::now());
            one.patch(place, json!({"runAt": now}), "makes a backup now")
                .await
        }
        Command::Delete(one) => {
            let plans = one.at.plans(place).await?;
            let deleted = plans.delete(&one.name, &DeleteParams::default()).await;
            deleted.map_err(|error| failure(&format!("delete plan `{}`", one.name), error))?;
            print_bytes(
                format!("Schedule {} is deleted; its backups stay\n", one.name).as_bytes(),
            )?;
            Ok(Done::Whole)
        }
    }
}
