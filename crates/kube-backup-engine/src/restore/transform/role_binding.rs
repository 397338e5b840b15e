//! RoleBindings and ClusterRoleBindings.

use serde_json::Value;

use super::{Context, Verdict, elements};

pub(super) fn transform(binding: &mut Value, context: &Context<'_>) -> Verdict {
    for subject in elements(binding, "/subjects") {
        context.map_namespace(subject, "namespace");
        // `system:serviceaccounts:shop` means all accounts of a namespace.
        if let Some(Value::String(name)) = subject.get_mut("name")
            && let Some(namespace) = name.strip_prefix("system:serviceaccounts:")
        {
            *name = format!(
                "system:serviceaccounts:{}",
                context.spec.target_namespace(namespace)
            );
        }
    }
    Verdict::Restore
}
