//! Objects through which requests of others go: webhooks, conversion webhooks and APIServices.

use serde_json::Value;

use crate::ObjectId;

/// A way through a Service that other requests depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    pub(crate) id: ObjectId,
    /// Which part of the object; empty when it has one only.
    pub(crate) part: String,
    pub(crate) namespace: String,
    pub(crate) service: String,
    /// What is refused while the Service does not answer.
    pub(crate) consequence: &'static str,
}

/// The ways through Services that an object opens.
pub(crate) fn backends_of(id: &ObjectId, object: &Value) -> Vec<Backend> {
    let backend = |part: &str, service: &Value, consequence: &'static str| {
        Some(Backend {
            id: id.clone(),
            part: part.to_owned(),
            namespace: service["namespace"].as_str()?.to_owned(),
            service: service["name"].as_str()?.to_owned(),
            consequence,
        })
    };
    let kind = &id.resource;
    match (kind.group.as_str(), kind.resource.as_str()) {
        (
            "admissionregistration.k8s.io",
            "mutatingwebhookconfigurations" | "validatingwebhookconfigurations",
        ) => {
            let webhooks = object["webhooks"].as_array().into_iter().flatten();
            webhooks
                .filter_map(|webhook| {
                    let consequence = match webhook["failurePolicy"].as_str() {
                        Some("Ignore") => "requests pass it unseen",
                        // What v1 has for default.
                        _ => "the API server refuses every request that it is for",
                    };
                    let name = webhook["name"].as_str().unwrap_or_default();
                    backend(name, &webhook["clientConfig"]["service"], consequence)
                })
                .collect()
        }
        ("apiregistration.k8s.io", "apiservices") => backend(
            "",
            &object["spec"]["service"],
            "its kinds cannot be used and no namespace can be deleted",
        )
        .into_iter()
        .collect(),
        ("apiextensions.k8s.io", "customresourcedefinitions") => backend(
            "",
            &object["spec"]["conversion"]["webhook"]["clientConfig"]["service"],
            "its objects can only be used in the version that they are stored in",
        )
        .into_iter()
        .collect(),
        _ => Vec::new(),
    }
}
