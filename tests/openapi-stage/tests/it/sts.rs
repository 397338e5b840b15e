//! Every parameter is sent under its name, every documented field is read, and no other is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use alibaba_core::sts::{
    AssumeRole, AssumeRoleWithOidc, AssumeRoleWithSaml, Client, FederatedClient,
};
use alibaba_core::{Error, Secret};
use openapi_stage::{Reading, Stage, credentials, sample};
use serde::Deserialize;
use serde_json::{Value, json};

const ROLE: &str = "acs:ram::1000000000000000:role/backup";

/// Extracted from the official Python SDK, whose version `source` names.
#[derive(Deserialize)]
struct Facts {
    source: String,
    version: String,
    actions: BTreeMap<String, Action>,
}

#[derive(Deserialize)]
struct Action {
    required: Vec<String>,
    optional: Vec<String>,
    response: Value,
}

fn facts() -> Facts {
    serde_json::from_str(include_str!("sts.json")).unwrap()
}

/// A value for the member of this name, and how `Debug` shows it once it is read.
fn leaf(name: &str, _: &str, n: u32) -> (Value, String) {
    match name {
        "AccessKeySecret" | "SecurityToken" => {
            (json!(format!("text{n}")), "Secret(***)".to_owned())
        }
        "Expiration" | "ExpirationTime" | "IssuanceTime" => {
            let time = format!("2026-01-15T08:30:{n:02}Z");
            (json!(time), time)
        }
        _ => (json!(format!("text{n}")), format!("\"text{n}\"")),
    }
}

/// The response's `Debug`.
async fn shown<T: Debug>(call: impl Future<Output = Result<T, Error>>) -> String {
    format!("{:?}", call.await.unwrap())
}

/// Calls an action with all of its parameters.
async fn call(stage: &Stage, action: &str) -> String {
    let sts = Client::new(&stage.context(), None, credentials()).unwrap();
    let federated = FederatedClient::new(&stage.context(), None).unwrap();
    let proof = Secret::new("proof");
    let policy = || "{}".to_owned();
    match action {
        "GetCallerIdentity" => shown(sts.caller_identity()).await,
        "AssumeRole" => {
            let request = AssumeRole::new(ROLE, "nightly")
                .duration_seconds(900)
                .policy(policy())
                .external_id("tenant-7")
                .source_identity("alice");
            shown(sts.assume_role(&request)).await
        }
        "AssumeRoleWithOIDC" => {
            let request = AssumeRoleWithOidc::new(ROLE, "nightly", "acs:ram::1:oidc-provider/p")
                .duration_seconds(900)
                .policy(policy());
            shown(federated.assume_role_with_oidc(&request, &proof)).await
        }
        "AssumeRoleWithSAML" => {
            let request = AssumeRoleWithSaml::new(ROLE, "acs:ram::1:saml-provider/p")
                .duration_seconds(900)
                .policy(policy());
            shown(federated.assume_role_with_saml(&request, &proof)).await
        }
        other => panic!("{other} is no action of the client"),
    }
}

#[tokio::test]
async fn every_parameter_is_sent_every_field_is_read_and_no_other_is_there() {
    let facts = facts();
    assert_eq!(
        (facts.source.as_str(), facts.version.as_str()),
        ("alibabacloud-sts20150401==1.2.0", "2015-04-01")
    );
    assert_eq!(facts.actions.len(), 4);
    let mut reading = Reading::default();
    for (action, facts) in &facts.actions {
        let (body, expected) = sample(&facts.response, leaf);
        let stage = Stage::responding(body.to_string());
        reading.note(action, &call(&stage, action).await, &expected);
        // In the form, where policies, tokens and assertions stay out of logs.
        let sent: BTreeSet<_> = stage.last().form().into_keys().collect();
        let parameters = facts.required.iter().chain(&facts.optional).cloned();
        assert_eq!(sent, parameters.collect(), "{action}");
    }
    assert_eq!(reading.never_filled(), BTreeSet::new());
}
