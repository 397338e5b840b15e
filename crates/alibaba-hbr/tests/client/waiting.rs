//! Waiting for vaults and jobs.

use std::error::Error as _;
use std::time::Duration;

use alibaba_core::ErrorKind;
use alibaba_hbr::{JobStatus, remedy};
use serde_json::{Value, json};

use crate::stage::{Clients as _, Scene, Stage};

fn respond(body: &Value) -> Scene {
    Scene::Respond(200, body.to_string())
}

fn vault(status: &str) -> Scene {
    respond(&json!({"RequestId": "R", "Vaults": {"Vault": [
        {"VaultId": "v-1", "Status": status, "VaultStatusMessage": "no key"},
    ]}}))
}

fn backup(status: &str, progress: u32, error: &str) -> Scene {
    respond(&json!({"RequestId": "R", "BackupJobs": {"BackupJob": [
        {"JobId": "job-1", "Status": status, "Progress": progress, "ErrorMessage": error},
    ]}}))
}

fn no_backup() -> Scene {
    respond(&json!({"RequestId": "R", "BackupJobs": {"BackupJob": []}, "TotalCount": 0}))
}

fn restores(jobs: &[(&str, &str)], total: u32) -> Scene {
    let jobs: Vec<_> = jobs
        .iter()
        .map(|(id, status)| json!({"RestoreId": id, "Status": status}))
        .collect();
    respond(&json!({"RequestId": "R", "RestoreJobs": {"RestoreJob": jobs}, "TotalCount": total}))
}

#[tokio::test]
async fn a_vault_is_waited_for_until_it_may_be_used() {
    let stage = Stage::playing([vault("INITIALIZING"), vault("CREATED")]);
    let vault_id = "v-1";
    let found = stage
        .client()
        .vault_poller(vault_id)
        .until_done()
        .await
        .unwrap();
    assert_eq!(found.id.as_str(), vault_id);
    assert_eq!(stage.sent().len(), 2);
    assert_eq!(stage.last().query["VaultId"], vault_id);

    let broken = Stage::playing([vault("ERROR")]);
    let error = broken
        .client()
        .vault_poller("v-1")
        .until_done()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "wait for vault `v-1` to be created: it ended as `ERROR`"
    );
    assert_eq!(error.source().unwrap().to_string(), "HTTP 200: no key");
}

#[tokio::test]
async fn a_backup_job_is_waited_for_and_tells_how_far_it_is() {
    let stage = Stage::playing([
        no_backup(),
        backup("QUEUED", 0, ""),
        Scene::Respond(503, String::new()),
        backup("RUNNING", 4250, ""),
        backup("PARTIAL_COMPLETE", 10_000, "some"),
    ]);
    let mut told = Vec::new();
    let hbr = stage.client();
    let job = hbr
        .backup_job_poller("job-1")
        .with_progress(|state| told.push(state.to_string()))
        .until_done()
        .await
        .unwrap();
    assert_eq!(job.status, JobStatus::PartialComplete);
    assert_eq!(told, ["`not listed`", "`QUEUED` (0%)", "`RUNNING` (42%)"]);
    assert_eq!(stage.last().query["Filters.1.Key"], "JobId");
    assert_eq!(stage.last().query["Filters.1.Values.1"], "job-1");
}

#[tokio::test]
async fn a_job_that_ends_badly_says_why_and_what_to_do() {
    for status in ["FAILED", "CANCELED", "EXPIRED", "UNAVAILABLE"] {
        let stage = Stage::playing([backup(status, 0, "ClientNotExist")]);
        let error = stage
            .client()
            .backup_job_poller("job-1")
            .until_done()
            .await
            .unwrap_err();
        let expected = format!("wait for backup job `job-1`: it ended as `{status}`");
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.service_code(), Some("ClientNotExist"));
        assert!(remedy(&error).unwrap().contains("hbr-client"));
        assert_eq!(stage.sent().len(), 1);
    }
    // A reason that sounds as if it would pass ends the waiting too.
    let stage = Stage::playing([backup("FAILED", 0, "InternalError")]);
    stage
        .client()
        .backup_job_poller("job-1")
        .until_done()
        .await
        .unwrap_err();
    assert_eq!(stage.sent().len(), 1);
}

#[tokio::test]
async fn what_is_never_listed_is_not_found() {
    let stage = Stage::playing([no_backup()]);
    let error = stage
        .client()
        .backup_job_poller("job-1")
        .until_done()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "find backup job `job-1`: it is not listed"
    );
    assert_eq!(stage.sent().len(), 5);
}

#[tokio::test]
async fn a_restore_job_is_found_among_those_of_its_vault() {
    let others: Vec<_> = (0..99).map(|_| ("r-0", "COMPLETE")).collect();
    let stage = Stage::playing([
        restores(&others, 100),
        restores(&[("r-1", "RUNNING")], 100),
        restores(&[("r-1", "COMPLETE")], 1),
    ]);
    let job = stage
        .client()
        .restore_job_poller("v-1", "r-1")
        .until_done()
        .await
        .unwrap();
    assert_eq!((job.id.as_str(), job.status), ("r-1", JobStatus::Complete));
    let sent = stage.sent();
    let pages: Vec<_> = sent
        .iter()
        .map(|sent| sent.query["PageNumber"].as_str())
        .collect();
    assert_eq!(pages, ["1", "2", "1"]);
    assert_eq!(sent[0].query["Filters.1.Key"], "VaultId");
    assert_eq!(sent[0].query["Filters.1.Values.1"], "v-1");
}

#[tokio::test]
async fn waiting_has_an_end() {
    let stage = Stage::playing([backup("RUNNING", 100, "")]);
    let error = stage
        .client()
        .backup_job_poller("job-1")
        .with_intervals(Duration::from_secs(5), Duration::from_secs(5))
        .with_timeout(Duration::from_secs(20))
        .until_done()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.to_string(),
        "wait for backup job `job-1`: still `RUNNING` (1%) after 20s"
    );
}
