//! What is known of an action.

use crate::pattern::resource_matches;

/// An action that exists.
///
/// ```
/// use alibaba_ram::known_action;
///
/// let action = known_action("ecs:CreateSnapshot").expect("in the table");
/// let templates: Vec<_> = action.resources().iter().map(|form| form.template()).collect();
/// assert_eq!(
///     templates,
///     ["acs:ecs:{region}:{account}:disk/{id}", "acs:ecs:{region}:{account}:snapshot/*"],
/// );
/// assert!(known_action("hbr:CreateVault").expect("in the table").resources().is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAction {
    name: &'static str,
    resources: &'static [ResourceForm],
    origin: Origin,
}

/// Where the resources of an action are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The authorization table of the product's API reference, as of 2024 to 2026.
    Documented,
    /// The form of like actions: no page that says so could be read.
    Assumed,
}

/// A form of the resources that an action takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceForm {
    template: &'static str,
    mandatory: bool,
}

impl KnownAction {
    /// `<service>:<Name>`, spelled as the API is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The service: `ecs`.
    #[must_use]
    pub fn service(&self) -> &'static str {
        service(self.name)
    }

    /// The forms of its resources. None means that it is not scoped to resources: `*` is the only
    /// resource that grants it.
    #[must_use]
    pub const fn resources(&self) -> &'static [ResourceForm] {
        self.resources
    }

    /// Where the resources are known from.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }
}

impl ResourceForm {
    /// The ARN with `{..}` where a value goes.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// Whether a call needs a resource of this form besides those of others.
    #[must_use]
    pub const fn is_mandatory(&self) -> bool {
        self.mandatory
    }

    /// The pattern of all resources of this form.
    #[must_use]
    pub fn pattern(&self) -> String {
        let mut pattern = String::new();
        let mut rest = self.template;
        while let Some((before, after)) = rest.split_once('{') {
            pattern.push_str(before);
            pattern.push('*');
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        pattern + rest
    }

    /// Whether a resource is of this form. Only the key of an object may hold slashes of its own.
    #[must_use]
    pub fn matches(&self, resource: &str) -> bool {
        let slashes = |text: &str| text.matches('/').count();
        let whole = self.template.ends_with("{key}") || slashes(resource) == slashes(self.template);
        whole && resource_matches(&self.pattern(), resource)
    }
}

/// The part of an action before the colon.
pub(crate) fn service(action: &str) -> &str {
    action.split_once(':').map_or("", |(service, _)| service)
}

/// Takes resources of these forms.
pub(super) const fn on(name: &'static str, resources: &'static [ResourceForm]) -> KnownAction {
    KnownAction {
        name,
        resources,
        origin: Origin::Documented,
    }
}

/// Takes `*` only.
pub(super) const fn unscoped(name: &'static str) -> KnownAction {
    on(name, &[])
}

impl KnownAction {
    pub(super) const fn assumed(self) -> Self {
        Self {
            origin: Origin::Assumed,
            ..self
        }
    }
}

/// One of several forms.
pub(super) const fn form(template: &'static str) -> ResourceForm {
    ResourceForm {
        template,
        mandatory: false,
    }
}

/// A form that every call needs.
pub(super) const fn mandatory(template: &'static str) -> ResourceForm {
    ResourceForm {
        template,
        mandatory: true,
    }
}
