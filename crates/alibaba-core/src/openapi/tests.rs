use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use super::*;
use crate::credentials::{
    CredentialsError, Identity, ProvideCredentials, SharedCredentials, StaticProvider,
};
use crate::endpoint::Product;
use crate::http_send::SendErrorKind;
use crate::retry::{RetryBudget, RetryPolicy};
use crate::testing::{OK, Scene, Stage, now, stage};
use crate::{Credentials, ErrorKind};

fn client(stage: &Stage) -> Client {
    builder(stage).build().unwrap()
}

fn builder(stage: &Stage) -> ClientBuilder {
    let credentials = StaticProvider::shared("FAKE-ACCESS-KEY-ID", "example-secret").unwrap();
    builder_with(stage, credentials).with_retry(RetryPolicy::default().with_budget(None))
}

fn builder_with(stage: &Stage, credentials: SharedCredentials) -> ClientBuilder {
    let region = crate::Region::CN_HANGZHOU;
    Client::builder(&stage.context, Product::ECS, region, credentials)
}

#[tokio::test]
async fn throttling_waits_as_long_as_asked_and_signs_anew() {
    let stage = stage([
        Scene::Response(
            400,
            &[("x-acs-retry-after", "1500")],
            r#"{"Code":"Throttling.User","Message":"slow"}"#,
        ),
        Scene::Response(503, &[], r#"{"Code":"Throttling","Message":"slow"}"#),
        OK,
    ]);
    let call = client(&stage).call("CreateSnapshot").new_client_token();
    assert_eq!(call.send().await.unwrap().request_id(), Some("R-ok"));
    // 1500 asked for and half of 200; then half of 1000 for certain and half of the rest.
    assert_eq!(
        stage.clock.slept(),
        [Duration::from_millis(1600), Duration::from_millis(750)]
    );
    for name in ["x-acs-signature-nonce", "x-acs-date", "authorization"] {
        assert_ne!(stage.header(0, name), stage.header(1, name), "{name}");
    }
    let queries: Vec<_> = stage
        .seen()
        .iter()
        .map(|seen| seen.uri().to_string())
        .collect();
    assert!(queries[0].contains("ClientToken="));
    assert!(
        queries.iter().all(|query| *query == queries[0]),
        "{queries:?}"
    );
}

#[tokio::test]
async fn a_refused_time_is_corrected_once_and_remembered() {
    const SKEWED: Scene = Scene::Response(
        400,
        &[("date", "Thu, 15 Jan 2026 09:30:00 GMT")],
        r#"{"Code":"InvalidTimeStamp.Expired","Message":"late"}"#,
    );
    let stage = stage([SKEWED, OK, OK, SKEWED, SKEWED]);
    let client = client(&stage);
    client.call("RunInstances").send().await.unwrap();
    assert_eq!(stage.header(0, "x-acs-date"), "2026-01-15T08:30:00Z");
    assert_eq!(stage.header(1, "x-acs-date"), "2026-01-15T09:30:00Z");
    assert!(stage.clock.slept().is_empty());
    client.call("RunInstances").send().await.unwrap();
    assert_eq!(stage.header(2, "x-acs-date"), "2026-01-15T09:30:00Z");
    let error = client.call("RunInstances").send().await.unwrap_err();
    assert_eq!(
        (error.kind(), stage.attempts()),
        (ErrorKind::Credentials, 5)
    );
}

#[tokio::test]
async fn after_a_broken_connection_only_harmless_calls_are_repeated() {
    use SendErrorKind::*;
    for (kind, action, token, attempts) in [
        (Connect, "CreateSnapshot", false, 2),
        (Timeout, "CreateSnapshot", false, 1),
        (Timeout, "CreateSnapshot", true, 2),
        (Interrupted, "DescribeSnapshots", false, 2),
        (Interrupted, "DeleteSnapshot", false, 1),
        (TooLong, "DescribeSnapshots", false, 1),
    ] {
        let stage = stage([Scene::Failure(kind), OK]);
        let mut call = client(&stage).call(action);
        if token {
            call = call.client_token("t-1");
        }
        let done = call.send().await;
        assert_eq!(stage.attempts(), attempts, "{kind:?} {action}");
        assert_eq!(done.is_ok(), attempts == 2);
    }
}

#[tokio::test]
async fn a_failing_service_is_asked_again_only_where_that_is_harmless() {
    for (action, attempts) in [("DescribeDisks", 3), ("RunInstances", 1)] {
        let failing = || Scene::Response(500, &[], r#"{"Code":"InternalError","RequestId":"R-5"}"#);
        let stage = stage([failing(), failing(), failing()]);
        let error = client(&stage).call(action).send().await.unwrap_err();
        assert_eq!(stage.attempts(), attempts);
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Service, Some("R-5"))
        );
    }
}

#[tokio::test]
async fn an_empty_budget_ends_the_repeating_of_all_calls() {
    let failing = || Scene::Response(503, &[], "");
    let stage = stage([failing(), failing(), failing()]);
    let retry = RetryPolicy::default().with_budget(Some(RetryBudget::new(5, 5)));
    let client = builder(&stage).with_retry(retry).build().unwrap();
    client.call("DescribeDisks").send().await.unwrap_err();
    client.call("DescribeDisks").send().await.unwrap_err();
    assert_eq!(stage.attempts(), 3);
}

/// Gives another token each time, and counts what it was told.
#[derive(Debug, Default)]
struct Rotating {
    given: Mutex<u32>,
    withdrawn: Mutex<Vec<String>>,
}

impl ProvideCredentials for Rotating {
    fn name(&self) -> &'static str {
        "rotating"
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        let mut given = self.given.lock().unwrap();
        *given += 1;
        let credentials = Credentials::new("STS.id", "s").with_security_token(format!("t-{given}"));
        ready(Identity::new("rotating", credentials, None).map(Arc::new)).boxed()
    }

    fn invalidate(&self, identity: &Identity) {
        let token = identity.credentials.security_token.as_ref().unwrap();
        self.withdrawn
            .lock()
            .unwrap()
            .push(token.expose().to_owned());
    }
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    let expired = || {
        Scene::Response(
            400,
            &[],
            r#"{"Code":"InvalidSecurityToken.Expired","Message":"x"}"#,
        )
    };
    let stage = stage([expired(), OK, expired(), expired()]);
    let rotating = Arc::new(Rotating::default());
    let credentials: SharedCredentials = rotating.clone();
    let client = builder_with(&stage, credentials).build().unwrap();
    client.call("RunInstances").send().await.unwrap();
    assert_eq!(stage.header(1, "x-acs-security-token"), "t-2");
    assert_eq!(stage.header(1, "x-acs-accesskey-id"), "STS.id");
    let error = client.call("RunInstances").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(*rotating.withdrawn.lock().unwrap(), ["t-1", "t-3", "t-4"]);
}

#[tokio::test]
async fn a_refusal_inside_a_good_status_is_an_error() {
    for body in [
        r#"{"Success":false,"Code":"VaultNotExist","Message":"no","RequestId":"R-1"}"#,
        r#"{"success":"False","code":"VaultNotExist","message":"no","requestId":"R-1"}"#,
    ] {
        let stage = stage([Scene::Response(200, &[], body)]);
        let error = client(&stage)
            .call("DescribeVaults")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.service_code(), Some("VaultNotExist"));
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::NotFound, Some("R-1"))
        );
    }
    let stage = stage([Scene::Response(
        200,
        &[],
        r#"{"Success":true,"Code":"200"}"#,
    )]);
    assert!(client(&stage).call("DescribeVaults").send().await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is() {
    let stage = stage([]);
    let client = client(&stage);
    for (call, text) in [
        (
            client.call("A").param("X", 1).form_param("X", 2),
            "parameter `X`",
        ),
        (
            client.call("A").client_token("x".repeat(65)),
            "client token",
        ),
        (client.call("A").client_token("中"), "client token"),
        (client.call("Evil\r\nx-evil: 1"), "as an HTTP request"),
        (
            client.call("A").param("X", BTreeMap::from([((1, 2), 3)])),
            "parameter `X`",
        ),
    ] {
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(
        Client::anonymous(&stage.context, Product::ECS, None)
            .build()
            .is_err()
    );
}

#[tokio::test]
async fn a_client_without_credentials_signs_nothing_and_a_global_product_needs_no_region() {
    let stage = stage([OK]);
    let client = Client::anonymous(&stage.context, Product::STS, None)
        .build()
        .unwrap();
    client.call("AssumeRoleWithSAML").send().await.unwrap();
    let seen = stage.seen();
    assert_eq!(seen[0].uri().host(), Some("sts.aliyuncs.com"));
    assert!(!seen[0].headers().contains_key("authorization"));
    let query = seen[0].uri().query().unwrap();
    assert!(!query.contains("AccessKeyId") && !query.contains("Signature="));
}

#[test]
fn neither_calls_nor_requests_show_what_is_secret() {
    let stage = stage([]);
    let token = crate::Secret::new("hunter2");
    let call = client(&stage)
        .call("A")
        .form_param("OIDCToken", token.expose());
    assert!(!format!("{call:?}").contains("hunter2"));
    let credentials = Credentials::new("STS.id", "s3cr3t").with_security_token("hunter2");
    let client = client(&stage);
    let attempt = encode::Attempt {
        credentials: Some(&credentials),
        time: now(),
        nonce: "n",
    };
    let request = encode::encode(&action::Action::new("A"), &client.0, &attempt).unwrap();
    let shown = format!("{request:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("Signature="),
        "{shown}"
    );
}

#[tokio::test]
async fn another_region_has_its_own_endpoint_unless_one_was_chosen() {
    let stage = stage([OK]);
    let there = client(&stage).in_region(crate::Region::CN_BEIJING);
    assert_eq!(there.region(), Some(&crate::Region::CN_BEIJING));
    assert_eq!(there.endpoint().authority(), "ecs.cn-beijing.aliyuncs.com");

    let network = crate::endpoint::ProductNetwork::Vpc;
    let vpc = builder(&stage).with_network(network).build().unwrap();
    let there = vpc.in_region(crate::Region::CN_BEIJING);
    assert_eq!(
        there.endpoint().authority(),
        "ecs-vpc.cn-beijing.aliyuncs.com"
    );

    let chosen = crate::endpoint::Endpoint::https("ecs.example.com".to_owned());
    let chosen = builder(&stage).with_endpoint(chosen).build().unwrap();
    let there = chosen.in_region(crate::Region::CN_BEIJING);
    assert_eq!(there.endpoint().authority(), "ecs.example.com");
}

#[tokio::test]
async fn a_default_gives_way_to_what_is_set() {
    let stage = stage([OK, OK]);
    let call = client(&stage).call("DescribeSnapshots");
    for call in [call.clone(), call.param("MaxResults", 20)] {
        call.default_param("MaxResults", 100).send().await.unwrap();
    }
    let queries: Vec<_> = stage
        .seen()
        .iter()
        .map(|seen| seen.uri().query().unwrap().to_owned())
        .collect();
    assert_eq!(queries, ["MaxResults=100", "MaxResults=20"]);
}

/// An account of a denial may say much or nothing: the action is named all the same, and so is what to do.
#[tokio::test]
async fn a_missing_right_is_named() {
    const ADD: &str = "at `ecs.cn-hangzhou.aliyuncs.com`: add the action `ecs:CreateSnapshot` to the caller's RAM policy";
    const CHANGE: &str = "at `ecs.cn-hangzhou.aliyuncs.com`: a policy denies the caller `ecs:CreateSnapshot`; change that statement";
    for (body, step, cause, missing) in [
        (
            r#"{"Code":"Forbidden.RAM","Message":"no"}"#,
            ADD,
            "HTTP 403 `Forbidden.RAM`: no",
            None,
        ),
        (
            r#"{"Code":"NoPermission","Message":"no","AccessDeniedDetail":{"AuthAction":"ecs:CreateSnapshot"}}"#,
            ADD,
            "HTTP 403 `NoPermission`: no (action `ecs:CreateSnapshot`)",
            Some("ecs:CreateSnapshot"),
        ),
        (
            r#"{"Code":"NoPermission","Message":"no","AccessDeniedDetail":{"AuthAction":"ecs:CreateSnapshot","NoPermissionType":"ExplicitDeny","PolicyType":"ControlPolicy"}}"#,
            CHANGE,
            "HTTP 403 `NoPermission`: no (action `ecs:CreateSnapshot`, ExplicitDeny by ControlPolicy)",
            Some("ecs:CreateSnapshot"),
        ),
        (
            r#"{"Code":"NoPermission","Message":"no","AccessDeniedDetail":{}}"#,
            ADD,
            "HTTP 403 `NoPermission`: no",
            None,
        ),
        (r#"{"Code":"","Message":""}"#, ADD, "HTTP 403", None),
    ] {
        let stage = stage([Scene::Response(403, &[], body)]);
        let error = client(&stage)
            .call("CreateSnapshot")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_ne!(error.service_code(), Some(""));
        assert_eq!(error.missing_action(), missing);
        let expected = format!("call `CreateSnapshot` of ecs {step}: {cause}");
        assert_eq!(crate::chain(&error), expected);
    }
}
