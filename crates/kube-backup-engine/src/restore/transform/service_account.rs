//! ServiceAccounts.

use serde_json::Value;

use super::{TransformContext, Verdict, text};

pub(super) fn transform(account: &mut Value, _: &TransformContext<'_>) -> Verdict {
    // Token Secrets that a controller made have another suffix in every cluster.
    let prefix = format!("{}-token-", text(account, "/metadata/name"));
    if let Some(secrets) = account.get_mut("secrets").and_then(Value::as_array_mut) {
        secrets.retain(|secret| {
            !secret["name"]
                .as_str()
                .is_some_and(|name| name.starts_with(&prefix))
        });
    }
    Verdict::Restore
}
