//! What tests in this program do with a client of kube-rs.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PostParams};
use kube::{Client, Config};
use kube_local::KubeLocal;
use serde_json::json;

pub(crate) fn client(cluster: &KubeLocal) -> Client {
    Client::try_from(Config::new(cluster.url().parse().unwrap())).unwrap()
}

pub(crate) fn object<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(crate) async fn namespace(client: &Client, name: &str) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let new = object(json!({"metadata": {"name": name}}));
    namespaces
        .create(&PostParams::default(), &new)
        .await
        .unwrap();
}

pub(crate) fn code(error: kube::Error) -> (u16, String) {
    match error {
        kube::Error::Api(status) => (status.code, status.reason),
        other => panic!("not an API error: {other}"),
    }
}
