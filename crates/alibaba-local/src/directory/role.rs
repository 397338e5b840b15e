//! RAM roles.

use std::time::Duration;

use alibaba_ram::PolicyDocument;
use serde::{Deserialize, Serialize};

use super::user::NamedPolicy;
use super::written;

/// A role that may be assumed, and what it may do then: nothing before it has a policy.
///
/// ```
/// use alibaba_local::{PolicyDocument, Role, Statement, TrustedPrincipals};
///
/// let account = "acs:ram::1000000000000000:root";
/// let trust = PolicyDocument::new().statement(
///     Statement::allow().action("sts:AssumeRole").principal(TrustedPrincipals::ram(account)),
/// );
/// let writes = Statement::allow().action("oss:PutObject").resource("acs:oss:*:*:backups/*");
/// let role = Role::new("backup", trust).policy("Write", PolicyDocument::new().statement(writes));
/// # let _ = role;
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub(crate) name: String,
    #[serde(with = "written")]
    pub(crate) trust: PolicyDocument,
    pub(crate) policies: Vec<NamedPolicy>,
    pub(crate) max_session: Duration,
}

impl Role {
    /// A role for those whom the trust policy names.
    pub fn new(name: impl Into<String>, trust: PolicyDocument) -> Self {
        Self {
            name: name.into(),
            trust,
            policies: Vec::new(),
            max_session: Duration::from_secs(3600),
        }
    }

    /// Gives the role a policy that is its alone: RAM neither lists nor detaches it.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>, document: PolicyDocument) -> Self {
        self.policies.push(NamedPolicy::new(name, document));
        self
    }

    /// The longest session that may be asked for; an hour unless set.
    #[must_use]
    pub fn max_session(mut self, time: Duration) -> Self {
        self.max_session = time;
        self
    }
}
