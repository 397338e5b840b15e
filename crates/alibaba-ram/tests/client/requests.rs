//! Requests, as the official SDK sends them.

use std::collections::BTreeMap;
use std::time::Duration;

use alibaba_core::openapi::SignatureScheme;
use alibaba_ram::client::{AccessKeyStatus, Client, PolicyType, Tag};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use crate::stage::{Clients as _, Stage};

#[derive(Deserialize)]
struct Recorded {
    name: String,
    v3: Wire,
    v2: Wire,
}

#[derive(Deserialize)]
struct Wire {
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

/// The call that a recorded request is of.
fn call<'a>(ram: &'a Client, name: &str) -> BoxFuture<'a, ()> {
    const POLICY: &str = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["ecs:DescribeSnapshots", "hbr:DescribeVaults"], "Resource": "*"}]}"#;
    const TRUST: &str = r#"{"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["cs.aliyuncs.com"]}}]}"#;
    let (user, key, policy) = ("csdr-demo", "FAKE-USER-ACCESS-KEY-ID", "csdr-policy");
    macro_rules! sent {
        ($call:expr) => {
            $call.send().map(|_| ()).boxed()
        };
    }
    match name.strip_prefix("ram-").unwrap() {
        "create-user" => sent!(
            ram.create_user(user)
                .display_name("csdr demo")
                .comments("ack-backup")
        ),
        "get-user" => sent!(ram.get_user(user)),
        "delete-user" => sent!(ram.delete_user(user)),
        "list-users" => sent!(ram.list_users().marker("EXAMPLE").max_items(100_u32)),
        "create-policy" => {
            let call = ram.create_policy(policy, POLICY).description("demo policy");
            sent!(call.tags([Tag::new("owner", "csdr")]))
        }
        "get-policy" => sent!(ram.get_policy(policy, PolicyType::Custom)),
        "delete-policy-cascade" => sent!(ram.delete_policy(policy).cascading_delete(true)),
        "list-policy-versions" => sent!(ram.list_policy_versions(policy, PolicyType::Custom)),
        "delete-policy-version" => sent!(ram.delete_policy_version(policy, "v2")),
        "set-default-policy-version" => sent!(ram.set_default_policy_version(policy, "v3")),
        "attach-policy-to-user" => {
            sent!(ram.attach_policy_to_user(policy, PolicyType::Custom, user))
        }
        "detach-policy-from-user" => {
            sent!(ram.detach_policy_from_user(policy, PolicyType::Custom, user))
        }
        "list-policies-for-user" => sent!(ram.list_policies_for_user(user)),
        "create-access-key" => sent!(ram.create_access_key().user_name(user)),
        "update-access-key" => {
            sent!(
                ram.update_access_key(key, AccessKeyStatus::Inactive)
                    .user_name(user)
            )
        }
        "delete-access-key" => sent!(ram.delete_access_key(key).user_name(user)),
        "list-access-keys" => sent!(ram.list_access_keys().user_name(user)),
        "create-role" => {
            let call = ram.create_role("csdr-role", TRUST);
            sent!(call.max_session_duration(Duration::from_secs(3600)))
        }
        "attach-policy-to-role" => sent!(ram.attach_policy_to_role(
            "AliyunOSSReadOnlyAccess",
            PolicyType::System,
            "csdr-role"
        )),
        other => panic!("{other}"),
    }
}

/// Booleans are compared without case and JSON as what it means: the SDKs differ in both.
fn normal(name: &str, value: &str) -> Value {
    match value {
        "True" | "False" => Value::from(value.to_lowercase()),
        text if name == "Tag" => serde_json::from_str(text).unwrap(),
        text => Value::from(text),
    }
}

#[tokio::test]
async fn recorded_requests_come_out_exactly() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("wire.json")).unwrap();
    assert_eq!(recorded.len(), 19);
    for Recorded { name, v3, v2 } in recorded {
        for (scheme, expected) in [(SignatureScheme::Acs3, v3), (SignatureScheme::RpcV1, v2)] {
            let stage = Stage::responding("{}");
            call(&stage.client_signing(scheme), &name).await;
            let sent = stage.last();
            let place = (sent.method.as_str(), sent.host.as_str(), sent.path.as_str());
            assert_eq!(place, ("POST", "ram.aliyuncs.com", "/"), "{name}");
            assert!(sent.body.is_empty());

            let fresh = ["Signature", "SignatureNonce", "Timestamp"];
            let query = |query: &BTreeMap<String, String>| -> BTreeMap<String, Value> {
                query
                    .iter()
                    .filter(|(name, _)| !fresh.contains(&name.as_str()))
                    .map(|(name, value)| (name.clone(), normal(name, value)))
                    .collect()
            };
            assert_eq!(
                query(&sent.query),
                query(&expected.query),
                "{name} {scheme:?}"
            );
            if scheme == SignatureScheme::RpcV1 {
                assert!(fresh.iter().all(|name| sent.query.contains_key(*name)));
            } else {
                let signature = &sent.headers["authorization"];
                let credential = "ACS3-HMAC-SHA256 Credential=FAKE-ACCESS-KEY-ID,SignedHeaders=";
                assert!(signature.starts_with(credential), "{signature}");
            }
            for (header, value) in &expected.headers {
                assert_eq!(sent.headers.get(header), Some(value), "{name} {header}");
            }
        }
    }
}

#[tokio::test]
async fn a_built_document_is_sent_on_one_line() {
    let stage = Stage::responding("{}");
    let document = alibaba_ram::ack::backup_center_in(["mybackups"]);
    let call = stage.client().create_policy("backup", &document);
    let _ = call.send().await;
    assert_eq!(stage.last().query["PolicyDocument"], document.to_string());
}

#[tokio::test]
async fn ram_is_one_for_all_regions() {
    let stage = Stage::responding("{}");
    let _ = stage.client().get_user("u").send().await;
    assert_eq!(stage.last().headers["x-acs-version"], "2015-05-01");
    assert_eq!(stage.last().headers["host"], "ram.aliyuncs.com");
}

#[test]
fn the_program_of_the_readme_is_the_example() {
    let example = include_str!("../../examples/grant.rs");
    let program = &example[example.find("use alibaba_core").unwrap()..];
    assert!(include_str!("../../README.md").contains(program));
}
