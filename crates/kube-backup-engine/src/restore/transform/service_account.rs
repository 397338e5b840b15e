//! ServiceAccounts.

use serde_json::Value;

use super::{TransformContext, Verdict, text};
use crate::kinds::tokens::is_made_up;

pub(super) fn transform(account: &mut Value, _: &TransformContext<'_>) -> Verdict {
    // Token Secrets that a controller made have another suffix in every cluster.
    let name = text(account, "/metadata/name").to_owned();
    for list in ["secrets", "imagePullSecrets"] {
        let Some(fields) = account.as_object_mut() else {
            break;
        };
        if let Some(Value::Array(secrets)) = fields.get_mut(list) {
            secrets.retain(|secret| {
                let secret = secret["name"].as_str().unwrap_or_default();
                !is_made_up(secret, &name)
            });
            if secrets.is_empty() {
                // An empty list differs from none, which is what the account has.
                fields.remove(list);
            }
        }
    }
    Verdict::Restore
}
