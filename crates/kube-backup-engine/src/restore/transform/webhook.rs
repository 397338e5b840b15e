//! Webhook configurations.

use serde_json::{Value, json};

use super::{TransformContext, Verdict, elements, text};

pub(super) fn transform(configuration: &mut Value, _: &TransformContext<'_>) -> Verdict {
    for webhook in elements(configuration, "/webhooks") {
        // v1beta1 allowed values that v1 refuses (Velero, admissionwebhook_config_action.go).
        if matches!(text(webhook, "/sideEffects"), "Some" | "Unknown") {
            webhook["sideEffects"] = json!("None");
        }
    }
    Verdict::Restore
}
