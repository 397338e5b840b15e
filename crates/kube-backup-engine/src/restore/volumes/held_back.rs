//! What has to wait, since a claim that it mounts did not get its data.

use std::collections::HashMap;

use serde_json::Value;

use super::users::Mounted;
use crate::GroupResource;

/// Claims that did not get their data, by namespace and name in the cluster, and why not.
#[derive(Debug, Default)]
pub(crate) struct HeldBack(HashMap<String, HashMap<String, String>>);

impl HeldBack {
    pub(crate) fn note(&mut self, namespace: &str, claim: &str, why: &str) {
        let claims = self.0.entry(namespace.to_owned()).or_default();
        claims.insert(claim.to_owned(), why.to_owned());
    }

    /// Why an object, as it is about to be created, is not: it would run without its data, and a StatefulSet would
    /// make an empty claim where the restored one is missing.
    pub(crate) fn why(&self, kind: &GroupResource, object: &Value) -> Option<String> {
        let namespace = object["metadata"]["namespace"].as_str()?;
        let claims = self.0.get(namespace)?;
        let mounted = Mounted::by(kind, object)?;
        let mut lacking: Vec<_> = claims
            .iter()
            .filter(|(claim, _)| mounted.has(claim))
            .collect();
        lacking.sort();
        let (claim, why) = lacking.first()?;
        Some(format!(
            "claim `{namespace}/{claim}` did not get its data, and this would run without it: {why}; restore again once it \
             can be brought back, or with `restorePVs: false` for an empty claim"
        ))
    }
}
