//! The rights that a request needs, and whether the caller has them.

use alibaba_ram::{Context, Request};
use http::HeaderMap;

use crate::directory::ACCOUNT_ID;
use crate::directory::caller::Caller;
use crate::gateway::exchange::Exchange;
use crate::oss::copy_source::CopySource;
use crate::oss::error::OssError;
use crate::oss::operation::{Operation, Scope};
use crate::oss::request::Target;
use crate::oss::state::Oss;

/// A RAM action, and the bucket and key that it is on.
struct Need<'a> {
    action: &'static str,
    scope: Scope,
    bucket: &'a str,
    key: &'a str,
}

impl Oss {
    /// Refuses a caller who lacks a right that the request needs. `key` is the object's, which
    /// is not always in the request line.
    pub(crate) fn authorize(
        &self,
        caller: &Caller,
        target: &Target,
        key: &str,
        headers: &HeaderMap,
        exchange: &Exchange,
    ) -> Result<(), OssError> {
        let source = CopySource::of(headers);
        let bucket = target.bucket();
        let versioned = target.param("versionId").is_some();
        let on = |operation: Operation, versioned| Need {
            action: operation.ram_action(versioned),
            scope: operation.scope(),
            bucket,
            key,
        };
        let mut needs = vec![on(target.operation, versioned)];
        if let Some(source) = &source {
            needs.push(Need {
                bucket: &source.bucket,
                key: &source.key,
                ..on(Operation::GetObject, source.version.is_some())
            });
        }
        if headers.contains_key("x-oss-tagging") {
            needs.push(on(Operation::PutObjectTagging, false));
        }
        for need in needs {
            let request =
                Request::new(need.action, self.arn(&need)).context(known(target, exchange));
            let decision = self.directory.authorize(caller, request);
            exchange.decided(&decision);
            if !decision.is_allowed() {
                let identity = &caller.identity;
                return Err(OssError::access_denied(
                    "You have no right to access this object because of bucket acl or RAM policy.",
                )
                .with("AuthAction", need.action)
                .with("AuthPrincipalType", identity.principal_type())
                .with("AuthPrincipalOwnerId", ACCOUNT_ID)
                .with("AuthPrincipalDisplayName", identity.display_name())
                .with("NoPermissionType", decision.verdict().to_string())
                .with("PolicyType", decision.layer().name()));
            }
        }
        Ok(())
    }

    /// The resource's name, as policies have it.
    fn arn(&self, need: &Need<'_>) -> String {
        let (region, bucket, key) = (&self.region, need.bucket, need.key);
        match need.scope {
            Scope::Service => format!("acs:oss:*:{ACCOUNT_ID}:*"),
            Scope::Bucket => format!("acs:oss:oss-{region}:{ACCOUNT_ID}:{bucket}"),
            Scope::Object => format!("acs:oss:oss-{region}:{ACCOUNT_ID}:{bucket}/{key}"),
            Scope::Objects => format!("acs:oss:oss-{region}:{ACCOUNT_ID}:{bucket}/*"),
        }
    }
}

/// What conditions of policies can ask for.
fn known(target: &Target, exchange: &Exchange) -> Context {
    let mut known = exchange.known();
    for (name, key) in [("prefix", "oss:Prefix"), ("delimiter", "oss:Delimiter")] {
        if let Some(value) = target.param(name) {
            known = known.with(key, value);
        }
    }
    known
}
