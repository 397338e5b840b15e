//! What chosen objects need and a backup of single objects does not hold.

use std::collections::{HashMap, HashSet};

use crate::ObjectId;
use crate::kinds::follow::named;
use crate::kinds::provided::is_provided;
use crate::kinds::{Raw, Strength};

/// Most of them that are named one by one.
const SHOWN: usize = 20;

/// What packed objects need, and what was packed.
#[derive(Debug, Default)]
pub(crate) struct LeftBehind {
    packed: HashSet<ObjectId>,
    /// With the first object that needs it, and the field that names it.
    needed: HashMap<ObjectId, (ObjectId, &'static str)>,
}

impl LeftBehind {
    /// Notes that an object is packed.
    pub(crate) fn note(&mut self, id: &ObjectId, raw: &[u8]) {
        for it in named(&id.resource, id.namespace.as_deref(), Raw(raw)) {
            let is_needed = it.strength <= Strength::Needed;
            if is_needed && !is_provided(&it.to.resource, &it.to.name) {
                self.needed
                    .entry(it.to)
                    .or_insert_with(|| (id.clone(), it.field));
            }
        }
        self.packed.insert(id.clone());
    }

    /// One message for each object that is needed and was not packed.
    pub(crate) fn messages(&self) -> Vec<String> {
        let left = self.needed.iter();
        let mut left: Vec<_> = left.filter(|(id, _)| !self.packed.contains(id)).collect();
        left.sort();
        let more = left.len().saturating_sub(SHOWN);
        let mut messages: Vec<String> = left
            .iter()
            .take(SHOWN)
            .map(|(id, (by, field))| {
                format!("{by} needs {id} (`{field}`), which is not in the backup")
            })
            .collect();
        if more > 0 {
            messages.push(format!(
                "{more} more objects are needed by chosen ones and are not in the backup; verifying it \
                 names them"
            ));
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_and_not_packed_is_named_with_who_needs_it() {
        let id = |kind: &str, name: &str| ObjectId {
            resource: kind.parse().unwrap(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        };
        let mut left = LeftBehind::default();
        let pod = br#"{"spec":{"serviceAccountName":"default","volumes":[
            {"configMap":{"name":"a"}},{"secret":{"secretName":"b"}},
            {"configMap":{"name":"c","optional":true}},{"configMap":{"name":"kube-root-ca.crt"}}]}}"#;
        left.note(&id("pods", "web"), pod);
        left.note(&id("configmaps", "a"), b"{}");
        assert_eq!(
            left.messages(),
            ["pods shop/web needs secrets shop/b (`volumes.secret`), which is not in the backup"]
        );
        for name in 0..30 {
            let pod = format!(r#"{{"spec":{{"volumes":[{{"configMap":{{"name":"m{name}"}}}}]}}}}"#);
            left.note(&id("pods", &name.to_string()), pod.as_bytes());
        }
        let messages = left.messages();
        assert_eq!(messages.len(), 21);
        assert!(messages[20].starts_with("11 more objects"), "{messages:?}");
    }
}
