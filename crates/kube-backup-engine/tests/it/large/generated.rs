//! A cluster of any size that exists only as its responses: discovery and lists, made up as they are asked for.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{Method, Request, Response};
use kube::client::Body;
use serde_json::json;

/// Objects of one kind, in the order of their namespaces and names.
struct Kind {
    group: &'static str,
    plural: &'static str,
    kind: &'static str,
    count: usize,
    /// Whether one more of it lies in namespace `tiny`.
    tiny: bool,
}

const fn kind(
    group: &'static str,
    plural: &'static str,
    kind: &'static str,
    percent: usize,
    tiny: bool,
) -> Kind {
    Kind {
        group,
        plural,
        kind,
        count: percent,
        tiny,
    }
}

/// Shares of a hundred; of `carts` there are three whatever the size.
const KINDS: [Kind; 9] = [
    kind("", "configmaps", "ConfigMap", 15, true),
    kind("", "pods", "Pod", 38, true),
    kind("", "secrets", "Secret", 10, false),
    kind("", "serviceaccounts", "ServiceAccount", 6, false),
    kind("", "services", "Service", 6, true),
    kind("apps", "deployments", "Deployment", 8, false),
    kind("apps", "replicasets", "ReplicaSet", 10, false),
    kind("coordination.k8s.io", "leases", "Lease", 7, false),
    kind("example.com", "carts", "Cart", 0, false),
];
const NAMESPACES: usize = 50;

/// A cluster of about `size` objects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generated {
    pub(crate) size: usize,
}

impl Generated {
    pub(crate) fn client(self) -> kube::Client {
        let cluster = Arc::new(self);
        let service = tower::service_fn(move |request: Request<Body>| {
            let cluster = Arc::clone(&cluster);
            async move {
                let response = Response::builder().header("content-type", "application/json");
                // What is created is taken and not kept.
                let response = if request.method() == Method::GET {
                    let query = request.uri().query().unwrap_or("");
                    let response_body = cluster.respond(request.uri().path(), query);
                    response.body(Body::from(response_body.into_bytes()))
                } else {
                    response.status(201).body(request.into_body())
                };
                response.map_err(tower::BoxError::from)
            }
        });
        kube::Client::new(service, "default")
    }

    fn respond(&self, path: &str, query: &str) -> String {
        let resource = |kind: &Kind| {
            json!({"name": kind.plural, "kind": kind.kind, "namespaced": true, "singularName": "",
                "verbs": ["list", "create", "get", "delete"]})
        };
        let of = |group: &str| -> Vec<_> {
            KINDS
                .iter()
                .filter(|kind| kind.group == group)
                .map(resource)
                .collect()
        };
        match path {
            "/api" => json!({"versions": ["v1"]}).to_string(),
            "/api/v1" => {
                let mut resources = of("");
                resources.push(
                    json!({"name": "namespaces", "kind": "Namespace", "namespaced": false,
                    "singularName": "", "verbs": ["list", "create", "get", "delete"]}),
                );
                json!({ "resources": resources }).to_string()
            }
            "/apis" => {
                let groups: Vec<_> = ["apps", "coordination.k8s.io", "example.com"]
                    .map(|group| {
                        let version = json!({"groupVersion": format!("{group}/v1")});
                        json!({"name": group, "versions": [version], "preferredVersion": version})
                    })
                    .into();
                json!({ "groups": groups }).to_string()
            }
            "/api/v1/namespaces" => self.namespaces(),
            _ if path.starts_with("/api/v1/namespaces/") => {
                json!({"metadata": {"name": "any"}, "status": {"phase": "Active"}}).to_string()
            }
            _ => {
                let (folder, plural) = path.rsplit_once('/').unwrap();
                let group = folder
                    .strip_prefix("/apis/")
                    .and_then(|group| group.strip_suffix("/v1"))
                    .unwrap_or("");
                match KINDS
                    .iter()
                    .find(|kind| kind.group == group && kind.plural == plural)
                {
                    Some(kind) => self.list(kind, query),
                    None if path.starts_with("/apis/") => {
                        json!({"resources": of(plural_group(path))}).to_string()
                    }
                    None => "{}".to_owned(),
                }
            }
        }
    }

    fn namespaces(&self) -> String {
        let names = (0..NAMESPACES)
            .map(|n| format!("ns-{n:02}"))
            .chain(["tiny".to_owned()]);
        let items: Vec<_> = names
            .map(|name| json!({"metadata": {"name": name, "uid": name}, "status": {"phase": "Active"}}))
            .collect();
        json!({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"},
            "items": items})
        .to_string()
    }

    fn list(&self, kind: &Kind, query: &str) -> String {
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let own = match kind.count {
            0 => 3,
            percent => self.size * percent / 100,
        };
        let total = own + usize::from(kind.tiny);
        let start = parameter("continue").unwrap_or(0);
        let end = (start + parameter("limit").unwrap_or(500)).min(total);
        let next = if end < total {
            end.to_string()
        } else {
            String::new()
        };
        let version = match kind.group {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        };
        let mut text = format!(
            r#"{{"kind":"{}List","apiVersion":"{version}","metadata":{{"resourceVersion":"7","continue":"{next}"}},"items":["#,
            kind.kind
        );
        for number in start..end {
            if number > start {
                text.push(',');
            }
            let namespace = match number < own {
                true => format!("ns-{:02}", number * NAMESPACES / own),
                false => "tiny".to_owned(),
            };
            object(kind, number, &namespace, &mut text);
        }
        text.push_str("]}");
        text
    }
}

fn plural_group(path: &str) -> &str {
    path.strip_prefix("/apis/")
        .and_then(|group| group.strip_suffix("/v1"))
        .unwrap_or("")
}

/// About what an API server prints: much the same text every time, and a hundred bytes that are not.
fn object(kind: &Kind, number: usize, namespace: &str, text: &mut String) {
    let seed = number as u64 ^ (kind.plural.len() as u64) << 40 ^ (kind.count as u64) << 50;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut hex =
        |digits: usize| -> String { (0..digits).map(|_| random.alphanumeric()).collect() };
    let name = format!("{}-{number:06}-{}", kind.plural, hex(5).to_lowercase());
    let app = format!("app-{}", number % 40);
    let _ = write!(
        text,
        r#"{{"metadata":{{"name":"{name}","namespace":"{namespace}","uid":"{}","resourceVersion":"{}","creationTimestamp":"2026-11-23T06:{:02}:{:02}Z","labels":{{"app.kubernetes.io/name":"{app}","app.kubernetes.io/managed-by":"Helm","pod-template-hash":"{}"}},"annotations":{{"meta.helm.sh/release-name":"{app}","checksum/config":"{}"}},"managedFields":[{{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-23T06:{:02}:07Z","fieldsType":"FieldsV1","fieldsV1":{{"f:metadata":{{"f:labels":{{".":{{}},"f:app.kubernetes.io/name":{{}},"f:app.kubernetes.io/managed-by":{{}},"f:pod-template-hash":{{}}}}}},"f:spec":{{"f:containers":{{"k:{{\"name\":\"server\"}}":{{".":{{}},"f:image":{{}},"f:imagePullPolicy":{{}},"f:name":{{}},"f:resources":{{}}}}}},"f:dnsPolicy":{{}},"f:enableServiceLinks":{{}},"f:restartPolicy":{{}},"f:schedulerName":{{}},"f:securityContext":{{}},"f:terminationGracePeriodSeconds":{{}}}}}}}}]}}"#,
        hex(32),
        100_000 + number,
        number % 60,
        number / 60 % 60,
        hex(9),
        hex(24),
        number % 60,
    );
    match kind.kind {
        "Secret" => {
            let _ = write!(
                text,
                r#","type":"Opaque","data":{{"password":"{}"}}}}"#,
                hex(120)
            );
        }
        "ConfigMap" => {
            let _ = write!(
                text,
                r#","data":{{"settings.properties":"colour=red\nmode={}\nurl=http://{}\n"}}}}"#,
                hex(12),
                hex(40)
            );
        }
        "Pod" | "Deployment" | "ReplicaSet" => {
            let _ = write!(
                text,
                r#","spec":{{"volumes":[{{"name":"kube-api-access-{0}","projected":{{"sources":[{{"serviceAccountToken":{{"expirationSeconds":3607,"path":"token"}}}},{{"configMap":{{"name":"kube-root-ca.crt","items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}}],"defaultMode":420}}}}],"containers":[{{"name":"server","image":"registry.example.com/shop/{app}@sha256:{1}","ports":[{{"containerPort":8080,"protocol":"TCP"}}],"resources":{{"limits":{{"cpu":"200m","memory":"128Mi"}},"requests":{{"cpu":"100m","memory":"64Mi"}}}},"livenessProbe":{{"grpc":{{"port":8080,"service":""}},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{{"capabilities":{{"drop":["ALL"]}},"privileged":false,"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false}}}}],"restartPolicy":"Always","terminationGracePeriodSeconds":5,"dnsPolicy":"ClusterFirst","schedulerName":"default-scheduler"}},"status":{{"phase":"Running","podIP":"10.{2}.{3}.{4}"}}}}"#,
                hex(5),
                hex(64),
                number % 200,
                number / 200 % 250,
                number % 250,
            );
        }
        _ => text.push_str(r#","spec":{"ports":[{"name":"http","port":80,"targetPort":8080}]}}"#),
    }
}
