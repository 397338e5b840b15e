//! What STS returns.

use alibaba_sign::Credentials;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::{Error, ErrorKind};

/// A role's temporary credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumedRole {
    /// What to sign with.
    pub credentials: Credentials,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// `acs:ram::<account>:role/<role>/<session>`.
    pub arn: Option<String>,
    /// `<role id>:<session>`.
    pub assumed_role_id: Option<String>,
    /// The name that sessions carry on when they assume further roles.
    pub source_identity: Option<String>,
    /// What support asks for.
    pub request_id: Option<String>,
}

/// A role's credentials, and what STS read in the OIDC token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumedWithOidc {
    /// The credentials.
    pub role: AssumedRole,
    /// The token.
    pub token: OidcTokenInfo,
}

/// A role's credentials, and what STS read in the SAML assertion.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumedWithSaml {
    /// The credentials.
    pub role: AssumedRole,
    /// The assertion.
    pub assertion: SamlAssertionInfo,
}

/// What STS read in an OIDC token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct OidcTokenInfo {
    /// For whom it was issued: `aud`, comma-separated.
    pub client_ids: Option<String>,
    /// `exp`.
    #[serde(deserialize_with = "time")]
    pub expiration_time: Option<DateTime<Utc>>,
    /// `iat`.
    #[serde(deserialize_with = "time")]
    pub issuance_time: Option<DateTime<Utc>>,
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// How it was verified.
    pub verification_info: Option<String>,
}

/// What STS read in a SAML assertion.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct SamlAssertionInfo {
    /// Who issued it.
    pub issuer: Option<String>,
    /// For whom.
    pub recipient: Option<String>,
    /// About whom: the `NameID`.
    pub subject: Option<String>,
    /// The `NameID`'s format.
    pub subject_type: Option<String>,
}

/// Who signs with a client's credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CallerIdentity {
    /// The account's id.
    pub account_id: String,
    /// The caller's resource name.
    pub arn: String,
    /// `Account`, `RAMUser` or `AssumedRoleUser`.
    pub identity_type: String,
    /// The id within the account.
    #[serde(default)]
    pub principal_id: Option<String>,
    /// Of users.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Of roles.
    #[serde(default)]
    pub role_id: Option<String>,
    /// What support asks for.
    #[serde(default)]
    pub request_id: Option<String>,
}

/// The body of each response that assumes a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRoleBody {
    credentials: Option<CredentialsBody>,
    assumed_role_user: Option<AssumedRoleUser>,
    source_identity: Option<String>,
    request_id: Option<String>,
    #[serde(rename = "OIDCTokenInfo")]
    oidc_token_info: Option<OidcTokenInfo>,
    #[serde(rename = "SAMLAssertionInfo")]
    saml_assertion_info: Option<SamlAssertionInfo>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AssumedRoleUser {
    arn: Option<String>,
    assumed_role_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsBody {
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    expiration: Option<DateTime<Utc>>,
}

impl AssumeRoleBody {
    pub(super) fn role(self) -> Result<AssumedRole, Error> {
        let complete = self.credentials.and_then(|it| {
            let credentials = Credentials::new(it.access_key_id?, it.access_key_secret?)
                .with_security_token(it.security_token?);
            Some((credentials, it.expiration?))
        });
        let Some((credentials, expires_at)) = complete else {
            let step = "read the role's credentials: id, secret, token or expiration is missing";
            return Err(Error::new(ErrorKind::Response, step));
        };
        let user = self.assumed_role_user.unwrap_or_default();
        Ok(AssumedRole {
            credentials,
            expires_at,
            arn: user.arn,
            assumed_role_id: user.assumed_role_id,
            source_identity: self.source_identity,
            request_id: self.request_id,
        })
    }

    pub(super) fn with_oidc(mut self) -> Result<AssumedWithOidc, Error> {
        let token = self.oidc_token_info.take().unwrap_or_default();
        Ok(AssumedWithOidc {
            role: self.role()?,
            token,
        })
    }

    pub(super) fn with_saml(mut self) -> Result<AssumedWithSaml, Error> {
        let assertion = self.saml_assertion_info.take().unwrap_or_default();
        Ok(AssumedWithSaml {
            role: self.role()?,
            assertion,
        })
    }
}

/// A time that is for information only: in another form than expected it is left out, and the
/// credentials beside it are good all the same.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(more: &Value) -> AssumeRoleBody {
        let mut body = json!({
            "RequestId": "R-1",
            "SourceIdentity": "alice",
            "AssumedRoleUser": {"Arn": "acs:ram::1:role/r/s", "AssumedRoleId": "300:s"},
            "Credentials": {
                "AccessKeyId": "STS.id",
                "AccessKeySecret": "s3cr3t",
                "SecurityToken": "t0k3n",
                "Expiration": "2026-01-15T09:30:00Z"
            }
        });
        let members = body.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn every_field_of_an_assumed_role_is_read() {
        let role = body(&json!({})).role().unwrap();
        assert_eq!(role.credentials.access_key_id, "STS.id");
        assert_eq!(role.expires_at.to_rfc3339(), "2026-01-15T09:30:00+00:00");
        let texts = [
            role.arn,
            role.assumed_role_id,
            role.source_identity,
            role.request_id,
        ];
        let texts = texts.map(Option::unwrap);
        assert_eq!(texts, ["acs:ram::1:role/r/s", "300:s", "alice", "R-1"]);
        assert!(!format!("{:?}", body(&json!({})).role()).contains("s3cr3t"));
    }

    #[test]
    fn what_was_read_in_a_token_or_assertion_comes_with_the_role() {
        let info = json!({"OIDCTokenInfo": {
            "ClientIds": "sts.aliyuncs.com", "ExpirationTime": "2026-01-15T09:00:00Z",
            "IssuanceTime": "a while ago", "Issuer": "https://issuer",
            "Subject": "system:serviceaccount:ns:sa", "VerificationInfo": "Success",
        }});
        let assumed = body(&info).with_oidc().unwrap();
        let token = assumed.token;
        assert_eq!(token.subject.unwrap(), "system:serviceaccount:ns:sa");
        assert_eq!(token.client_ids.unwrap(), "sts.aliyuncs.com");
        assert_eq!(token.issuer.unwrap(), "https://issuer");
        assert_eq!(token.verification_info.unwrap(), "Success");
        assert!(token.expiration_time.is_some() && token.issuance_time.is_none());

        let info = json!({"SAMLAssertionInfo": {
            "Issuer": "idp", "Recipient": "https://signin", "Subject": "alice", "SubjectType": "t",
        }});
        let assertion = body(&info).with_saml().unwrap().assertion;
        let texts = [
            assertion.issuer,
            assertion.recipient,
            assertion.subject,
            assertion.subject_type,
        ];
        let texts = texts.map(Option::unwrap);
        assert_eq!(texts, ["idp", "https://signin", "alice", "t"]);
    }

    #[test]
    fn incomplete_credentials_are_an_error() {
        for missing in [
            "AccessKeyId",
            "AccessKeySecret",
            "SecurityToken",
            "Expiration",
        ] {
            let mut credentials = json!({
                "AccessKeyId": "i", "AccessKeySecret": "s", "SecurityToken": "t",
                "Expiration": "2026-01-15T09:30:00Z",
            });
            credentials.as_object_mut().unwrap().remove(missing);
            let error = body(&json!({"Credentials": credentials}))
                .role()
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Response);
        }
    }
}
