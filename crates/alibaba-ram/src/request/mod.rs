//! What is decided on: a call by someone, of an action, on resources.

mod context;
pub mod keys;

pub use context::Context;

/// Who makes a call.
///
/// ```
/// use alibaba_ram::Principal;
///
/// let alice = Principal::ram("acs:ram::1234567890123456:user/alice");
/// let session = Principal::ram("acs:ram::1234567890123456:role/backup/nightly");
/// let root = Principal::ram("acs:ram::1234567890123456:root");
/// assert!(root.is_account_root() && !alice.is_account_root());
/// # let _ = session;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principal {
    /// An account, a RAM user, a role, or a session of a role, by its ARN.
    Ram(String),
    /// A service of Alibaba Cloud, by its name: `cs.aliyuncs.com`.
    Service(String),
    /// Who was identified by an OIDC or SAML provider, by the provider's ARN.
    Federated(String),
}

impl Principal {
    /// An account (`acs:ram::<account>:root`), user (`..:user/<name>`), role (`..:role/<name>`) or
    /// session (`..:role/<name>/<session>`).
    pub fn ram(arn: impl Into<String>) -> Self {
        Self::Ram(arn.into())
    }

    /// A service of Alibaba Cloud.
    pub fn service(name: impl Into<String>) -> Self {
        Self::Service(name.into())
    }

    /// Who was identified by this provider.
    pub fn federated(provider_arn: impl Into<String>) -> Self {
        Self::Federated(provider_arn.into())
    }

    /// Whether it is the account itself, which no identity policy restricts.
    #[must_use]
    pub fn is_account_root(&self) -> bool {
        matches!(self, Self::Ram(arn) if arn.ends_with(":root"))
    }

    /// The ARN, of those that have one.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Ram(arn) | Self::Federated(arn) => Some(arn),
            Self::Service(_) => None,
        }
    }
}

/// A resource that a call touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    arn: String,
    tags: Vec<(String, String)>,
}

impl Resource {
    /// A resource by its ARN, or `*` for an action that is not scoped to resources.
    pub fn new(arn: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            tags: Vec::new(),
        }
    }

    /// A tag it has, which `acs:ResourceTag/<key>` asks for.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The value of a tag.
    pub(crate) fn tag_value(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

impl From<&str> for Resource {
    fn from(arn: &str) -> Self {
        Self::new(arn)
    }
}

impl From<String> for Resource {
    fn from(arn: String) -> Self {
        Self::new(arn)
    }
}

/// A call to decide on.
///
/// ```
/// use alibaba_ram::{Context, Principal, Request, Resource};
///
/// let account = "acs:ecs:cn-hangzhou:1234567890123456";
/// let request = Request::new(
///     "ecs:CreateSnapshot",
///     Resource::new(format!("{account}:disk/d-1")).tag("team", "shop"),
/// )
/// .and_resource(format!("{account}:snapshot/*"))
/// .principal(Principal::ram("acs:ram::1234567890123456:user/alice"))
/// .context(Context::new().source_ip([192, 0, 2, 7]));
/// assert_eq!(request.resources().len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    principal: Option<Principal>,
    action: String,
    resources: Vec<Resource>,
    context: Context,
}

impl Request {
    /// A call of `action` on `resource`.
    pub fn new(action: impl Into<String>, resource: impl Into<Resource>) -> Self {
        Self {
            principal: None,
            action: action.into(),
            resources: vec![resource.into()],
            context: Context::new(),
        }
    }

    /// Another resource the call touches. All of them must be allowed.
    #[must_use]
    pub fn and_resource(mut self, resource: impl Into<Resource>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Who calls.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// What is known about the call.
    #[must_use]
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// The action, `<service>:<Name>`.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resources, at least one.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Who calls, where it is known.
    #[must_use]
    pub fn caller(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The facts about the call, without those about its caller and resources.
    #[must_use]
    pub fn known(&self) -> &Context {
        &self.context
    }

    /// The values of a condition's key as this call has them, for one of its resources.
    pub(crate) fn facts<'a>(&'a self, resource: &'a Resource, key: &str) -> Vec<&'a str> {
        let tag = key
            .strip_prefix(keys::RESOURCE_TAG)
            .or_else(|| key.strip_prefix(keys::ECS_TAG))
            .and_then(|tag| resource.tag_value(tag));
        let caller = (key == keys::PRINCIPAL_ARN)
            .then(|| self.principal.as_ref().and_then(Principal::arn))
            .flatten();
        let given = self.context.values(key).iter().map(String::as_str);
        // The older key is about either: what a call that creates something tags it with, and what a thing has.
        let asked = key.strip_prefix(keys::ECS_TAG).into_iter();
        let asked = asked.flat_map(|tag| self.context.request_tags(tag));
        tag.into_iter()
            .chain(caller)
            .chain(given)
            .chain(asked.map(String::as_str))
            .collect()
    }
}
