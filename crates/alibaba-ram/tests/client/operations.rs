//! Every operation with some value for each of its parameters, and the facts they are held to.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use alibaba_core::Error;
use alibaba_ram::client::{AccessKeyStatus, Client, PolicyType, RotateStrategy, Tag, operations};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use crate::stage::{Clients as _, Stage};

/// Extracted from the official Python SDK, whose version `source` names.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub(crate) source: String,
    pub(crate) version: String,
    pub(crate) actions: BTreeMap<String, Action>,
}

#[derive(Deserialize)]
pub(crate) struct Action {
    required: Vec<String>,
    optional: Vec<String>,
    pub(crate) response: Value,
}

pub(crate) fn facts() -> Facts {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

pub(crate) type Sending<'a> = BoxFuture<'a, Result<String, Error>>;

/// The response's `Debug`.
async fn shown<T: Debug>(call: impl Future<Output = Result<T, Error>>) -> Result<String, Error> {
    call.await.map(|response| format!("{response:?}"))
}

/// Every operation with all of its parameters, by action.
pub(crate) fn every_call(ram: &Client) -> Vec<(&'static str, Sending<'_>)> {
    const TEXT: &str = r#"{"Version":"1","Statement":[]}"#;
    let tags = || [Tag::new("k", "v")];
    let (custom, hour) = (PolicyType::Custom, Duration::from_secs(3600));
    macro_rules! calls {
        ($($action:literal: $call:expr;)*) => {
            vec![$(($action, shown($call.send()).boxed())),*]
        };
    }
    calls! {
        "CreateUser": ram.create_user("u").display_name("d").comments("c").email("e@x").mobile_phone("86-1");
        "GetUser": ram.get_user("u");
        "UpdateUser": ram.update_user("u").new_user_name("n").new_display_name("d").new_comments("c")
            .new_email("e@x").new_mobile_phone("86-1");
        "DeleteUser": ram.delete_user("u");
        "ListUsers": ram.list_users().marker("m").max_items(10_u32);
        "CreatePolicy": ram.create_policy("p", TEXT).description("d").tags(tags());
        "GetPolicy": ram.get_policy("p", custom.clone());
        "DeletePolicy": ram.delete_policy("p").cascading_delete(true);
        "ListPolicies": ram.list_policies().policy_type(custom.clone()).tags(tags()).marker("m").max_items(10_u32);
        "CreatePolicyVersion": ram.create_policy_version("p", TEXT).set_as_default(true)
            .rotate_strategy(RotateStrategy::DeleteOldestNonDefaultVersion);
        "GetPolicyVersion": ram.get_policy_version("p", custom.clone(), "v1");
        "DeletePolicyVersion": ram.delete_policy_version("p", "v1");
        "ListPolicyVersions": ram.list_policy_versions("p", custom.clone());
        "SetDefaultPolicyVersion": ram.set_default_policy_version("p", "v1");
        "AttachPolicyToUser": ram.attach_policy_to_user("p", custom.clone(), "u").resource_group_id("rg-1");
        "DetachPolicyFromUser": ram.detach_policy_from_user("p", custom.clone(), "u").resource_group_id("rg-1");
        "ListPoliciesForUser": ram.list_policies_for_user("u");
        "ListEntitiesForPolicy": ram.list_entities_for_policy("p", custom.clone());
        "CreateAccessKey": ram.create_access_key().user_name("u");
        "DeleteAccessKey": ram.delete_access_key("k").user_name("u");
        "ListAccessKeys": ram.list_access_keys().user_name("u");
        "UpdateAccessKey": ram.update_access_key("k", AccessKeyStatus::Active).user_name("u");
        "GetAccessKeyLastUsed": ram.get_access_key_last_used("k").user_name("u");
        "CreateRole": ram.create_role("r", TEXT).description("d").max_session_duration(hour)
            .allow_console_login(true).tags(tags());
        "GetRole": ram.get_role("r");
        "UpdateRole": ram.update_role("r").new_description("d").new_max_session_duration(hour)
            .new_allow_console_login(true).new_assume_role_policy_document(TEXT);
        "DeleteRole": ram.delete_role("r");
        "ListRoles": ram.list_roles().marker("m").max_items(10_u32).tags(tags());
        "AttachPolicyToRole": ram.attach_policy_to_role("p", custom.clone(), "r").resource_group_id("rg-1");
        "DetachPolicyFromRole": ram.detach_policy_from_role("p", custom.clone(), "r").resource_group_id("rg-1");
        "ListPoliciesForRole": ram.list_policies_for_role("r");
    }
}

#[test]
fn the_operations_are_those_of_the_official_sdk() {
    let facts = facts();
    assert_eq!(
        (facts.source.as_str(), facts.version.as_str()),
        ("alibabacloud-ram20150501==1.3.0", "2015-05-01")
    );
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    let mut ours = BTreeMap::new();
    for operation in operations() {
        let parameters = (sorted(operation.required), sorted(operation.optional));
        assert!(operation.supplied.is_empty());
        assert!(
            ours.insert(operation.action.to_owned(), parameters)
                .is_none()
        );
    }
    let theirs: BTreeMap<_, _> = facts
        .actions
        .into_iter()
        .map(|(name, action)| (name, (action.required, action.optional)))
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 31);
}

#[test]
fn each_operation_needs_a_right_that_the_table_of_actions_knows() {
    for operation in operations() {
        let right = format!("ram:{}", operation.action);
        assert!(alibaba_ram::known_action(&right).is_some(), "{right}");
    }
}

#[tokio::test]
async fn every_parameter_is_sent_under_its_name() {
    let stage = Stage::responding("{}");
    let ram = stage.client();
    for (action, call) in every_call(&ram) {
        // What comes back is not what was asked for; what was sent is what counts here.
        let _ = call.await;
        let sent = stage.last();
        let operation = operations()
            .find(|operation| operation.action == action)
            .unwrap();
        let mut names: Vec<&str> = operation
            .required
            .iter()
            .chain(operation.optional)
            .copied()
            .collect();
        names.sort_unstable();
        assert_eq!(
            sent.query.keys().map(String::as_str).collect::<Vec<_>>(),
            names,
            "{action}"
        );
        assert_eq!(sent.headers["x-acs-action"], action);
        assert!(sent.body.is_empty(), "{action}");
    }
}
