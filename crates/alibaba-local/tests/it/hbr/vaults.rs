//! Vaults, clusters, and the service itself.

use alibaba_local::{LocalCloud, PolicyDocument, Role};
use alibaba_sign::Credentials;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::calls::{ACK_CLUSTER, HBR, Stage, call, create_vault, rows, search, text, write};
use crate::raw::openapi::Generation;
use crate::raw::{Raw, start, start_with};

async fn vaults(raw: &Raw, parameters: &[(&str, &str)]) -> Vec<Value> {
    let result = call(raw, "DescribeVaults", parameters).ok().await;
    rows(&result, "Vaults", "Vault")
}

#[tokio::test]
async fn a_vault_is_made_by_the_clock() {
    let raw = start().await;
    let made = call(
        &raw,
        "CreateVault",
        &[
            ("VaultName", "nightly"),
            ("VaultRegionId", "cn-hangzhou"),
            ("Description", "of the tour"),
        ],
    );
    let made = made.ok().await;
    assert_eq!(
        (&made["Success"], &made["Code"], &made["Message"]),
        (&true.into(), &"200".into(), &"successful".into())
    );
    let (id, task) = (text(&made, "VaultId"), text(&made, "TaskId"));
    for (id, prefix) in [(&id, "v-000"), (&task, "t-000")] {
        assert!(
            id.starts_with(prefix) && id.len() == prefix.len() + 17,
            "{id}"
        );
    }
    let status = async || vaults(&raw, &[("VaultId", &id)]).await.remove(0)["Status"].clone();
    let progress = async || call(&raw, "DescribeTask", &[("TaskId", &task)]).ok().await;
    assert_eq!(status().await, "INITIALIZING");
    assert_eq!(progress().await["CompletedTime"], Value::Null);
    call(&raw, "DeleteVault", &[("VaultId", &id)])
        .fails(400, "VaultNotReady")
        .await;
    raw.pass(TimeDelta::seconds(3));
    assert_eq!(status().await, "CREATED");
    assert_eq!(progress().await["Progress"], 10_000);
    let vault = vaults(&raw, &[("Status", "CREATED")]).await.remove(0);
    assert_eq!(vault["Description"], "of the tour");
    assert_eq!(vault["VaultOwnerId"], 1_000_000_000_000_000_u64);

    // The same name again is another vault.
    let other = create_vault(&raw, "nightly").await;
    assert_ne!(other, id);
    assert_eq!(vaults(&raw, &[("VaultName", "nightly")]).await.len(), 2);
    call(
        &raw,
        "UpdateVault",
        &[
            ("VaultId", &other),
            ("VaultName", "daily"),
            ("WormEnabled", "True"),
        ],
    )
    .ok()
    .await;
    let found = vaults(&raw, &[("VaultName", "daily")]).await.remove(0);
    assert_eq!(
        (&found["VaultId"], &found["WormEnabled"]),
        (&other.as_str().into(), &true.into())
    );
    call(
        &raw,
        "UpdateVault",
        &[("VaultId", &other), ("WormEnabled", "false")],
    )
    .fails(400, "InvalidParameter.WormEnabled")
    .await;
}

#[tokio::test]
async fn vaults_are_listed_by_pages() {
    let raw = start().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(create_vault(&raw, &format!("vault-{number}")).await);
        raw.pass(TimeDelta::seconds(1));
    }
    made.reverse();
    let mut found = Vec::new();
    for page in ["1", "2", "3", "4"] {
        let page = call(
            &raw,
            "DescribeVaults",
            &[("PageNumber", page), ("PageSize", "2")],
        );
        let page = page.ok().await;
        assert_eq!(
            (&page["TotalCount"], &page["PageSize"]),
            (&5.into(), &2.into())
        );
        found.extend(
            rows(&page, "Vaults", "Vault")
                .iter()
                .map(|it| text(it, "VaultId")),
        );
    }
    assert_eq!(found, made, "the newest first, and none twice");
}

#[tokio::test]
async fn a_deleted_vault_takes_all_along_and_a_locked_one_nothing() {
    let stage = Stage::new().await;
    write(&stage.volume("data"), "file", "x");
    let job = stage.backed_up(&["data"]).await;
    let vault = stage.vault.as_str();
    let snapshot = stage.snapshots(&text(&job, "JobId")).await.remove(0);
    // Not within two hours of its creation: one has passed.
    stage
        .call("DeleteVault", &[("VaultId", vault)])
        .fails(400, "CannotDeleteNewVault")
        .await;
    stage.pass(3600);
    stage
        .call(
            "UpdateVault",
            &[("VaultId", vault), ("WormEnabled", "true")],
        )
        .ok()
        .await;
    stage
        .call("DeleteVault", &[("VaultId", vault)])
        .fails(400, "VaultWormEnabled")
        .await;
    let id = text(&snapshot, "SnapshotId");
    stage
        .call("DeleteSnapshot", &[("SnapshotId", &id)])
        .fails(400, "VaultWormEnabled")
        .await;

    // Once its backups are gone by themselves, so may the vault be.
    stage.pass(31 * 24 * 3600);
    assert!(search(&stage.raw, vault).await.is_empty());
    stage.call("DeleteVault", &[("VaultId", vault)]).ok().await;
    stage
        .call("DeleteVault", &[("VaultId", vault)])
        .fails(404, "VaultNotExist")
        .await;
    let jobs = stage.call("DescribeBackupJobs2", &[]).ok().await;
    assert_eq!(jobs["TotalCount"], 0);
    // What the container service's page says of jobs whose vault was deleted.
    let refused = stage
        .back_up(&["data"])
        .fails(400, "InvalidParameter")
        .await;
    let message = text(&refused, "Message");
    assert!(
        message.contains("Illegal request. Please modify the parameters"),
        "{message}"
    );
    assert_eq!(refused["Success"], Value::Null, "it is no 200");
}

#[tokio::test]
async fn the_account_has_a_hundred_vaults() {
    let raw = start().await;
    for _ in 0..100 {
        create_vault(&raw, "many").await;
    }
    let parameters = [("VaultName", "many"), ("VaultRegionId", "cn-hangzhou")];
    call(&raw, "CreateVault", &parameters)
        .fails(400, "QuotaExceed.Vault")
        .await;
}

#[tokio::test]
async fn a_cluster_is_registered_once_and_its_client_comes_up() {
    let raw = start().await;
    let parameters = [
        ("ClusterType", "ACK"),
        ("Identifier", ACK_CLUSTER),
        ("NetworkType", "VPC"),
        ("Name", "ack_pv_backup_location"),
    ];
    let added = call(&raw, "AddContainerCluster", &parameters).ok().await;
    let id = text(&added, "ClusterId");
    assert!(id.starts_with("cc-000"), "{id}");
    assert!(
        text(&added, "Token").starts_with("eyJhY2NvdW"),
        "as the samples begin"
    );
    let again = call(&raw, "AddContainerCluster", &parameters).ok().await;
    assert_eq!(
        (&again["ClusterId"], &again["Token"]),
        (&added["ClusterId"], &added["Token"])
    );

    let find = async || {
        let found = call(
            &raw,
            "DescribeContainerCluster",
            &[("Identifier", ACK_CLUSTER)],
        );
        let found = found.ok().await;
        assert_eq!(found["TotalCount"], 1);
        found["Clusters"][0].clone()
    };
    assert_eq!(find().await["AgentStatus"], "MISS");
    raw.pass(TimeDelta::seconds(3));
    assert_eq!(find().await["AgentStatus"], "READY");
    raw.cloud.backup_clients().stop(ACK_CLUSTER);
    assert_eq!(find().await["AgentStatus"], "MISS");
    raw.cloud.backup_clients().start(ACK_CLUSTER);

    let renewed = call(
        &raw,
        "UpdateContainerCluster",
        &[
            ("ClusterId", &id),
            ("RenewToken", "true"),
            ("Name", "other"),
        ],
    );
    let renewed = renewed.ok().await;
    assert_eq!(renewed["TokenUpdated"], true);
    assert_ne!(renewed["Token"], added["Token"]);
    let found = find().await;
    assert_eq!(
        (&found["Name"], &found["Token"]),
        (&"other".into(), &renewed["Token"])
    );
    call(&raw, "DeleteContainerCluster", &[("ClusterId", &id)])
        .fails(400, "ClusterHasActiveClients")
        .await;
    call(
        &raw,
        "DeleteContainerCluster",
        &[("ClusterId", &id), ("Force", "true")],
    )
    .ok()
    .await;
    call(&raw, "DeleteContainerCluster", &[("ClusterId", &id)])
        .fails(404, "ClusterNotExist")
        .await;
}

#[tokio::test]
async fn roles_regions_and_policies_are_told() {
    let builder = LocalCloud::builder();
    let raw = start_with(builder.role(Role::new(
        "AliyunServiceRoleForHbrOssBackup",
        PolicyDocument::new(),
    )))
    .await;
    call(&raw, "CheckRole", &[("CheckRoleType", "OssRole")])
        .ok()
        .await;
    // A refusal within a 200: only `Success` says so.
    let refused = call(&raw, "CheckRole", &[("CheckRoleType", "NasRole")])
        .ok()
        .await;
    assert_eq!(
        (&refused["Success"], &refused["Code"]),
        (&false.into(), &"RoleNotExist".into())
    );
    let regions = call(&raw, "DescribeRegions", &[]).ok().await;
    let regions = rows(&regions, "Regions", "Region");
    assert!(
        regions
            .iter()
            .any(|it| it["RegionId"] == "cn-shanghai" && it["LocalName"] == "China (Shanghai)")
    );
    let order = call(&raw, "OpenHbrService", &[]).ok().await;
    assert_eq!(text(&order, "OrderId").len(), 15);

    let vault = create_vault(&raw, "v").await;
    for (kind, action) in [
        ("BACKUP", "hbr:CreateBackupJob"),
        ("RESTORE", "hbr:CreateRestoreJob"),
    ] {
        let generated = call(
            &raw,
            "GenerateRamPolicy",
            &[("ActionType", kind), ("VaultId", &vault)],
        );
        let document =
            PolicyDocument::parse(&text(&generated.ok().await, "PolicyDocument")).unwrap();
        let text = document.to_string();
        assert!(
            text.contains(action) && text.contains(&format!("vault/{vault}/client/*")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn regions_are_apart() {
    let raw = start_with(LocalCloud::builder().another_region("cn-shanghai")).await;
    let shanghai = raw.cloud.endpoint_in("cn-shanghai").unwrap();
    assert_ne!(shanghai, raw.cloud.endpoint());
    assert_eq!(
        raw.cloud.endpoint_in("cn-hangzhou").unwrap(),
        raw.cloud.endpoint()
    );
    assert_eq!(raw.cloud.endpoint_in("cn-beijing"), None);
    let at = |action: &str| raw.api(HBR, action).at(&shanghai);
    let here = create_vault(&raw, "one").await;
    let there = at("CreateVault")
        .query("VaultName", "one")
        .query("VaultRegionId", "cn-shanghai");
    let there = text(&there.ok().await, "VaultId");
    at("CreateVault")
        .query("VaultName", "one")
        .query("VaultRegionId", "cn-hangzhou")
        .fails(400, "InvalidParameter.VaultRegionId")
        .await;
    let found = rows(&at("DescribeVaults").ok().await, "Vaults", "Vault");
    assert_eq!((found.len(), &found[0]["VaultId"]), (1, &json!(there)));
    let found = vaults(&raw, &[]).await;
    assert_eq!((found.len(), &found[0]["VaultId"]), (1, &json!(here)));
    at("UpdateVault")
        .query("VaultId", &here)
        .fails(404, "VaultNotExist")
        .await;
    // The name of the host says it, too.
    let named = raw
        .api(HBR, "DescribeVaults")
        .host("hbr-vpc.cn-shanghai.aliyuncs.com")
        .ok()
        .await;
    assert_eq!(
        rows(&named, "Vaults", "Vault")[0]["VaultId"],
        there.as_str()
    );
}

#[tokio::test]
async fn both_generations_of_signatures_ask_it() {
    let raw = start().await;
    for generation in [Generation::Acs3, Generation::RpcV1] {
        raw.api(HBR, "DescribeVaults")
            .generation(generation)
            .ok()
            .await;
    }
    let stranger = Credentials::new("LTAI-nobody", "secret");
    raw.api(HBR, "DescribeVaults")
        .by(&stranger)
        .fails(404, "InvalidAccessKeyId.NotFound")
        .await;
    raw.api(HBR, "DescribeRestoreJobs")
        .fails(404, "InvalidAction.NotFound")
        .await;
}
