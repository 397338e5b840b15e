//! The chart: held to the manifests that kubectl applies, and to a real server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::cluster::plane;

const HELM: &str = "helm.sh/helm/v3/cmd/helm@v3.22.0";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn helm() -> Option<PathBuf> {
    control_plane::go_tool(HELM)
}

/// What helm says, and whether it is content.
fn run(helm: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(helm)
        .args(arguments)
        .current_dir(repository())
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The objects of the chart with these values.
pub(crate) fn rendered(helm: &Path, values: &[&str]) -> Vec<Value> {
    let mut arguments = vec![
        "template",
        "backup",
        "deploy/chart",
        "--kube-version",
        "1.36.0",
    ];
    for value in values {
        arguments.extend(["--set-json", value]);
    }
    let (fine, text, errors) = run(helm, &arguments);
    assert!(fine, "{errors}");
    documents(&text)
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_norway::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap());
    documents.filter(|document| !document.is_null()).collect()
}

/// The manifests and definitions that kubectl applies.
fn manifests() -> Vec<Value> {
    let mut all = Vec::new();
    for folder in ["deploy/manifests", "deploy/crds"] {
        for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            all.extend(
                documents(&text)
                    .into_iter()
                    .filter(|it| it["kind"] != "Kustomization"),
            );
        }
    }
    all
}

fn by_name(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let name = |it: &Value| {
        let metadata = &it["metadata"];
        format!(
            "{} {}/{}",
            it["kind"], metadata["namespace"], metadata["name"]
        )
    };
    objects.into_iter().map(|it| (name(&it), it)).collect()
}

/// Without what only a chart has.
fn plain(mut object: Value) -> Value {
    let annotations = object.pointer_mut("/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove("helm.sh/resource-policy");
        if annotations.is_empty() {
            object["metadata"]
                .as_object_mut()
                .unwrap()
                .remove("annotations");
        }
    }
    if object["kind"] == "Deployment" {
        let container = &mut object["spec"]["template"]["spec"]["containers"][0];
        container.as_object_mut().unwrap().remove("imagePullPolicy");
    }
    object
}

#[test]
fn the_chart_installs_what_the_manifests_do() {
    let Some(helm) = helm() else { return };
    let (fine, text, errors) = run(&helm, &["lint", "--strict", "deploy/chart"]);
    assert!(fine, "{text}{errors}");
    let chart = by_name(rendered(&helm, &[]).into_iter().map(plain).collect());
    let manifests = by_name(manifests());
    let names = |of: &BTreeMap<String, Value>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&chart), names(&manifests));
    for (name, object) in manifests {
        assert_eq!(in_floats(chart[&name].clone()), in_floats(object), "{name}");
    }
}

/// YAML writes a whole number with or without a fraction.
fn in_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(in_floats).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, in_floats(value)))
            .collect(),
        other => other,
    }
}

/// Whoever installs it by whichever means gets the same version, which the doctor reads from its tag and annotation.
#[test]
fn every_installation_runs_the_version_of_this_package() {
    let Some(helm) = helm() else { return };
    for objects in [rendered(&helm, &[]), manifests()] {
        let deployment = objects
            .iter()
            .find(|it| it["kind"] == "Deployment")
            .unwrap();
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["image"], ack_backup_center::install::IMAGE);
        let annotations = &deployment["metadata"]["annotations"];
        assert!(
            annotations["ack-backup-center.io/features-of"].is_string(),
            "{deployment}"
        );
    }
}

#[test]
fn vaults_and_backups_outlive_the_chart() {
    let Some(helm) = helm() else { return };
    for object in rendered(&helm, &[]) {
        let stays = matches!(
            object["kind"].as_str().unwrap(),
            "CustomResourceDefinition" | "Namespace"
        );
        let policy = &object["metadata"]["annotations"]["helm.sh/resource-policy"];
        assert_eq!(policy == "keep", stays, "{object}");
    }
}

#[test]
fn rights_can_be_left_out_one_by_one() {
    let Some(helm) = helm() else { return };
    for (value, gone, rest) in [
        (
            "rights.restore=false",
            "migrate-controller-restore",
            "migrate-controller-backup",
        ),
        (
            "rights.backup=false",
            "migrate-controller-backup",
            "migrate-controller-restore",
        ),
        (
            "rights.operators=false",
            "operator",
            "migrate-controller-backup",
        ),
        (
            "crds.install=false",
            "csdr.alibabacloud.com\"",
            "migrate-controller-backup",
        ),
    ] {
        let objects = rendered(&helm, &[value]);
        let names: Vec<String> = objects
            .iter()
            .map(|it| it["metadata"]["name"].to_string())
            .collect();
        assert!(
            !names.iter().any(|name| name.contains(gone)),
            "{value}: {names:?}"
        );
        assert!(
            names.iter().any(|name| name.contains(rest)),
            "{value}: {names:?}"
        );
    }
    // Nothing of it may do everything.
    for object in rendered(&helm, &[]) {
        for rule in object["rules"].as_array().into_iter().flatten() {
            let has = |field: &str, value: &str| {
                rule[field]
                    .as_array()
                    .is_some_and(|all| all.contains(&json!(value)))
            };
            assert!(!has("verbs", "*"), "{object}");
            for verb in ["escalate", "bind", "impersonate"] {
                assert!(!has("verbs", verb), "{object}");
            }
            assert!(
                !has("resources", "*")
                    || has("apiGroups", "csdr.alibabacloud.com")
                    || rule["verbs"] == json!(["list"])
            );
        }
    }
}

/// Values that change everything there is to change.
const ALL: [&str; 17] = [
    "replicas=2",
    r#"region="cn-shanghai""#,
    r#"image={"repository":"registry.example.com/migrate","digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
    r#"imagePullSecrets=[{"name":"registry"}]"#,
    r#"serviceAccount.annotations={"pod-identity.alibabacloud.com/role-name":"backup"}"#,
    r#"resources={"limits":{"memory":"512Mi"}}"#,
    r#"extraArgs=["--log","text"]"#,
    r#"extraEnv=[{"name":"HTTPS_PROXY","value":"http://proxy.example"}]"#,
    r#"podLabels={"team":"a"}"#,
    r#"podAnnotations={"a":"b"}"#,
    r#"nodeSelector={"disk":"fast"}"#,
    r#"tolerations=[{"operator":"Exists"}]"#,
    r#"affinity={"nodeAffinity":{}}"#,
    r#"topologySpreadConstraints=[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]"#,
    r#"priorityClassName="system-cluster-critical""#,
    "podDisruptionBudget.enabled=true",
    "terminationGracePeriodSeconds=10",
];

#[test]
fn every_value_reaches_the_pods() {
    let Some(helm) = helm() else { return };
    let objects = rendered(&helm, &ALL);
    let find = |kind: &str| objects.iter().find(|it| it["kind"] == kind).unwrap();
    let deployment = find("Deployment");
    assert_eq!(deployment["spec"]["replicas"], 2);
    let (metadata, pod) = (
        &deployment["spec"]["template"]["metadata"],
        &deployment["spec"]["template"]["spec"],
    );
    let container = &pod["containers"][0];
    assert!(
        container["image"]
            .as_str()
            .unwrap()
            .starts_with("registry.example.com/migrate@sha256:aaaa")
    );
    assert_eq!(
        metadata["labels"],
        json!({"app": "migrate-controller", "team": "a"})
    );
    assert_eq!(metadata["annotations"], json!({"a": "b"}));
    let args = container["args"].as_array().unwrap();
    assert_eq!(args[args.len() - 2..], [json!("--log"), json!("text")]);
    let variables = container["env"].as_array().unwrap();
    for variable in [
        json!({"name": "REGION_ID", "value": "cn-shanghai"}),
        json!({"name": "HTTPS_PROXY", "value": "http://proxy.example"}),
    ] {
        assert!(variables.contains(&variable), "{variables:?}");
    }
    assert_eq!(container["resources"]["limits"]["memory"], "512Mi");
    for (field, value) in [
        ("imagePullSecrets", json!([{"name": "registry"}])),
        ("nodeSelector", json!({"disk": "fast"})),
        ("tolerations", json!([{"operator": "Exists"}])),
        ("affinity", json!({"nodeAffinity": {}})),
        ("priorityClassName", json!("system-cluster-critical")),
        ("terminationGracePeriodSeconds", json!(10)),
    ] {
        assert_eq!(pod[field], value, "{field}");
    }
    assert_eq!(pod["topologySpreadConstraints"][0]["maxSkew"], 1);
    assert_eq!(
        find("ServiceAccount")["metadata"]["annotations"]["pod-identity.alibabacloud.com/role-name"],
        "backup"
    );
    find("PodDisruptionBudget");
    let monitored = rendered(&helm, &["podMonitor.enabled=true"]);
    let monitor = monitored
        .iter()
        .find(|it| it["kind"] == "PodMonitor")
        .unwrap();
    assert_eq!(monitor["spec"]["podMetricsEndpoints"][0]["port"], "metrics");
}

#[test]
fn values_that_are_mistyped_are_refused_and_all_are_explained() {
    let Some(helm) = helm() else { return };
    for wrong in [
        "replica=2",
        "rights.restores=true",
        "replicas=\"two\"",
        "region=\"Hangzhou\"",
        "image.digest=\"latest\"",
        "podMonitor.interval=\"often\"",
    ] {
        let (fine, _, errors) = run(
            &helm,
            &[
                "template",
                "deploy/chart",
                "--kube-version",
                "1.36.0",
                "--set-json",
                wrong,
            ],
        );
        assert!(
            !fine && errors.contains("values don't meet the specifications"),
            "{wrong}: {errors}"
        );
    }
    // A comment above each value, or above the group it is in.
    let values = std::fs::read_to_string(repository().join("deploy/chart/values.yaml")).unwrap();
    let mut commented = false;
    for line in values.lines() {
        match line.trim_start() {
            text if text.starts_with('#') => commented = true,
            "" => commented = false,
            _ if line.ends_with(": {}") || line.ends_with(':') || commented => {}
            text => panic!("`{text}` is not explained"),
        }
    }
}

#[tokio::test]
async fn a_real_server_takes_all_of_it() {
    let (Some(helm), Some(plane)) = (helm(), plane()) else {
        return;
    };
    let client = plane.client();
    for values in [&[][..], &ALL[..]] {
        for object in rendered(&helm, values) {
            let path = format!(
                "{}?dryRun=All&fieldManager=helm&force=true&fieldValidation=Strict",
                path_of(&object)
            );
            let request = http::Request::patch(path)
                .header("content-type", "application/apply-patch+yaml")
                .body(object.to_string().into_bytes())
                .unwrap();
            let kept = client.request::<Value>(request).await;
            let kept = kept.unwrap_or_else(|error| panic!("{object}: {error}"));
            assert_eq!(kept["metadata"]["name"], object["metadata"]["name"]);
        }
    }
}

fn path_of(object: &Value) -> String {
    let (group, plural) = match object["kind"].as_str().unwrap() {
        "Namespace" => ("api/v1", "namespaces"),
        "ServiceAccount" => ("api/v1", "serviceaccounts"),
        "Deployment" => ("apis/apps/v1", "deployments"),
        "PodDisruptionBudget" => ("apis/policy/v1", "poddisruptionbudgets"),
        "CustomResourceDefinition" => ("apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
        "ClusterRole" => ("apis/rbac.authorization.k8s.io/v1", "clusterroles"),
        "ClusterRoleBinding" => ("apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
        "Role" => ("apis/rbac.authorization.k8s.io/v1", "roles"),
        "RoleBinding" => ("apis/rbac.authorization.k8s.io/v1", "rolebindings"),
        other => panic!("{other}"),
    };
    let name = object["metadata"]["name"].as_str().unwrap();
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/{group}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("/{group}/{plural}/{name}"),
    }
}
