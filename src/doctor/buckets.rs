//! The buckets: reachable, of the right class, closed to others, and the clock beside OSS's.

use alibaba_core::Region;
use alibaba_oss::{
    BucketFinding, BucketInfo, BucketInspection, ErrorKind, OssEndpoint, StorageClass,
};

use super::check::Check;
use crate::chain::chain;
use crate::cloud::Cloud;
use crate::grants::{Buckets, Requirements};
use crate::vault::OpenVault;

/// Checks of each bucket over both networks.
pub(super) async fn check(cloud: &Cloud, wanted: &Requirements) -> Vec<Check> {
    let Buckets::Named(names) = wanted.buckets() else {
        return vec![Check::unknown(
            "buckets",
            "no bucket is named, so none is looked at; name those of your vaults",
        )];
    };
    let account = account(cloud).await;
    let each = names
        .iter()
        .map(|name| of_one(cloud, name, account.as_deref()));
    futures::future::join_all(each)
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// The account that asks, whose the buckets should be.
async fn account(cloud: &Cloud) -> Option<String> {
    let caller = cloud.sts().ok()?.caller_identity().await.ok()?;
    Some(caller.account_id)
}

async fn of_one(cloud: &Cloud, bucket: &str, account: Option<&str>) -> Vec<Check> {
    let region = cloud.region();
    let public = look(cloud, bucket, OssEndpoint::public(region));
    let internal = look(cloud, bucket, OssEndpoint::internal(region));
    let (public, internal) = futures::join!(public, internal);
    let mut checks = vec![
        reached(bucket, "public", &public, region),
        reached(bucket, "internal", &internal, region),
    ];
    if let Some(found) = public.ok().or(internal.ok()) {
        checks.extend(of_found(bucket, &found, region, account));
    }
    checks
}

/// Checks of a vault's bucket, by its own endpoint and with what signs there.
pub(super) async fn of_vault(vault: &OpenVault) -> Vec<Check> {
    let (bucket, region) = (vault.bucket.as_str(), vault.cloud.region());
    let (account, looked) = futures::join!(account(&vault.cloud), vault.oss.inspect_bucket(bucket));
    match &looked {
        Ok(found) => of_found(bucket, found, region, account.as_deref()),
        Err(_) => vec![reached(bucket, "vault", &looked, region)],
    }
}

fn of_found(
    bucket: &str,
    found: &BucketInspection,
    region: &Region,
    account: Option<&str>,
) -> Vec<Check> {
    vec![
        class(bucket, &found.info),
        location(bucket, &found.info, region),
        access(bucket, found, account),
        protection(bucket, found),
    ]
}

async fn look(
    cloud: &Cloud,
    bucket: &str,
    endpoint: OssEndpoint,
) -> Result<BucketInspection, alibaba_oss::Error> {
    cloud.oss(endpoint)?.inspect_bucket(bucket).await
}

fn reached(
    bucket: &str,
    network: &str,
    looked: &Result<BucketInspection, alibaba_oss::Error>,
    region: &Region,
) -> Check {
    let name = format!("bucket {bucket} ({network})");
    let error = match looked {
        Ok(_) => {
            return Check::pass(
                name,
                format!("reached over the {network} endpoint of {region}"),
            );
        }
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound => Check::fail(
            name,
            format!("VaultError: backup vault is unavailable: {}", chain(error)),
            format!(
                "create bucket `{bucket}` in {region}, of storage class Standard, or name another"
            ),
        ),
        ErrorKind::ClockSkew => Check::fail(
            name,
            chain(error),
            "set this machine's clock: OSS refuses what is more than 15 minutes off",
        ),
        ErrorKind::Connection | ErrorKind::Timeout if network == "internal" => Check::unknown(
            name,
            "not reached from this machine: only machines in a VPC of the region, or joined to one with a \
             route to OSS's addresses, can",
        ),
        // OSS says these with the status of a denial, and whoever asks has nothing to do with it.
        _ if ["UserDisable", "InDebt", "InDebtOverdue"]
            .contains(&error.service_code().unwrap_or_default()) =>
        {
            Check::fail(
                name,
                chain(error),
                "activate Object Storage Service for this account, or settle what it owes",
            )
        }
        // Whoever asks may lack a right that the component does not need.
        ErrorKind::Denied | ErrorKind::Connection | ErrorKind::Timeout => {
            Check::unknown(name, chain(error))
        }
        _ => Check::fail(
            name,
            format!("VaultError: backup vault is unavailable: {}", chain(error)),
            "see the cause",
        ),
    }
}

fn class(bucket: &str, info: &BucketInfo) -> Check {
    let name = format!("bucket {bucket} class");
    if info.storage_class == StorageClass::Standard {
        return Check::pass(name, "Standard");
    }
    Check::fail(
        name,
        format!("its storage class is {}", info.storage_class),
        "use a bucket of storage class Standard: in others, what a vault updates fails or is billed for \
         longer than it is kept; lifecycle rules may archive old backups later",
    )
}

fn location(bucket: &str, info: &BucketInfo, region: &Region) -> Check {
    let name = format!("bucket {bucket} region");
    let there = info.location.strip_prefix("oss-").unwrap_or(&info.location);
    if there == region.as_str() {
        return Check::pass(name, there);
    }
    Check::fail(
        name,
        format!("it is in {there}, and {region} is set"),
        format!("set region {there} for this vault"),
    )
}

/// Whose it is, and who else gets in.
fn access(bucket: &str, found: &BucketInspection, account: Option<&str>) -> Check {
    let name = format!("bucket {bucket} access");
    let open = found.findings(account).into_iter().find(|finding| {
        matches!(
            finding,
            BucketFinding::PublicRead
                | BucketFinding::PublicReadWrite
                | BucketFinding::UnknownAcl
                | BucketFinding::OtherOwner { .. }
        )
    });
    match open {
        None => Check::pass(name, format!("private, of account {}", found.info.owner_id)),
        Some(finding) => Check::fail(
            name,
            "others than this account get at the backups",
            finding.to_string(),
        ),
    }
}

/// Whether it encrypts, and whether what is deleted can be had back: advice, since backups work without.
fn protection(bucket: &str, found: &BucketInspection) -> Check {
    let advice: Vec<_> = found
        .findings(None)
        .into_iter()
        .filter(|finding| {
            matches!(
                finding,
                BucketFinding::NotEncrypted
                    | BucketFinding::NotProtected
                    | BucketFinding::Unknown { .. }
            )
        })
        .map(|finding| finding.to_string())
        .collect();
    let detail = match advice.as_slice() {
        [] => "encrypted, with versions or a retention".to_owned(),
        advice => format!("works, and could be better: {}", advice.join("; ")),
    };
    Check::pass(format!("bucket {bucket} protection"), detail)
}
