//! The account: who asks, and whether the services are activated.

use alibaba_core::{Error, ErrorKind};

use super::check::{Check, Status};
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
    Some(service(
        "service ECS snapshots",
        asked,
        alibaba_ecs_snapshot::remedy,
    ))
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
    let mut check = service("service Cloud Backup", asked, alibaba_hbr::remedy);
    if check.status == Status::Fail {
        // As backups then say it ("FAQ about the backup center").
        check.detail = format!("HBRError: check HBR vault error: {}", check.detail);
    }
    Some(check)
}

/// What a listing says of a service: nothing of whoever may not look, and what its client knows a remedy
/// for is a failure.
fn service(
    name: &str,
    asked: Result<(), Error>,
    remedy: fn(&Error) -> Option<&'static str>,
) -> Check {
    let error = match asked {
        Ok(()) => return Check::pass(name, "its listing responds"),
        Err(error) => error,
    };
    if lacks_a_right(&error) {
        return Check::unknown(name, format!("who asks may not look: {}", chain(&error)));
    }
    match remedy(&error) {
        Some(remedy) => Check::fail(name, chain(&error), remedy),
        None => Check::unknown(name, chain(&error)),
    }
}

/// Codes of denials, as RAM's and Cloud Backup's references have them, or RAM's account of one.
fn lacks_a_right(error: &Error) -> bool {
    let Some(service) = error.service() else {
        return false;
    };
    service.access_denied.is_some()
        || ["NoPermission", "Forbidden.RAM"].contains(&service.code.as_str())
}
