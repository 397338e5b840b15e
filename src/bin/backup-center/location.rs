//! Where backups are: the repository, and `location check`.

use std::sync::Arc;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::{Context, Region, credentials};
use ack_backup_center::engine::Repository;
use ack_backup_center::location::{Location, Probed, probe};
use ack_backup_center::oss::{Client, OssEndpoint};
use clap::Subcommand;
use serde::Serialize;

use crate::exit::{Done, Failure, Result};
use crate::output::{Output, table};
use crate::place::Place;
use crate::protection;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Writes, reads, lists and deletes a small object, says how a bucket is protected, and which backups cannot be
    /// read. Exits with 1 if something is wrong.
    Check {
        #[command(flatten)]
        output: Output,
    },
}

/// The location that was named.
pub(crate) fn named(place: &Place) -> Result<&Location> {
    place.location.as_ref().ok_or_else(|| {
        Failure::new("find the backups: say where they are by --location, as `oss://BUCKET/PREFIX` or `file:///FOLDER`")
    })
}

/// The cloud in the region that was named, by the credentials of the default chain.
pub(crate) fn cloud(place: &Place) -> Result<Cloud> {
    let region = place.region.as_deref().ok_or_else(|| {
        Failure::new("reach the cloud: name the region by --region, such as `cn-hangzhou`")
    })?;
    let context = Context::system()?;
    let chain = credentials::default_chain(&context);
    let cloud = Cloud::new(&context, Region::new(region)?, chain);
    Ok(cloud)
}

fn client(place: &Place) -> Result<Client> {
    let cloud = cloud(place)?;
    let endpoint = match &place.endpoint {
        Some(text) => text.parse().map_err(|error| {
            Failure::failed(format!("use the endpoint `{text}`"), error_of(error))
        })?,
        None if place.internal => OssEndpoint::internal(cloud.region()),
        None => OssEndpoint::public(cloud.region()),
    };
    Ok(cloud.oss(endpoint)?)
}

fn error_of(error: impl std::error::Error + 'static) -> Box<dyn std::error::Error> {
    Box::new(error)
}

/// The backups, held to the trust and read by the identities that were named.
pub(crate) fn repository(place: &Place) -> Result<Repository> {
    let mut repository = named(place)?.repository(|| client(place))?;
    if let Some(path) = &place.trust {
        repository = repository.with_trust(protection::trust(path)?);
    }
    Ok(repository.with_identities(protection::identities(&place.identity)?))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Look {
    what: &'static str,
    status: &'static str,
    detail: String,
}

pub(crate) async fn run(command: &Command, place: &Place) -> Result<Done> {
    let Command::Check { output } = command;
    let location = named(place)?;
    let looks = look(location, place).await?;
    output.print(&looks, || {
        let rows: Vec<Vec<String>> = looks
            .iter()
            .map(|look| {
                vec![
                    look.status.to_owned(),
                    look.what.to_owned(),
                    look.detail.clone(),
                ]
            })
            .collect();
        table(&["STATUS", "WHAT", "DETAIL"], &rows)
    })?;
    let has = |status| looks.iter().any(|look| look.status == status);
    Ok(if has("fail") {
        Done::Failed
    } else {
        Done::Whole
    })
}

async fn look(location: &Location, place: &Place) -> Result<Vec<Look>> {
    let mut looks = Vec::new();
    let mut add = |what, status, detail: String| {
        looks.push(Look {
            what,
            status,
            detail,
        });
    };
    let repository = repository(place)?;
    // One's own each time: two that check at once must not take each other's probe away.
    let who = uuid::Uuid::new_v4().to_string();
    let store = Arc::clone(repository.store());
    match probe(store.as_ref(), location.prefix(), &who).await {
        Ok(Probed::Kept(said)) => add(
            "write",
            "pass",
            format!(
                "written, read and listed; what is written stays, as under a retention policy: {said}"
            ),
        ),
        Ok(_) => add(
            "write",
            "pass",
            "written, read, listed and deleted".to_owned(),
        ),
        Err(error) => add("write", "fail", Failure::from(error).to_string()),
    }
    if let Location::Bucket { bucket, .. } = location {
        match client(place)?.inspect_bucket(bucket).await {
            Ok(found) => {
                let findings = found.findings(None);
                if findings.is_empty() {
                    add(
                        "bucket",
                        "pass",
                        "private, encrypted and protected".to_owned(),
                    );
                }
                for finding in findings {
                    add("bucket", "advice", finding.to_string());
                }
            }
            // Whoever makes backups need not have the right to ask.
            Err(error) => add("bucket", "unknown", Failure::from(error).to_string()),
        }
    }
    match repository.list().await {
        Ok(list) => {
            add(
                "backups",
                "pass",
                format!("{} can be read", list.records.len()),
            );
            for unreadable in &list.unreadable {
                add("backups", "fail", unreadable.to_string());
            }
            for issue in &list.seal_issues {
                add("backups", "fail", issue.to_string());
            }
        }
        Err(error) => add("backups", "fail", error.chain()),
    }
    Ok(looks)
}
