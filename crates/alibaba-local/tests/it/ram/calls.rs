//! Calls of RAM, and what they are about.

use alibaba_sign::Credentials;
use serde_json::{Value, json};

use crate::raw::Raw;
use crate::raw::openapi::ApiCall;

pub(super) const RAM: &str = "2015-05-01";
pub(super) const STS: &str = "2015-04-01";
pub(super) const ROTATES: &str = "DeleteOldestNonDefaultVersionWhenLimitExceeded";

/// An action with its parameters.
pub(super) fn call<'r>(raw: &'r Raw, action: &str, parameters: &[(&str, &str)]) -> ApiCall<'r> {
    let call = raw.api(RAM, action);
    parameters
        .iter()
        .fold(call, |call, (name, value)| call.query(name, value))
}

/// A policy that allows an action on all objects of the bucket.
pub(super) fn allows(action: &str) -> String {
    json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "acs:oss:*:*:backups/*"}
    ]})
    .to_string()
}

pub(super) const TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::1000000000000000:root"}}]}"#;

pub(super) const BACKUP: (&str, &str) = ("PolicyName", "backup");
pub(super) const CUSTOM: (&str, &str) = ("PolicyType", "Custom");
pub(super) const SYSTEM: (&str, &str) = ("PolicyType", "System");
pub(super) const ALICE: (&str, &str) = ("UserName", "alice");
pub(super) const ROLE: (&str, &str) = ("RoleName", "nightly");

/// A session of the role.
pub(super) fn assume<'r>(raw: &'r Raw, role: &str) -> ApiCall<'r> {
    raw.api(STS, "AssumeRole")
        .query("RoleArn", role)
        .query("RoleSessionName", "s1")
}

/// What attaches one of the account's policies to the user.
pub(super) fn attach(policy: &str) -> [(&'static str, &str); 3] {
    [ALICE, ("PolicyName", policy), CUSTOM]
}

pub(super) async fn create_policy(raw: &Raw, name: &str, document: &str) -> Value {
    let parameters = [("PolicyName", name), ("PolicyDocument", document)];
    call(raw, "CreatePolicy", &parameters).ok().await
}

/// A key of a user.
pub(super) async fn create_key(raw: &Raw, user: (&str, &str)) -> (String, Credentials) {
    let result = call(raw, "CreateAccessKey", &[user]).ok().await;
    let text = |name: &str| result["AccessKey"][name].as_str().unwrap().to_owned();
    assert_eq!(result["AccessKey"]["Status"], "Active");
    let id = text("AccessKeyId");
    (id.clone(), Credentials::new(id, text("AccessKeySecret")))
}

/// The names in a listing.
pub(super) fn names(result: &Value, list: &str, item: &str) -> Vec<String> {
    let items = result[list][item].as_array().unwrap().iter();
    items
        .map(|it| it[format!("{item}Name")].as_str().unwrap().to_owned())
        .collect()
}
