//! CustomResourceDefinitions.

use serde_json::{Value, json};

use super::{TransformContext, Verdict, elements, remove};

pub(super) fn transform(definition: &mut Value, _: &TransformContext<'_>) -> Verdict {
    // `true` was the default of v1beta1 and is refused in v1, which says the same in each schema
    // (Velero, crd_v1_preserve_unknown_fields_action.go).
    if definition.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        remove(definition, "/spec", "preserveUnknownFields");
        for version in elements(definition, "/spec/versions") {
            if let Some(schema) = version
                .pointer_mut("/schema/openAPIV3Schema")
                .and_then(Value::as_object_mut)
            {
                schema.insert("x-kubernetes-preserve-unknown-fields".into(), json!(true));
            }
        }
    }
    Verdict::Restore
}
