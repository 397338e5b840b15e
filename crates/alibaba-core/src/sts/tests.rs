use alibaba_sign::Secret;

use super::*;
use crate::credentials::StaticProvider;
use crate::testing::{Scene, Stage, decoded, stage};
use crate::{ErrorKind, Region};

const ROLE: &str = "acs:ram::1000000000000000:role/backup";
const ASSUMED: Scene = Scene::Response(
    200,
    &[],
    r#"{"Credentials":{"AccessKeyId":"STS.id","AccessKeySecret":"s","SecurityToken":"t",
        "Expiration":"2026-01-15T09:30:00Z"},"OIDCTokenInfo":{"Subject":"sa"},
        "SAMLAssertionInfo":{"Subject":"alice"}}"#,
);

fn form(stage: &Stage) -> Vec<(String, String)> {
    let seen = stage.seen();
    decoded(str::from_utf8(seen[0].body()).unwrap())
        .into_iter()
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    expected.iter().map(own).collect()
}

#[tokio::test]
async fn a_role_is_assumed_with_every_parameter_in_its_region() {
    let stage = stage([ASSUMED]);
    let credentials = StaticProvider::shared("id", "secret").unwrap();
    let sts = Client::new(&stage.context, Region::CN_BEIJING, credentials).unwrap();
    let request = AssumeRole::new(ROLE, "nightly")
        .duration_seconds(900)
        .policy("{}".to_owned())
        .external_id("tenant-7")
        .source_identity("alice");
    let role = sts.assume_role(&request).await.unwrap();
    assert_eq!(role.credentials.access_key_id, "STS.id");
    assert_eq!(stage.header(0, "host"), "sts.cn-beijing.aliyuncs.com");
    assert_eq!(stage.header(0, "x-acs-action"), "AssumeRole");
    let expected = [
        ("DurationSeconds", "900"),
        ("ExternalId", "tenant-7"),
        ("Policy", "{}"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "nightly"),
        ("SourceIdentity", "alice"),
    ];
    assert_eq!(form(&stage), pairs(&expected));
}

#[tokio::test]
async fn tokens_and_assertions_are_exchanged_unsigned_and_travel_in_the_body() {
    let secret = Secret::new("hunter2");
    let oidc = stage([ASSUMED]);
    let sts = FederatedClient::new(&oidc.context, None).unwrap();
    let request = AssumeRoleWithOidc::new(ROLE, "nightly", "acs:ram::1:oidc-provider/p")
        .duration_seconds(900)
        .policy("{}".to_owned());
    let assumed = sts.assume_role_with_oidc(&request, &secret).await.unwrap();
    assert_eq!(assumed.token.subject.as_deref(), Some("sa"));
    let expected = [
        ("DurationSeconds", "900"),
        ("OIDCProviderArn", "acs:ram::1:oidc-provider/p"),
        ("OIDCToken", "hunter2"),
        ("Policy", "{}"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "nightly"),
    ];
    assert_eq!(form(&oidc), pairs(&expected));

    let saml = stage([ASSUMED]);
    let sts = FederatedClient::new(&saml.context, None).unwrap();
    let request = AssumeRoleWithSaml::new(ROLE, "acs:ram::1:saml-provider/p")
        .duration_seconds(3600)
        .policy("{}".to_owned());
    let assumed = sts.assume_role_with_saml(&request, &secret).await.unwrap();
    assert_eq!(assumed.assertion.subject.as_deref(), Some("alice"));
    let expected = [
        ("DurationSeconds", "3600"),
        ("Policy", "{}"),
        ("RoleArn", ROLE),
        ("SAMLAssertion", "hunter2"),
        ("SAMLProviderArn", "acs:ram::1:saml-provider/p"),
    ];
    assert_eq!(form(&saml), pairs(&expected));

    for (stage, action) in [(&oidc, "AssumeRoleWithOIDC"), (&saml, "AssumeRoleWithSAML")] {
        let seen = stage.seen();
        assert!(!seen[0].headers().contains_key("authorization"));
        let uri = seen[0].uri().to_string();
        assert!(!uri.contains("hunter2"), "{uri}");
        assert!(uri.contains(&format!("Action={action}&")), "{uri}");
    }
}

#[tokio::test]
async fn what_sts_would_refuse_is_refused_with_a_reason_before_it_is_sent() {
    let stage = stage([]);
    let sts = FederatedClient::new(&stage.context, None).unwrap();
    let token = Secret::new("hunter2");
    for (request, reason) in [
        (
            AssumeRoleWithOidc::new("backup", "nightly", "p"),
            "acs:ram::<account>",
        ),
        (AssumeRoleWithOidc::new(ROLE, "n", "p"), "session name"),
        (
            AssumeRoleWithOidc::new(ROLE, "nightly", "p").policy("x".repeat(2049)),
            "2048 characters",
        ),
    ] {
        let error = sts
            .assume_role_with_oidc(&request, &token)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(reason), "{error}");
    }
}
