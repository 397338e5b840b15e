//! Whether an object is restored, by the powers that it grants.

use std::collections::HashSet;

use super::policy::{PowerPolicy, PowerSwitch, Profile, Withheld};
use super::spec::RestoreSpec;
use crate::kinds::names::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, NAMESPACES, ROLE_BINDINGS, ROLES};
use crate::powers::{Danger, GrantedPower, Power, Powers, SystemNames, powers_with};
use crate::spec::selection::{is_pattern, pattern};
use crate::{GroupResource, ObjectId};

/// What decides for one restore.
pub(crate) struct Gate<'a> {
    spec: &'a RestoreSpec,
    policy: &'a PowerPolicy,
    system: SystemNames,
    /// Kinds that the selection names.
    named_kinds: HashSet<GroupResource>,
    /// Roles of the cluster, and their bindings, that chosen accounts have.
    had: HashSet<ObjectId>,
}

impl<'a> Gate<'a> {
    pub(crate) fn new(
        spec: &'a RestoreSpec,
        named_kinds: HashSet<GroupResource>,
        had: HashSet<ObjectId>,
    ) -> Self {
        Self {
            spec,
            policy: &spec.powers,
            system: SystemNames::with(&spec.powers.system_namespaces),
            named_kinds,
            had,
        }
    }

    /// What an object grants, as it is about to be sent.
    pub(crate) fn powers_of(&self, kind: &GroupResource, object: &serde_json::Value) -> Powers {
        powers_with(kind, object, &self.system)
    }

    /// Whether an object of the backup is withheld, given what it grants.
    pub(crate) fn withholds(&self, id: &ObjectId, powers: &Powers) -> Option<Withheld> {
        let policy = self.policy;
        let itself = PowerSwitch::Object(id.clone());
        if policy.withhold.contains(&itself) {
            return Some(Withheld {
                powers: Vec::new(),
                allow: Vec::new(),
                is_of_cluster_itself: false,
            });
        }
        if policy.allow.contains(&itself) {
            return None;
        }
        // What chosen accounts had is theirs; what others would have by it is not.
        let is_for_others = |granted: &GrantedPower| {
            granted.power == Power::Rbac
                && powers.widen_others()
                && policy.profile == Profile::Application
                && !policy.allow.contains(&PowerSwitch::Power(Power::Rbac))
        };
        // A status is left out by itself.
        let withheld: Vec<GrantedPower> = powers
            .iter()
            .filter(|granted| granted.power != Power::Status)
            .filter(|granted| self.denies(id, granted) || is_for_others(granted))
            .cloned()
            .collect();
        let first = withheld.first()?;
        let only_system = withheld.iter().all(|it| it.power == Power::System);
        let is_by_list = policy.withhold.contains(&PowerSwitch::Power(first.power));
        let mut allow: Vec<PowerSwitch> = Vec::new();
        for granted in &withheld {
            let switch = PowerSwitch::Power(granted.power);
            if !allow.contains(&switch) && !policy.withhold.contains(&switch) {
                allow.push(switch);
            }
        }
        if allow.is_empty() {
            allow.push(itself);
        }
        Some(Withheld {
            is_of_cluster_itself: only_system
                && !is_by_list
                && policy.profile == Profile::Everything,
            powers: withheld,
            allow,
        })
    }

    /// Whether an object brings its own status.
    pub(crate) fn withholds_status(&self, id: &ObjectId, powers: &Powers) -> bool {
        let itself = PowerSwitch::Object(id.clone());
        !self.policy.allow.contains(&itself)
            && powers
                .iter()
                .any(|granted| granted.power == Power::Status && self.denies(id, granted))
    }

    /// Whether everything in a namespace of the backup is withheld for the namespace's sake.
    pub(crate) fn withholds_namespace(&self, namespace: &str) -> bool {
        let target = self.spec.target_namespace(namespace);
        let policy = self.policy;
        let switch = PowerSwitch::Power(Power::System);
        self.system.have(target)
            && !policy.allow.contains(&switch)
            && (policy.withhold.contains(&switch)
                || policy.profile == Profile::Tenant
                || !self.names_namespace(namespace))
    }

    fn denies(&self, id: &ObjectId, granted: &GrantedPower) -> bool {
        let switch = PowerSwitch::Power(granted.power);
        if self.policy.withhold.contains(&switch) {
            return true;
        }
        if self.policy.allow.contains(&switch) {
            return false;
        }
        match self.policy.profile {
            Profile::Everything => granted.power == Power::System && !self.names(id),
            Profile::Application => self.is_beyond_application(id, granted),
            Profile::Tenant => self.is_beyond_tenant(id, granted),
        }
    }

    fn is_beyond_application(&self, id: &ObjectId, granted: &GrantedPower) -> bool {
        let kind = &id.resource;
        match granted.power {
            Power::ApiServing | Power::Certificates => true,
            Power::System => !self.names(id),
            Power::Rbac if CLUSTER_ROLES.is(kind) || CLUSTER_ROLE_BINDINGS.is(kind) => {
                !self.had.contains(id)
            }
            Power::Rbac if ROLES.is(kind) || ROLE_BINDINGS.is(kind) => false,
            // Which Pods a namespace admits can be stricter than what is there; and of a kind that holds rules
            // of a role, an operator would make one.
            Power::Admission | Power::Rbac => granted.danger >= Danger::High,
            _ => false,
        }
    }

    fn is_beyond_tenant(&self, id: &ObjectId, granted: &GrantedPower) -> bool {
        let kind = &id.resource;
        let is_checked_by_server =
            self.spec.act_as.is_some() && (ROLES.is(kind) || ROLE_BINDINGS.is(kind));
        !(granted.power == Power::Rbac && is_checked_by_server)
    }

    /// Whether the selection, or a mapping, names where an object is, its kind or itself.
    fn names(&self, id: &ObjectId) -> bool {
        let namespace = match &id.namespace {
            Some(namespace) => Some(namespace),
            None if NAMESPACES.is(&id.resource) => Some(&id.name),
            None => None,
        };
        let selection = &self.spec.selection;
        namespace.is_some_and(|namespace| self.names_namespace(namespace))
            || id.namespace.is_none()
                && (selection.included_names.contains(&id.name)
                    || self.named_kinds.contains(&id.resource) && !NAMESPACES.is(&id.resource))
    }

    fn names_namespace(&self, namespace: &str) -> bool {
        let included = &self.spec.selection.included_namespaces;
        let by_pattern = |name: &String| {
            name != "*"
                && is_pattern(name)
                && pattern(name).is_ok_and(|pattern| pattern.matches(namespace))
        };
        included.contains(namespace)
            || included.iter().any(by_pattern)
            || self.spec.namespace_mapping.contains_key(namespace)
    }
}
