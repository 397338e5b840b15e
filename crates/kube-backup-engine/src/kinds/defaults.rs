//! What there is once in a cluster: the claim to be the one that is taken where nobody chose.

use serde_json::{Value, json};

use super::names::{
    INGRESS_CLASSES, Kind, PRIORITY_CLASSES, STORAGE_CLASSES, VOLUME_GROUP_SNAPSHOT_CLASSES,
    VOLUME_SNAPSHOT_CLASSES,
};
use crate::GroupResource;

/// How objects of a kind claim to be the default.
#[derive(Debug)]
pub(crate) struct DefaultClaim {
    pub(crate) kind: Kind,
    /// JSON pointers to the object that holds the claim, and its key there.
    places: &'static [(&'static str, &'static str)],
    /// Among which objects there is one: those with the same value there, or all.
    among: Option<&'static str>,
}

const ANNOTATIONS: &str = "/metadata/annotations";

pub(crate) static DEFAULT_CLAIMS: [DefaultClaim; 5] = [
    DefaultClaim {
        kind: STORAGE_CLASSES,
        places: &[
            (ANNOTATIONS, "storageclass.kubernetes.io/is-default-class"),
            (
                ANNOTATIONS,
                "storageclass.beta.kubernetes.io/is-default-class",
            ),
        ],
        among: None,
    },
    DefaultClaim {
        kind: INGRESS_CLASSES,
        places: &[(ANNOTATIONS, "ingressclass.kubernetes.io/is-default-class")],
        among: None,
    },
    DefaultClaim {
        kind: VOLUME_SNAPSHOT_CLASSES,
        places: &[(
            ANNOTATIONS,
            "snapshot.storage.kubernetes.io/is-default-class",
        )],
        among: Some("/driver"),
    },
    DefaultClaim {
        kind: VOLUME_GROUP_SNAPSHOT_CLASSES,
        places: &[(
            ANNOTATIONS,
            "groupsnapshot.storage.kubernetes.io/is-default-class",
        )],
        among: Some("/driver"),
    },
    DefaultClaim {
        kind: PRIORITY_CLASSES,
        places: &[("", "globalDefault")],
        among: None,
    },
];

impl DefaultClaim {
    /// The claim of a kind whose objects can make one.
    pub(crate) fn of(kind: &GroupResource) -> Option<&'static Self> {
        DEFAULT_CLAIMS.iter().find(|claim| claim.kind.is(kind))
    }

    /// Whether an object claims to be the default.
    pub(crate) fn is_made_by(&self, object: &Value) -> bool {
        self.places.iter().any(|(parent, key)| {
            let claim = object.pointer(parent).and_then(|parent| parent.get(*key));
            claim.is_some_and(|claim| *claim == true || claim == "true")
        })
    }

    /// Whether two objects could not both be the default.
    pub(crate) fn is_shared_by(&self, one: &Value, other: &Value) -> bool {
        self.among
            .is_none_or(|place| one.pointer(place) == other.pointer(place))
    }

    /// Makes the claims of `object` those of `other`, or none.
    pub(crate) fn copy(&self, object: &mut Value, other: Option<&Value>) {
        for (parent, key) in self.places {
            let theirs = other
                .and_then(|other| other.pointer(parent))
                .and_then(|parent| parent.get(*key));
            if let Some(Value::Object(fields)) = object.pointer_mut(parent) {
                match theirs {
                    Some(claim) => {
                        fields.insert((*key).to_owned(), claim.clone());
                    }
                    None => {
                        fields.remove(*key);
                    }
                }
            } else if let Some(claim) = theirs
                && let Some(name) = parent.strip_prefix("/metadata/")
                && let Some(Value::Object(metadata)) = object.get_mut("metadata")
            {
                metadata.insert(name.to_owned(), json!({ *key: claim }));
            }
        }
    }
}
