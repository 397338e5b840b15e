//! The commands that people type, by the real kubectl where there is one. It sends what it creates as protobuf.

use std::process::{Command, Output};

use kube_local::KubeLocal;
use serde_json::Value;

/// What is created, and where something of it must have come across.
const CREATED: [(&str, &str, &str, &str); 20] = [
    (
        "create namespace team",
        "namespace/team",
        "/metadata/name",
        "\"team\"",
    ),
    (
        "create configmap c --from-literal=a=b",
        "configmap/c",
        "/data/a",
        "\"b\"",
    ),
    (
        "create secret generic s --from-literal=a=b",
        "secret/s",
        "/data/a",
        "\"Yg==\"",
    ),
    (
        "create serviceaccount sa",
        "serviceaccount/sa",
        "/metadata/name",
        "\"sa\"",
    ),
    (
        "create deployment d --image=x --replicas=3 --port=8080",
        "deployment/d",
        "/spec/template/spec/containers/0/ports/0/containerPort",
        "8080",
    ),
    (
        "create service clusterip web --tcp=80:8080",
        "service/web",
        "/spec/ports/0/targetPort",
        "8080",
    ),
    (
        "create service nodeport named --tcp=80:8081",
        "service/named",
        "/spec/type",
        "\"NodePort\"",
    ),
    (
        "create job j --image=x -- sleep 1",
        "job/j",
        "/spec/template/spec/containers/0/command/1",
        "\"1\"",
    ),
    (
        "create cronjob cj --image=x --schedule=@daily",
        "cronjob/cj",
        "/spec/schedule",
        "\"@daily\"",
    ),
    (
        "create role r --verb=get,list --resource=pods",
        "role/r",
        "/rules/0/verbs/1",
        "\"list\"",
    ),
    (
        "create rolebinding rb --role=r --serviceaccount=default:sa",
        "rolebinding/rb",
        "/subjects/0/name",
        "\"sa\"",
    ),
    (
        "create clusterrole cr --verb=get --resource=nodes",
        "clusterrole/cr",
        "/rules/0/resources/0",
        "\"nodes\"",
    ),
    (
        "create clusterrolebinding crb --clusterrole=cr --user=jane",
        "clusterrolebinding/crb",
        "/subjects/0/name",
        "\"jane\"",
    ),
    (
        "create quota q --hard=pods=3,requests.cpu=500m",
        "resourcequota/q",
        "/spec/hard/requests.cpu",
        "\"500m\"",
    ),
    (
        "create ingress i --rule=shop.example.com/*=web:80",
        "ingress/i",
        "/spec/rules/0/host",
        "\"shop.example.com\"",
    ),
    (
        "create priorityclass p --value=7",
        "priorityclass/p",
        "/value",
        "7",
    ),
    (
        "create pdb b --selector=app=d --min-available=50%",
        "pdb/b",
        "/spec/minAvailable",
        "\"50%\"",
    ),
    (
        "run pod --image=x --env=A=B",
        "pod/pod",
        "/spec/containers/0/env/0/value",
        "\"B\"",
    ),
    (
        "expose deployment d --port=80 --name=exposed",
        "service/exposed",
        "/spec/selector/app",
        "\"d\"",
    ),
    (
        "autoscale deployment d --min=1 --max=3",
        "hpa/d",
        "/spec/maxReplicas",
        "3",
    ),
];

/// What else is done to it.
const DONE: [&str; 8] = [
    "get all",
    "get configmaps,secrets,ingresses -o yaml",
    "label configmap c x=y",
    "scale deployment d --replicas=2",
    "set image deployment/d x=y",
    "auth can-i get pods",
    "describe configmap c",
    "delete deployment,configmap --all",
];

fn kubectl(cluster: &KubeLocal, arguments: &str) -> Output {
    Command::new("kubectl")
        .args(["--server", &cluster.url()])
        .args(arguments.split(' '))
        .env("HOME", std::env::temp_dir())
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

fn done(cluster: &KubeLocal, arguments: &str) -> String {
    let output = kubectl(cluster, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {arguments}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_type_works() {
    if Command::new("kubectl")
        .args(["version", "--client"])
        .output()
        .is_err()
    {
        eprintln!("skipped: there is no kubectl");
        return;
    }
    let cluster = KubeLocal::start().await.unwrap();
    for (arguments, what, pointer, expected) in CREATED {
        done(&cluster, arguments);
        let found = done(&cluster, &format!("get {what} -o json"));
        let found: Value = serde_json::from_str(&found).unwrap();
        let value = found.pointer(pointer).map(ToString::to_string);
        assert_eq!(value.as_deref(), Some(expected), "{arguments}: {found:#}");
    }
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("applied.yaml");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: b}\n";
    std::fs::write(&manifest, text).unwrap();
    let file = manifest.display().to_string();
    let applied = [
        format!("apply -f {file}"),
        format!("apply --server-side --force-conflicts -f {file}"),
        format!("replace -f {file}"),
        format!("delete -f {file}"),
        format!("create -f {file}"),
    ];
    for arguments in applied.iter().map(String::as_str).chain(DONE) {
        done(&cluster, arguments);
    }
}
