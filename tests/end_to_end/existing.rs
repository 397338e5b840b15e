//! Objects that are there already: one table, held against the embedded server and a real one.

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{
    ExistingResourcePolicy, Outcome, Restore, RestoreReport, RestoreSpec, SkipReason,
};
use control_plane::unique_name;
use kube::Client;
use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::cluster::{create, delete, get, patch, until};
use crate::roles;

/// What becomes of an object that is absent, equal, and different with each policy.
const TABLE: &str = "
    serviceaccounts      created  unchanged  left    merged
    secrets              created  unchanged  left    updated
    secrets/immutable    created  unchanged  left    failed
    services             created  unchanged  left    updated
    services/headless    created  unchanged  left    failed
    claims               created  unchanged  left    updated
    claims/class         created  unchanged  left    failed
    shops                created  unchanged  left    updated
    namespaces           created  unchanged  left    updated
";

/// A row: where its objects are, what they are in the backup, and how one is made different: by a
/// patch, or, where the server allows none, by being another object of the name.
struct Row {
    name: &'static str,
    kind: String,
    /// `None` for namespaces.
    list: Option<String>,
    object: Value,
    change: Value,
    replaced: bool,
}

fn rows(namespace: &str, group: &str) -> Vec<Row> {
    let core = |plural: &str| Some(format!("/api/v1/namespaces/{namespace}/{plural}"));
    let row = |name, kind: &str, list, object, change, replaced| Row {
        name,
        kind: kind.to_owned(),
        list,
        object,
        change,
        replaced,
    };
    let claim = |class: &str| {
        json!({"spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}})
    };
    vec![
        row(
            "serviceaccounts",
            "serviceaccounts",
            core("serviceaccounts"),
            json!({"imagePullSecrets": [{"name": "registry"}]}),
            json!({"imagePullSecrets": [{"name": "own"}]}),
            false,
        ),
        row(
            "secrets",
            "secrets",
            core("secrets"),
            json!({"data": {"key": "b2xk"}}),
            json!({"data": {"key": "bmV3", "more": "bmV3"}}),
            false,
        ),
        row(
            "secrets/immutable",
            "secrets",
            core("secrets"),
            json!({"immutable": true, "data": {"key": "b2xk"}}),
            json!({"immutable": true, "data": {"key": "bmV3"}}),
            true,
        ),
        row(
            "services",
            "services",
            core("services"),
            json!({"spec": {"selector": {"app": "a"}, "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}),
            json!({"spec": {"selector": {"app": "b"}}}),
            false,
        ),
        row(
            "services/headless",
            "services",
            core("services"),
            json!({"spec": {"clusterIP": "None", "selector": {"app": "a"}, "ports": [{"port": 80}]}}),
            json!({"spec": {"selector": {"app": "a"}, "ports": [{"port": 80}]}}),
            true,
        ),
        row(
            "claims",
            "persistentvolumeclaims",
            core("persistentvolumeclaims"),
            claim("a"),
            json!({"metadata": {"labels": {"app": "other"}}}),
            false,
        ),
        row(
            "claims/class",
            "persistentvolumeclaims",
            core("persistentvolumeclaims"),
            claim("a"),
            claim("b"),
            true,
        ),
        row(
            "shops",
            &format!("shops.{group}"),
            Some(format!("/apis/{group}/v1/namespaces/{namespace}/shops")),
            json!({"apiVersion": format!("{group}/v1"), "kind": "Shop", "spec": {"city": "Berlin"}}),
            json!({"spec": {"city": "Hangzhou", "open": true}}),
            false,
        ),
        row(
            "namespaces",
            "namespaces",
            None,
            json!({}),
            json!({"metadata": {"labels": {"app": "other"}}}),
            false,
        ),
    ]
}

impl Row {
    fn list(&self) -> &str {
        self.list.as_deref().unwrap_or("/api/v1/namespaces")
    }

    /// Unique in the row's list, and for namespaces in the cluster.
    fn object_name(&self, state: &str, namespace: &str) -> String {
        match self.list {
            None => format!("{namespace}-{state}"),
            Some(_) => format!("{}-{state}", self.name.replace('/', "-")),
        }
    }

    fn of(&self, object: &Value, name: &str) -> Value {
        let mut object = object.clone();
        object["metadata"]["name"] = name.into();
        object["metadata"]["labels"]["app"] = "shop".into();
        object
    }
}

const STATES: [&str; 3] = ["absent", "equal", "differs"];

struct Matrix {
    client: Client,
    restores: Client,
    bucket: Bucket,
    namespace: String,
    rows: Vec<Row>,
}

impl Matrix {
    /// Everything there, backed up, and then absent, equal and different.
    async fn new(client: Client, backs_up: Client, restores: Client) -> Self {
        let namespace = unique_name("existing");
        let group = format!("{}.example.com", unique_name("g"));
        let rows = rows(&namespace, &group);
        create(
            &client,
            "/api/v1/namespaces",
            &json!({"metadata": {"name": namespace}}),
        )
        .await;
        create(&client, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &json!({
            "metadata": {"name": format!("shops.{group}")},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "shops", "singular": "shop",
                "kind": "Shop", "listKind": "ShopList"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                    {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})).await;
        let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        until(&client, &account, "there", |account| !account.is_null()).await;
        patch(
            &client,
            &account,
            &json!({"imagePullSecrets": [{"name": "registry"}]}),
        )
        .await;
        let mut namespaces = vec![namespace.clone()];
        for row in &rows {
            for state in STATES {
                let name = row.object_name(state, &namespace);
                create(&client, row.list(), &row.of(&row.object, &name)).await;
                if row.list.is_none() {
                    namespaces.push(name);
                }
            }
        }
        let bucket = Bucket::start().await;
        let spec = BackupSpec {
            selection: Selection {
                included_namespaces: namespaces.into_iter().collect(),
                ..Selection::default()
            },
            ..BackupSpec::named("a")
        };
        Backup::new(backs_up, bucket.repository(), spec)
            .run()
            .await
            .unwrap();

        for row in &rows {
            let path =
                |state: &str| format!("{}/{}", row.list(), row.object_name(state, &namespace));
            delete(&client, &path("absent")).await;
            if row.replaced {
                delete(&client, &path("differs")).await;
                let name = row.object_name("differs", &namespace);
                create(&client, row.list(), &row.of(&row.change, &name)).await;
            } else {
                patch(&client, &path("differs"), &row.change).await;
            }
        }
        patch(
            &client,
            &account,
            &json!({"imagePullSecrets": [{"name": "own"}]}),
        )
        .await;
        Self {
            client,
            restores,
            bucket,
            namespace,
            rows,
        }
    }

    fn outcome(&self, report: &RestoreReport, row: &Row, state: &str) -> Outcome {
        let name = row.object_name(state, &self.namespace);
        let item = report
            .items
            .iter()
            .find(|item| item.id.resource.to_string() == row.kind && item.id.name == name);
        item.unwrap_or_else(|| panic!("{name} is not in {report}"))
            .outcome
    }

    async fn live(&self, row: &Row, state: &str) -> Value {
        let name = row.object_name(state, &self.namespace);
        get(&self.client, &format!("{}/{name}", row.list()))
            .await
            .unwrap_or_default()
    }

    async fn check(self, policy: ExistingResourcePolicy) {
        let mut before = Vec::new();
        for row in &self.rows {
            for state in STATES {
                before.push(self.live(row, state).await);
            }
        }
        let spec = RestoreSpec {
            existing_resource_policy: policy,
            ..RestoreSpec::named("r")
        };
        let backup = self.bucket.repository().open("a").await.unwrap();
        let restore = Restore::new(self.restores.clone(), backup, spec);
        let plan = restore.plan().await.unwrap();
        let report = restore.run().await.unwrap();
        let mut before = before.iter();
        for row in &self.rows {
            let expected: Vec<&str> = TABLE
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>())
                .find(|cells| cells.first() == Some(&row.name))
                .unwrap();
            let differs = match policy {
                ExistingResourcePolicy::None => expected[3],
                _ => expected[4],
            };
            for (state, expected) in STATES.into_iter().zip([expected[1], expected[2], differs]) {
                let what = format!("{} {state}, {policy:?}", row.name);
                let outcome = &self.outcome(&report, row, state);
                assert_eq!(cell(outcome), expected, "{what}: {outcome:?}");
                let (before, after) = (before.next().unwrap(), self.live(row, state).await);
                self.check_object(row, expected, before, &after, &what);
                if let Outcome::Failed(reason) = outcome {
                    assert!(
                        reason.contains("restore it into another namespace"),
                        "{what}: {reason}"
                    );
                    assert!(
                        !reason.contains("bmV3") && !reason.contains("b2xk"),
                        "{what}: {reason}"
                    );
                }
            }
        }
        // The plan foresaw all of it.
        for item in &report.items {
            let planned = plan
                .items
                .iter()
                .find(|planned| planned.id == item.id)
                .unwrap();
            let same = match planned.action.name() {
                "create" => item.outcome == Outcome::Created,
                "update" => item.outcome == Outcome::Updated,
                // An account that comes with its namespace.
                "merge" if planned.unchecked.is_some() => true,
                "merge" => item.outcome == Outcome::Merged,
                "keep" => item.outcome == Outcome::Unchanged,
                "skip" if planned.reason.starts_with("it differs at ") => {
                    matches!(item.outcome, Outcome::Skipped(SkipReason::Exists(_)))
                }
                "skip" => matches!(item.outcome, Outcome::Skipped(SkipReason::NotRestored(_))),
                _ => matches!(item.outcome, Outcome::Failed(_)),
            };
            assert!(
                same,
                "{}: planned {:?}, became {:?}",
                item.id, planned, item.outcome
            );
        }
        // The account that every namespace has keeps what it had and gains what it lacked.
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/default",
            self.namespace
        );
        let account = get(&self.client, &path).await.unwrap();
        assert_eq!(
            account["imagePullSecrets"],
            json!([{"name": "own"}, {"name": "registry"}])
        );
    }

    fn check_object(&self, row: &Row, outcome: &str, before: &Value, after: &Value, what: &str) {
        // Of what the row's object has, all is there.
        fn holds(object: &Value, wanted: &Value) -> bool {
            match wanted {
                Value::Object(fields) => {
                    fields.iter().all(|(key, value)| holds(&object[key], value))
                }
                Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .all(|(n, value)| holds(&object[n], value)),
                value => object == value,
            }
        }
        match outcome {
            "created" | "updated" => assert!(holds(after, &row.object), "{what}: {after}"),
            "merged" => {
                let both = json!([{"name": "own"}, {"name": "registry"}]);
                assert_eq!(after["imagePullSecrets"], both, "{what}");
            }
            // Not touched at all.
            _ => {
                let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
                assert_eq!(version(before), version(after), "{what}");
            }
        }
        if outcome == "updated" && row.name == "secrets" {
            assert_eq!(after["data"], json!({"key": "b2xk"}), "{what}");
        }
    }
}

/// The word of the table for an outcome.
fn cell(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Skipped(SkipReason::Exists(_)) => "left",
        outcome => outcome.name(),
    }
}

const POLICIES: [ExistingResourcePolicy; 2] =
    [ExistingResourcePolicy::None, ExistingResourcePolicy::Update];

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_table_on_the_embedded_server() {
    for policy in POLICIES {
        let cluster = KubeLocal::start().await.unwrap();
        let config = kube::Config::new(cluster.url().parse().unwrap());
        let client = Client::try_from(config).unwrap();
        Matrix::new(client.clone(), client.clone(), client)
            .await
            .check(policy)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_table_on_a_real_server() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    for policy in POLICIES {
        let (backs_up, restores) = (roles::backs_up().await, roles::restores_all().await);
        let matrix = Matrix::new(plane.client(), backs_up, restores).await;
        matrix.check(policy).await;
    }
}
