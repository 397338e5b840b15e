//! Bad input, action by action.

mod disks;
mod policies;
mod snapshots;

use super::calls::{Parameters, call, here, start};
use crate::raw::Raw;

/// Calls that must fail, each with its action, what it is called with, status and code.
async fn refused(raw: &Raw, cases: &[(&str, Parameters<'_>, u16, &str)]) {
    for (action, parameters, status, code) in cases {
        here(raw, action, parameters).fails(*status, code).await;
    }
}

#[tokio::test]
async fn every_action_that_has_a_region_wants_one_that_there_is() {
    let raw = start().await;
    let without = [
        "CreateSnapshot",
        "DeleteSnapshot",
        "ModifySnapshotAttribute",
        "ModifySnapshotCategory",
        "DescribeRegions",
        "AttachDisk",
        "DetachDisk",
        "DeleteDisk",
    ];
    let actions = alibaba_ram::KNOWN_ACTIONS
        .iter()
        .filter(|it| it.service() == "ecs");
    let actions = actions.map(|it| it.name().split_once(':').unwrap().1);
    let mut checked = 0;
    for action in actions.filter(|action| !without.contains(action)) {
        call(&raw, action, &[])
            .fails(400, "MissingParameter.RegionId")
            .await;
        let nowhere = call(&raw, action, &[("RegionId", "cn-atlantis")]);
        nowhere.fails(404, "InvalidRegionId.NotFound").await;
        checked += 1;
    }
    assert_eq!(checked, 27);
    call(&raw, "CreateVolcano", &[])
        .fails(404, "InvalidAction.NotFound")
        .await;
}
