//! What an object, once created, lets somebody do.
//!
//! Whoever can write to the bucket of a backup, or to a namespace that is backed up, chooses what a restore
//! creates, with the rights of whoever restores. [`powers`] says what that would be worth to them: a pure
//! function of the object as it is about to be sent. It asks no cluster, and it trusts no name: objects of
//! kinds that nobody knows are judged by their shape, so that a Pod's specification is one wherever it stands.
//!
//! A [plan](crate::restore::RestorePlan) begins with the powers that it asks for, and a
//! [profile](crate::restore::Profile) says which are granted.
//!
//! ```
//! use kube_backup_engine::powers::{Danger, Power, powers};
//! use serde_json::json;
//!
//! let binding = json!({"metadata": {"name": "oops"},
//!     "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
//!     "subjects": [{"kind": "ServiceAccount", "namespace": "shop", "name": "default"}]});
//! let asked = powers(&"clusterrolebindings.rbac.authorization.k8s.io".parse()?, &binding);
//! assert_eq!(asked.danger_of(Power::Rbac), Some(Danger::Critical));
//! println!("{asked}");
//! # Ok::<(), kube_backup_engine::Error>(())
//! ```

mod by_kind;
mod by_shape;
mod capabilities;
mod power;
mod rules;
mod system;

use serde_json::Value;

use crate::GroupResource;

pub use power::{Danger, GrantedPower, Power, Powers};
pub(crate) use system::SystemNames;

/// What an object lets somebody do, as it is about to be sent. System namespaces are those whose names begin
/// with `kube-`.
#[must_use]
pub fn powers(kind: &GroupResource, object: &Value) -> Powers {
    powers_with(kind, object, &SystemNames::default())
}

/// The same, with other system namespaces.
pub(crate) fn powers_with(kind: &GroupResource, object: &Value, system: &SystemNames) -> Powers {
    let mut powers = Powers::default();
    by_shape::add(kind, object, &mut powers);
    by_kind::add(kind, object, &mut powers);
    system::add(kind, object, system, &mut powers);
    powers.sorted()
}

#[cfg(test)]
mod tests;
