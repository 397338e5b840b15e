//! The account: who asks, and whether the services are activated.

use alibaba_core::{Error, ErrorKind};

use super::check::Check;
use crate::chain::chain;
use crate::cloud::Cloud;
use crate::grants::{Feature, Requirements};

/// Who asks, and where the credentials came from.
pub(super) async fn caller(cloud: &Cloud) -> Check {
    let name = "caller";
    let source = cloud.credentials().name();
    let asked = match cloud.sts() {
        Ok(sts) => sts.caller_identity().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(who) => Check::pass(
            name,
            format!("{} ({}), by {source}", who.arn, who.identity_type),
        ),
        Err(error) if error.kind() == ErrorKind::Credentials => Check::fail(
            name,
            chain(&error),
            "set credentials where the official SDKs find them: environment, `~/.aliyun/config.json`, \
             or a role of the instance or service account",
        ),
        Err(error) => Check::unknown(name, chain(&error)),
    }
}

/// ECS's snapshots.
pub(super) async fn snapshots(cloud: &Cloud, wanted: &Requirements) -> Option<Check> {
    let about = [Feature::DiskSnapshots, Feature::CrossRegionDisks];
    if !wanted.features().any(|feature| about.contains(&feature)) {
        return None;
    }
    let asked = match cloud.ecs() {
        Ok(ecs) => ecs
            .describe_snapshots()
            .page_size(1_u32)
            .send()
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    let remedy =
        "activate ECS snapshots in the console of ECS: it is free, snapshots are billed by size";
    Some(service("service ECS snapshots", asked, remedy))
}

/// Cloud Backup.
pub(super) async fn file_backups(cloud: &Cloud, wanted: &Requirements) -> Option<Check> {
    wanted
        .features()
        .find(|feature| *feature == Feature::FileVolumes)?;
    let asked = match cloud.hbr() {
        Ok(hbr) => hbr
            .describe_vaults()
            .page_size(1_u32)
            .send()
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    let remedy = "activate Cloud Backup in its console, and authorize its roles when it asks (HBRError: check \
                  HBR vault error)";
    Some(service("service Cloud Backup", asked, remedy))
}

fn service(name: &str, asked: Result<(), Error>, remedy: &str) -> Check {
    match asked {
        Ok(()) => Check::pass(name, "it is activated"),
        Err(error) if is_not_activated(&error) => Check::fail(name, chain(&error), remedy),
        Err(error) if error.kind() == ErrorKind::Denied => {
            Check::unknown(name, format!("who asks may not look: {}", chain(&error)))
        }
        Err(error) => Check::unknown(name, chain(&error)),
    }
}

/// Codes of services that nobody has activated, as their API references list them.
fn is_not_activated(error: &Error) -> bool {
    const CODES: [&str; 5] = [
        "UserDisable",
        "ServiceNotEnabled",
        "Forbidden.ServiceNotOpened",
        "NotActivated",
        "OssUserNotActivated",
    ];
    error.service_code().is_some_and(|code| {
        CODES.contains(&code) || code.contains("NotOpen") || code.contains("NotActivated")
    })
}
