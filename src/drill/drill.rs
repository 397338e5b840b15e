//! The steps of a drill, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures::TryStreamExt as _;
use kube_backup_engine::compare::Comparison;
use kube_backup_engine::powers::Power;
use kube_backup_engine::restore::{
    ExistingResourcePolicy, Items, Outcome, PowerPolicy, PowerSwitch, Restore, RestoreSpec,
    SkipReason,
};
use kube_backup_engine::{
    Discovery, Entry, EntryFilter, Error, ErrorKind, ObjectId, OpenBackup, Repository, Selection,
    UnmatchedFilters,
};
use serde_json::Value;

use super::cluster::DrillCluster;
use super::report::DrillReport;

/// The name of the restore, which is on everything that it makes.
const NAME: &str = "drill";
/// How many places of an object are named.
const PLACES: usize = 5;

/// A drill to be done; see the [module](super).
pub struct Drill {
    repository: Repository,
    name: String,
}

impl fmt::Debug for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drill")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Drill {
    /// A drill of the backup `name`.
    pub fn new(repository: Repository, name: impl Into<String>) -> Self {
        Self {
            repository,
            name: name.into(),
        }
    }

    /// Restores and compares. The store is only read from. Without an index the archive is read once more for each namespace.
    ///
    /// # Errors
    /// When there is no backup of that name, or the store cannot be asked. Whatever is wrong with the backup itself is a
    /// [difference](DrillReport::differences).
    pub async fn run(self) -> Result<DrillReport, Error> {
        let mut report = DrillReport {
            backup: self.name.clone(),
            ..DrillReport::default()
        };
        match self.steps(&mut report).await {
            Err(error) if is_of_the_backup(&error) => report.differs(None, error.chain()),
            done => done?,
        }
        Ok(report)
    }

    async fn steps(&self, report: &mut DrillReport) -> Result<(), Error> {
        let backup = self.repository.open(&self.name).await?;
        report.uid = backup.record().uid().to_owned();
        let listing = backup.listing(&EntryFilter::default()).await?;
        for refused in &listing.refused {
            report.differs(refused.id.as_ref(), refused.to_string());
        }
        let mut places: BTreeMap<Option<String>, Vec<Entry>> = BTreeMap::new();
        for entry in listing.entries {
            places
                .entry(entry.id.namespace.clone())
                .or_default()
                .push(entry);
        }
        let cluster = DrillCluster::start();
        // The cluster's own come first: `None` is before all names.
        for (namespace, entries) in places {
            self.part(&backup, &cluster, namespace.as_deref(), &entries, report)
                .await?;
        }
        Ok(())
    }

    /// The objects of one namespace, or those of the cluster.
    async fn part(
        &self,
        backup: &OpenBackup,
        cluster: &DrillCluster,
        namespace: Option<&str>,
        entries: &[Entry],
        report: &mut DrillReport,
    ) -> Result<(), Error> {
        if let Some(name) = namespace {
            report.namespaces += 1;
            // An archive may say anything, and what is no name may be a pattern.
            if !is_name(name) {
                let first = entries.first().map(|entry| &entry.id);
                report.differs(first, format!("`{name}` cannot be a namespace"));
                return Ok(());
            }
        }
        let again = self.repository.open(&self.name).await?;
        if again.record_sha256() != backup.record_sha256() {
            let why = format!(
                "restore backup `{}`: another one has taken its name meanwhile",
                self.name
            );
            return Err(Error::new(ErrorKind::Corrupt, why));
        }
        let restored = Restore::new(cluster.client().clone(), again, specification(namespace));
        let restored = match restored.run().await {
            Ok(restored) => restored,
            Err(error) if is_of_the_backup(&error) => {
                report.differs(None, in_place(namespace, &error.chain()));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let back = came_back(&restored.items, namespace, report);
        report.not_restored += entries
            .iter()
            .filter(|entry| !back.is_settled(&entry.id))
            .count() as u64;
        let compared: Vec<Entry> = entries
            .iter()
            .filter(|entry| back.there.contains(&entry.id))
            .cloned()
            .collect();
        self.compare(backup, cluster, &compared, report).await?;
        if let Some(name) = namespace {
            let deleting = cluster.delete_namespace(name).await;
            deleting.map_err(|error| of_cluster(&error))?;
        }
        Ok(())
    }

    async fn compare(
        &self,
        backup: &OpenBackup,
        cluster: &DrillCluster,
        entries: &[Entry],
        report: &mut DrillReport,
    ) -> Result<(), Error> {
        let found = Discovery::run(cluster.client()).await?;
        let comparison = Comparison::default();
        let mut objects = backup.read(entries);
        while let Some((entry, bytes)) = objects.try_next().await? {
            let id = &entry.id;
            report.objects += 1;
            let before: Value = match serde_json::from_slice(&bytes) {
                Ok(before) => before,
                Err(error) => {
                    report.differs(Some(id), format!("it is no JSON: {error}"));
                    continue;
                }
            };
            let mut served = found.versions(&id.resource);
            let same = served.find(|it| before["apiVersion"] == it.api_version());
            let Some(resource) = same.or_else(|| found.versions(&id.resource).next()) else {
                report.differs(Some(id), "its kind is not served after the restore");
                continue;
            };
            let path = resource.object_path(id.namespace.as_deref(), &id.name);
            let after = cluster.get(&path).await.map_err(|it| of_cluster(&it))?;
            let Some(after) = after else {
                report.differs(Some(id), "it is not there after the restore");
                continue;
            };
            let places = comparison.differences(&id.resource, &before, &after);
            if !places.is_empty() {
                report.differs(Some(id), in_words(&places));
            }
            let finalizers = after.pointer("/metadata/finalizers");
            if finalizers.is_some_and(|it| !it.is_null()) && id.namespace.is_some() {
                cluster.free(&path).await.map_err(|it| of_cluster(&it))?;
            }
        }
        Ok(())
    }
}

/// What became of the objects of a restore.
#[derive(Default)]
struct CameBack {
    /// They are there, and are to be compared.
    there: BTreeSet<ObjectId>,
    /// They could not be restored, and were told.
    failed: BTreeSet<ObjectId>,
}

impl CameBack {
    fn is_settled(&self, id: &ObjectId) -> bool {
        self.there.contains(id) || self.failed.contains(id)
    }
}

/// Which objects are there to be compared. Those that could not be restored are differences.
fn came_back(items: &Items, namespace: Option<&str>, report: &mut DrillReport) -> CameBack {
    let mut back = CameBack::default();
    for item in items {
        if item.id.namespace.as_deref() != namespace {
            continue;
        }
        match item.outcome {
            Outcome::Failed(why) => {
                report.differs(Some(&item.id), format!("it cannot be restored: {why}"));
                back.failed.insert(item.id);
            }
            // What every cluster has by itself is not the backup's.
            Outcome::Skipped(
                SkipReason::Shared { .. } | SkipReason::NotRestored(_) | SkipReason::Withheld(_),
            ) => {}
            _ => {
                back.there.insert(item.id);
            }
        }
    }
    back
}

/// A restore of everything in one place.
fn specification(namespace: Option<&str>) -> RestoreSpec {
    let all = "*".to_owned();
    let selection = match namespace {
        Some(name) => Selection {
            include_cluster_resources: Some(false),
            ..Selection::of_namespaces([name])
        },
        None => Selection {
            include_cluster_resources: Some(true),
            excluded_namespace_scoped_resources: vec![all],
            ..Selection::default()
        },
    };
    RestoreSpec {
        selection: Selection {
            unmatched_filters: UnmatchedFilters::Warn,
            ..selection
        },
        restore_pvs: Some(false),
        preserve_node_ports: true,
        run_unprotected: true,
        // What a cluster makes by itself is to be as it was, too.
        existing_resource_policy: ExistingResourcePolicy::Update,
        // Nobody gains anything by them here.
        powers: PowerPolicy {
            allow: Power::ALL.into_iter().map(PowerSwitch::Power).collect(),
            ..PowerPolicy::default()
        },
        ..RestoreSpec::named(NAME)
    }
}

/// Whether it is the backup that is wrong, and not the store.
fn is_of_the_backup(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Corrupt | ErrorKind::Untrusted | ErrorKind::Locked
    )
}

fn is_name(namespace: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !namespace.is_empty() && namespace.len() <= 63 && namespace.bytes().all(legal)
}

fn in_place(namespace: Option<&str>, why: &str) -> String {
    match namespace {
        Some(name) => format!("namespace `{name}`: {why}"),
        None => format!("objects of the cluster: {why}"),
    }
}

fn in_words(places: &[String]) -> String {
    let first: Vec<&str> = places.iter().take(PLACES).map(String::as_str).collect();
    match places.len().saturating_sub(PLACES) {
        0 => format!("it differs at {}", first.join(", ")),
        more => format!("it differs at {} and {more} more places", first.join(", ")),
    }
}

/// The cluster of a drill answers everything; where it does not, that is a mistake of this program.
fn of_cluster(error: &kube::Error) -> Error {
    let why = format!("compare what was restored: {}", crate::chain::chain(error));
    Error::new(ErrorKind::Internal, why)
}
