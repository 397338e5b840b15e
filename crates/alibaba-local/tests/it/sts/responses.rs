//! What responses look like: `responses.json` has every field of every action, as the official Python SDK has them
//! (alibabacloud-sts20150401 1.2.0).

use alibaba_local::{OidcIssuer, TrustedPrincipals, User};
use alibaba_sign::Credentials;

use super::{
    ACCOUNT, ISSUER, STS, assume, claims, cloud, credentials, exchange, role, trust, with_issuer,
};
use crate::fields::Fields;
use crate::raw::{SECRET, start_with};

const RESPONSES: &str = include_str!("responses.json");

#[tokio::test]
async fn every_response_has_the_fields_of_the_api_and_no_others() {
    let mut fields = Fields::of_facts(RESPONSES);
    let raw = start_with(cloud(role(trust(TrustedPrincipals::ram(ACCOUNT))))).await;
    let result = assume(&raw).query("SourceIdentity", "alice").ok().await;
    fields.check("AssumeRole", &result);
    let account = User::account("LTAI-account", SECRET);
    raw.cloud.directory().add_user(account);
    let callers = [
        raw.credentials.clone(),
        credentials(&result).0,
        Credentials::new("LTAI-account", SECRET),
    ];
    for caller in callers {
        let me = raw.api(STS, "GetCallerIdentity").by(&caller).ok().await;
        fields.check("GetCallerIdentity", &me);
    }

    let issuer = OidcIssuer::new(ISSUER);
    let raw = with_issuer(&issuer).await;
    let token = issuer.token(&claims(raw.now()));
    let exchanged = exchange(&raw, &token).query("SourceIdentity", "alice");
    fields.check("AssumeRoleWithOIDC", &exchanged.ok().await);

    let unseen = fields.unseen(&["AssumeRoleWithSAML."]);
    assert!(unseen.is_empty(), "{unseen:#?}");
}
