//! Backup snapshots: what backup jobs have made, and what is restored.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, Json};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::connect::Client;
use crate::ids::{BackupClientId, DataSourceId, InstanceId, PlanId, SnapshotId, VaultId};
use crate::query::SnapshotQuery;
use crate::read;
use crate::snapshot::Snapshot;
use crate::words::{Edition, SourceType};
use crate::write;

alibaba_core::operations! {
    impl Client;
    /// The operations on snapshots.
    pub(crate) const OPERATIONS;

    /// Searches a vault for backup snapshots.
    ///
    /// [`send`](SearchHistoricalSnapshots::send) gets one page,
    /// [`items`](SearchHistoricalSnapshots::items) all of them. Expired ones are gone. There is no
    /// condition for those of containers: search by vault and time, and compare the job's id. Needs
    /// `hbr:SearchHistoricalSnapshots` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{BackupJobId, SnapshotQuery, SourceType};
    /// use futures::TryStreamExt as _;
    ///
    /// let job_id = BackupJobId::from("job-000fake000000001");
    /// let query = SnapshotQuery::in_vault("v-000fake00000000001");
    /// let call = hbr.search_historical_snapshots(query).source_type(SourceType::Container);
    /// let mut snapshots = call.limit(99_u32).items();
    /// while let Some(snapshot) = snapshots.try_next().await? {
    ///     if snapshot.job_id.as_ref() == Some(&job_id) {
    ///         println!("{} has {:?}", snapshot.id, snapshot.paths);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn search_historical_snapshots = SearchHistoricalSnapshots(
        query: SnapshotQuery = "Query" [Json],
    ) -> SnapshotPage {
        /// Only snapshots of this kind of data.
        source_type: SourceType = "SourceType";
        /// The field to sort by, such as `CreatedTime`.
        sort_by: String = "SortBy";
        /// The order; ascending, if this is not set.
        order: SearchOrder = "Order";
        /// The edition of the service.
        edition: Edition = "Edition";
        /// How many snapshots a page has at most. 0 gets their number alone.
        limit: u32 = "Limit";
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
    }

    /// Lists the backup snapshots of one data source.
    ///
    /// [`send`](ListSnapshots::send) gets one page, [`items`](ListSnapshots::items) all of them. Needs
    /// `hbr:ListSnapshots` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::SourceType;
    ///
    /// let call = hbr.list_snapshots("i-bp1fake0000000000001", SourceType::EcsFile);
    /// for snapshot in call.vault_id("v-000fake00000000001").send().await?.snapshots {
    ///     println!("{} of {:?}", snapshot.id, snapshot.completed_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn list_snapshots = ListSnapshots(
        protected_resource_id: DataSourceId = "ProtectedResourceId",
        source_type: SourceType = "SourceType",
    ) -> SnapshotList {
        /// Only snapshots in this vault.
        vault_id: VaultId = "VaultId";
        /// Only snapshots of this plan.
        plan_id: PlanId = "PlanId";
        /// Only those that were complete at this time or later.
        completed_from: DateTime<Utc> = "CompleteTimeStart" [write::unix];
        /// Only those that were complete before this time.
        completed_before: DateTime<Utc> = "CompleteTimeEnd" [write::unix];
        /// How many snapshots a page has at most; 10, if this is not set.
        max_results: u32 = "MaxResults";
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
        /// How many snapshots to leave out first: whole pages. It cannot be set beside a token.
        skip: u32 = "Skip";
    }

    /// Deletes a backup snapshot, which cannot be restored then.
    ///
    /// Needs `hbr:DeleteSnapshot` on `*`. It is repeated after a broken connection, and may then fail
    /// because it is done.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::SourceType;
    ///
    /// let call = hbr.delete_snapshot("s-000fake000000000001").source_type(SourceType::Nas);
    /// call.vault_id("v-000fake00000000001").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_snapshot = DeleteSnapshot(snapshot_id: SnapshotId = "SnapshotId") -> Acknowledged [idempotent] {
        /// The vault that holds it.
        vault_id: VaultId = "VaultId";
        /// The kind of its data.
        source_type: SourceType = "SourceType";
        /// The ECS instance that was backed up.
        instance_id: InstanceId = "InstanceId";
        /// The backup client that made it.
        client_id: BackupClientId = "ClientId";
        /// No longer means anything.
        force: bool = "Force";
        /// For the service's own calls.
        token: String = "Token";
    }
}

alibaba_core::words! {
    /// The order of found snapshots.
    SearchOrder {
        /// Ascending.
        Ascending = "ASC",
        /// Descending.
        Descending = "DESC",
    }
}

impl SearchHistoricalSnapshots {
    /// All snapshots from here on, page after page.
    pub fn items(self) -> Paginator<Snapshot> {
        self.call.list_by_token(
            "search for backup snapshots",
            |call, token| call.param("NextToken", token),
            |page: SnapshotPage| (page.snapshots, page.next_token),
        )
    }
}

impl ListSnapshots {
    /// All snapshots from here on, page after page.
    pub fn items(self) -> Paginator<Snapshot> {
        self.call.list_by_token(
            "list backup snapshots",
            |call, token| call.param("NextToken", token),
            |page: SnapshotList| (page.snapshots, page.next_token),
        )
    }
}

/// A page of found snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotPage {
    /// What support asks for.
    pub request_id: String,
    /// The snapshots.
    #[serde(default, deserialize_with = "read::list")]
    pub snapshots: Vec<Snapshot>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// How many a page has at most.
    pub limit: Option<u32>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}

/// A page of listed snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotList {
    /// What support asks for.
    pub request_id: String,
    /// The snapshots.
    #[serde(default, deserialize_with = "read::list")]
    pub snapshots: Vec<Snapshot>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// How many a page has at most.
    pub max_results: Option<u32>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}
