//! Who may change who may do what.

use alibaba_local::{PolicyDocument, Statement, User};
use alibaba_ram::{KNOWN_ACTIONS, KnownAction, ResourceForm};
use alibaba_sign::Credentials;

use super::calls::{RAM, call};
use crate::raw::{Raw, SECRET, start};

const CALLER: &str = "LTAI-caller";

/// What every action finds in what it takes.
const PARAMETERS: &[(&str, &str)] = &[
    ("UserName", "alice"),
    ("RoleName", "nightly"),
    ("PolicyName", "backup"),
    ("PolicyType", "Custom"),
];

/// Gives the caller the right to an action on these resources, and to nothing else.
fn grant(raw: &Raw, action: &str, resources: &[String]) {
    let mut policy = PolicyDocument::new();
    for resource in resources {
        let statement = Statement::allow()
            .action(action)
            .resource(resource.as_str());
        policy = policy.statement(statement);
    }
    let caller = User::new(CALLER, SECRET)
        .named("caller")
        .policy("Granted", policy);
    raw.cloud.directory().add_user(caller);
}

/// Whether the caller has the right to a call, whatever else comes of it.
async fn may(raw: &Raw, action: &str, parameters: &[(&str, &str)]) -> bool {
    let keys = Credentials::new(CALLER, SECRET);
    let reply = call(raw, action, parameters).by(&keys).send().await;
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        reply.status == 403,
        body["Code"] == "NoPermission",
        "{action}: {body}"
    );
    reply.status != 403
}

/// The resources of a call with these parameters, by the table of the policy library.
fn resources(action: &KnownAction) -> Vec<String> {
    let forms = action.resources().iter();
    forms
        .map(ResourceForm::template)
        .filter(|template| !template.contains(":system:"))
        .map(|template| {
            let name = ["user", "role", "policy"]
                .iter()
                .zip(["alice", "nightly", "backup"])
                .find(|(kind, _)| template.contains(&format!(":{kind}/")))
                .map(|(_, name)| name)
                .unwrap();
            template
                .replace("{account}", "1000000000000000")
                .replace("{name}", name)
        })
        .collect()
}

#[tokio::test]
async fn every_action_needs_the_right_to_the_resources_that_the_policy_library_knows() {
    let raw = start().await;
    let known = KNOWN_ACTIONS
        .iter()
        .filter(|action| action.service() == "ram");
    let mut checked = 0;
    for known in known {
        let (right, action) = (known.name(), known.name().split_once(':').unwrap().1);
        let resources = resources(known);
        assert!(!resources.is_empty(), "{right}");
        grant(&raw, right, &resources);
        assert!(
            may(&raw, action, PARAMETERS).await,
            "{right} on {resources:?}"
        );
        for left_out in 0..resources.len() {
            let mut others = resources.clone();
            let missing = others.remove(left_out);
            grant(&raw, right, &others);
            assert!(
                !may(&raw, action, PARAMETERS).await,
                "{right} without {missing}"
            );
        }
        // Neither other resources nor other actions will do.
        let elsewhere = resources.iter().map(|it| it.replace('/', "/not-"));
        grant(&raw, right, &elsewhere.collect::<Vec<_>>());
        assert!(!may(&raw, action, PARAMETERS).await, "{right} elsewhere");
        grant(&raw, "ram:Nothing", &["*".to_owned()]);
        assert!(!may(&raw, action, PARAMETERS).await, "{right}");
        checked += 1;
    }
    assert_eq!(checked, 31);
}

#[tokio::test]
async fn policies_of_the_system_are_resources_of_their_own() {
    let raw = start().await;
    let system = "acs:ram:*:system:policy/backup".to_owned();
    let of_type = |kind| {
        [
            ("UserName", "alice"),
            ("PolicyName", "backup"),
            ("PolicyType", kind),
        ]
    };
    grant(&raw, "ram:GetPolicy", std::slice::from_ref(&system));
    assert!(may(&raw, "GetPolicy", &of_type("System")).await);
    assert!(!may(&raw, "GetPolicy", &of_type("Custom")).await);
    // An action on the account's policies does not become one on the system's by a parameter that it
    // does not have.
    for action in [
        "DeletePolicy",
        "CreatePolicyVersion",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
    ] {
        grant(
            &raw,
            &format!("ram:{action}"),
            std::slice::from_ref(&system),
        );
        assert!(!may(&raw, action, &of_type("System")).await, "{action}");
    }
    let user = "acs:ram:*:*:user/alice".to_owned();
    grant(&raw, "ram:AttachPolicyToUser", &[user, system]);
    assert!(may(&raw, "AttachPolicyToUser", &of_type("System")).await);
    assert!(!may(&raw, "AttachPolicyToUser", &of_type("Custom")).await);
}

#[tokio::test]
async fn the_right_to_ones_own_keys_is_not_one_to_those_of_others() {
    let raw = start().await;
    let own = "acs:ram:*:*:user/caller".to_owned();
    grant(&raw, "ram:ListAccessKeys", &[own]);
    assert!(may(&raw, "ListAccessKeys", &[]).await);
    assert!(may(&raw, "ListAccessKeys", &[("UserName", "caller")]).await);
    // However the parameter's name is spelled.
    for name in ["UserName", "userName", "username"] {
        assert!(
            !may(&raw, "ListAccessKeys", &[(name, "alice")]).await,
            "{name}"
        );
    }
    let denied = raw
        .api(RAM, "GetUser")
        .by(&Credentials::new(CALLER, SECRET))
        .query("UserName", "alice")
        .fails(403, "NoPermission")
        .await;
    assert_eq!(denied["AccessDeniedDetail"]["AuthAction"], "ram:GetUser");
}
