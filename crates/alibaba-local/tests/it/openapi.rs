//! What all RPC-style products have in common, as STS shows it.

use alibaba_local::{Fault, LocalCloud, PolicyDocument, Rule, User};
use alibaba_sign::Credentials;
use chrono::TimeDelta;
use std::time::Duration;

use crate::folder::Folder;
use crate::raw::openapi::{ApiCall, Generation};
use crate::raw::{ID, Raw, SECRET, start, start_with};

const STS: &str = "2015-04-01";
const SIGNED: [Generation; 2] = [Generation::Acs3, Generation::RpcV1];

async fn who(raw: &Raw, generation: Generation) -> serde_json::Value {
    let call = raw.api(STS, "GetCallerIdentity").generation(generation);
    call.ok().await
}

#[tokio::test]
async fn both_generations_of_signatures_are_taken_and_wrong_ones_refused() {
    let raw = start().await;
    for generation in SIGNED {
        let me = who(&raw, generation).await;
        assert_eq!(me["IdentityType"], "RAMUser", "{generation:?}");
        assert_eq!(me["Arn"], format!("acs:ram::1000000000000000:user/{ID}"));
        let id = me["RequestId"].as_str().unwrap();
        assert_eq!((id.len(), id.to_uppercase().as_str()), (36, id));

        let call = || raw.api(STS, "GetCallerIdentity").generation(generation);
        let wrong = call().by(&Credentials::new(ID, "another"));
        let refused = wrong.fails(400, "SignatureDoesNotMatch").await;
        let message = refused["Message"].as_str().unwrap();
        assert!(message.contains("server string to sign is:"), "{message}");
        assert_eq!(refused["HostId"], raw.cloud.address().to_string());
        let nobody = call().by(&Credentials::new("LTAI-nobody", SECRET));
        nobody.fails(404, "InvalidAccessKeyId.NotFound").await;
        let once = format!("once-{generation:?}");
        call().nonce(&once).ok().await;
        call().nonce(&once).fails(400, "SignatureNonceUsed").await;
    }
    let unsigned = raw.api(STS, "GetCallerIdentity");
    let unsigned = unsigned.generation(Generation::Anonymous);
    unsigned.fails(400, "MissingAccessKeyId").await;
    raw.api(STS, "GetCallerName")
        .fails(404, "InvalidAction.NotFound")
        .await;
    let asked = raw.cloud.requests().by_operation();
    assert_eq!((asked["GetCallerIdentity"], asked["Unknown"]), (11, 1));
}

#[tokio::test]
async fn the_time_of_a_request_may_be_a_quarter_of_an_hour_off_and_no_more() {
    let raw = start().await;
    for generation in SIGNED {
        for (seconds, code) in [
            (14 * 60, None),
            (-14 * 60, None),
            (16 * 60, Some("InvalidTimeStamp.Expired")),
            (-16 * 60, Some("InvalidTimeStamp.Expired")),
        ] {
            let skewed = Rule::new(Fault::SkewClock(seconds)).service("sts").times(1);
            raw.cloud.faults().add(skewed);
            let call = raw.api(STS, "GetCallerIdentity").generation(generation);
            match code {
                Some(code) => drop(call.fails(400, code).await),
                None => drop(call.ok().await),
            }
        }
    }
}

/// A signature is good for a quarter of an hour before its time and after it: half an hour from its first use on
/// it could be sent again, to whichever process is there.
#[tokio::test]
async fn a_used_nonce_is_refused_after_a_restart_while_its_signature_may_be_good() {
    let folder = Folder::new();
    let start = async || start_with(LocalCloud::builder().data_folder(folder.path())).await;
    let used = start().await;
    for generation in SIGNED {
        call_with(&used, generation, "once").ok().await;
    }
    drop(used);
    let again = start().await;
    let refused = async |raw: &Raw, generation| {
        let call = call_with(raw, generation, "once");
        call.fails(400, "SignatureNonceUsed").await;
        call_with(raw, generation, "another").ok().await;
    };
    refused(&again, SIGNED[0]).await;
    again.pass(TimeDelta::minutes(30));
    refused(&again, SIGNED[1]).await;
    again.pass(TimeDelta::minutes(2));
    call_with(&again, SIGNED[0], "once").ok().await;
    // Another product, and another key, have nonces of their own.
    drop(again);
    let again = start().await;
    let call = again.api("2015-05-01", "ListUsers");
    call.nonce("Acs3-once").ok().await;
}

fn call_with<'r>(raw: &'r Raw, generation: Generation, nonce: &str) -> ApiCall<'r> {
    let call = raw.api(STS, "GetCallerIdentity").generation(generation);
    call.nonce(&format!("{generation:?}-{nonce}"))
}

#[tokio::test]
async fn tokens_belong_to_their_keys() {
    let temporary = User::new("STS.id", "s3cret").with_security_token("the-token");
    let raw = start_with(LocalCloud::builder().user(temporary)).await;
    let bare = Credentials::new("STS.id", "s3cret");
    for generation in SIGNED {
        let call = |credentials: &Credentials| {
            let call = raw.api(STS, "GetCallerIdentity").generation(generation);
            call.by(credentials)
        };
        call(&bare.clone().with_security_token("the-token"))
            .ok()
            .await;
        call(&bare).fails(400, "MissingSecurityToken").await;
        let code = "InvalidSecurityToken.MismatchWithAccessKey";
        call(&bare.clone().with_security_token("another"))
            .fails(400, code)
            .await;
        call(&Credentials::new(ID, SECRET).with_security_token("the-token"))
            .fails(400, code)
            .await;
    }
}

#[tokio::test]
async fn responses_are_xml_where_that_is_asked_for() {
    let raw = start().await;
    let call = || {
        raw.api(STS, "GetCallerIdentity")
            .generation(Generation::RpcV1)
    };
    let reply = call().query("Format", "XML").send().await;
    let text = reply.text();
    assert!(text.contains("<GetCallerIdentityResponse>"), "{text}");
    assert_eq!(reply.xml("IdentityType"), "RAMUser");
    assert!(reply.header("content-type").starts_with("text/xml"));
    let refused = call()
        .query("Format", "XML")
        .by(&Credentials::new(ID, "no"));
    let refused = refused.send().await;
    assert_eq!(
        (refused.status, refused.xml("Code").as_str()),
        (400, "SignatureDoesNotMatch")
    );
    assert!(refused.text().contains("<Error>"), "{}", refused.text());
}

#[tokio::test]
async fn a_denial_says_who_may_not_do_what_and_why() {
    let nothing = User::new("LTAI-nothing", SECRET)
        .named("nobody")
        .policy("None", PolicyDocument::new());
    let raw = start_with(LocalCloud::builder().user(nothing)).await;
    let role = "acs:ram::1000000000000000:role/any";
    let call = raw
        .api(STS, "AssumeRole")
        .by(&Credentials::new("LTAI-nothing", SECRET));
    // Rights come before parameters: the session's name is missing.
    let denied = call.query("RoleArn", role).fails(403, "NoPermission").await;
    let detail = &denied["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "sts:AssumeRole");
    assert_eq!(detail["AuthPrincipalType"], "SubUser");
    assert_eq!(detail["AuthPrincipalOwnerId"], "1000000000000000");
    assert_eq!(detail["NoPermissionType"], "ImplicitDeny");
    assert_eq!(detail["PolicyType"], "AccountLevelIdentityBasedPolicy");
    let all = raw.cloud.requests().all();
    assert_eq!(all[0].decisions[0].resource(), role);
}

#[tokio::test]
async fn throttling_and_lost_replies_are_the_gateways() {
    let raw = start().await;
    let throttled = Fault::Throttle {
        status: 400,
        code: "Throttling.User",
        wait: Duration::from_millis(250),
    };
    raw.cloud.faults().add(
        Rule::new(throttled)
            .service("sts")
            .operation("GetCallerIdentity")
            .times(1),
    );
    let reply = raw.api(STS, "GetCallerIdentity").send().await;
    assert_eq!(
        (reply.status, reply.header("x-acs-retry-after").as_str()),
        (400, "250")
    );
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(body["Code"], "Throttling.User");
    raw.put("k", "x").await;
    who(&raw, Generation::Acs3).await;
    raw.pass(TimeDelta::hours(1));
    who(&raw, Generation::Acs3).await;
}
