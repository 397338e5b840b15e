//! Cloud Backup. It checks rights on actions only: `*` is the one resource.
//!
//! A table of 2023 named vaults (`acs:hbr:{region}:{account}:vault/{id}`), and
//! `GenerateRamPolicy` still writes them; the pages of 2025 and 2026 know only `*`.
//! `DescribeRestoreJobs` is the name of an action, and of no API that can be called any more.

use super::action::{KnownAction, unscoped};

pub(super) const ACTIONS: &[KnownAction] = &[
    unscoped("hbr:CreateVault"),
    unscoped("hbr:DescribeVaults"),
    unscoped("hbr:UpdateVault").assumed(),
    unscoped("hbr:DeleteVault").assumed(),
    unscoped("hbr:CreateBackupJob"),
    unscoped("hbr:DescribeBackupJobs2"),
    unscoped("hbr:CancelBackupJob"),
    unscoped("hbr:CreateRestoreJob"),
    unscoped("hbr:DescribeRestoreJobs2"),
    unscoped("hbr:DescribeRestoreJobs"),
    unscoped("hbr:CancelRestoreJob"),
    unscoped("hbr:SearchHistoricalSnapshots"),
    unscoped("hbr:ListSnapshots").assumed(),
    unscoped("hbr:DeleteSnapshot").assumed(),
    unscoped("hbr:AddContainerCluster"),
    unscoped("hbr:DescribeContainerCluster"),
    unscoped("hbr:UpdateContainerCluster").assumed(),
    unscoped("hbr:DeleteContainerCluster").assumed(),
    unscoped("hbr:DescribeContainerResource").assumed(),
    unscoped("hbr:DescribeRegions").assumed(),
    unscoped("hbr:OpenHbrService").assumed(),
    unscoped("hbr:DescribeTask").assumed(),
    unscoped("hbr:CheckRole").assumed(),
    unscoped("hbr:CreateBackupPlan").assumed(),
    unscoped("hbr:DescribeBackupPlans").assumed(),
    unscoped("hbr:ExecuteBackupPlan").assumed(),
    unscoped("hbr:DeleteBackupPlan").assumed(),
    unscoped("hbr:CreatePolicyV2").assumed(),
    unscoped("hbr:CreatePolicyBindings").assumed(),
    unscoped("hbr:DescribePoliciesV2").assumed(),
    unscoped("hbr:GenerateRamPolicy").assumed(),
];
