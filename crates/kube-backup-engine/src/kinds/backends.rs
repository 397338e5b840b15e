//! Services that the API server calls: for webhooks, conversions and APIServices.

use serde_json::Value;

use super::names::{
    API_SERVICES, DEFINITIONS, Kind, MUTATING_WEBHOOKS, SERVICES, VALIDATING_WEBHOOKS,
};
use super::references::{Place, Reference, Strength};
use crate::ObjectId;

/// Where objects of a kind send requests of others.
#[derive(Debug)]
pub(crate) struct Backends {
    kind: Kind,
    /// The parts that each have a Service of their own; the object itself where it is empty.
    parts: &'static str,
    /// From there.
    pub(crate) service: Reference,
    /// What does not work while the Service is not ready.
    consequence: fn(&Value) -> &'static str,
}

const fn service(at: &'static str) -> Reference {
    Reference::named(at, SERVICES, Strength::Needed).elsewhere()
}

pub(crate) static BACKENDS: [Backends; 4] = [
    Backends {
        kind: MUTATING_WEBHOOKS,
        parts: "/webhooks/*",
        service: service("/clientConfig/service"),
        consequence: without_webhook,
    },
    Backends {
        kind: VALIDATING_WEBHOOKS,
        parts: "/webhooks/*",
        service: service("/clientConfig/service"),
        consequence: without_webhook,
    },
    Backends {
        kind: API_SERVICES,
        parts: "",
        service: service("/spec/service"),
        consequence: |_| "its kinds cannot be used and no namespace can be deleted",
    },
    Backends {
        kind: DEFINITIONS,
        parts: "",
        service: service("/spec/conversion/webhook/clientConfig/service"),
        consequence: |_| "its objects can only be used in the version that they are stored in",
    },
];

fn without_webhook(webhook: &Value) -> &'static str {
    match webhook["failurePolicy"].as_str() {
        Some("Ignore") => "requests pass it unseen",
        // What v1 has for default.
        _ => "the API server refuses every request that it is for",
    }
}

impl Backends {
    /// Where the Services are named.
    pub(crate) fn place(&self) -> Place {
        Place::new(self.kind, "", &format!("{}{}", self.parts, self.service.at))
    }

    fn parts<'a>(&self, object: &'a Value) -> Vec<&'a Value> {
        match self.parts.strip_suffix("/*") {
            None => vec![object],
            Some(list) => {
                let parts = object.pointer(list).and_then(Value::as_array);
                parts.into_iter().flatten().collect()
            }
        }
    }
}

/// A Service that requests of others depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    /// The object that names it.
    pub(crate) id: ObjectId,
    /// Which part of the object; empty when it has one only.
    pub(crate) part: String,
    pub(crate) namespace: String,
    pub(crate) service: String,
    /// What does not work while the Service is not ready.
    pub(crate) consequence: &'static str,
}

/// The Services that the API server calls because of an object.
pub(crate) fn backends_of(id: &ObjectId, object: &Value) -> Vec<Backend> {
    let mut found = Vec::new();
    for of_kind in BACKENDS
        .iter()
        .filter(|backends| backends.kind.is(&id.resource))
    {
        for part in of_kind.parts(object) {
            let service = part.pointer(of_kind.service.at);
            let text = |key: &str| service?[key].as_str().map(str::to_owned);
            if let (Some(namespace), Some(service)) = (text("namespace"), text("name")) {
                let part_name = part["name"].as_str().filter(|_| !of_kind.parts.is_empty());
                found.push(Backend {
                    id: id.clone(),
                    part: part_name.unwrap_or_default().to_owned(),
                    namespace,
                    service,
                    consequence: (of_kind.consequence)(part),
                });
            }
        }
    }
    found
}
