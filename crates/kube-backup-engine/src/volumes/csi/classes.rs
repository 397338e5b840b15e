//! Which VolumeSnapshotClass a volume is snapshotted with, as Velero chooses (pkg/util/csi, volume_snapshot.go).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use crate::spec::null_is_default;

/// By what classes of a kind are chosen.
#[derive(Debug)]
pub(super) struct Keys {
    /// The kind.
    kind: &'static str,
    /// On a claim: the class.
    on_claim: &'static str,
    /// On a class: that it is the one to take. On a backup, with `_` and a driver: the class.
    on_class: &'static str,
    /// On a class: that it is its driver's default.
    is_default: &'static str,
}

/// Of VolumeSnapshotClasses.
pub(super) const SNAPSHOTS: Keys = Keys {
    kind: "VolumeSnapshotClass",
    on_claim: "velero.io/csi-volumesnapshot-class",
    on_class: "velero.io/csi-volumesnapshot-class",
    is_default: "snapshot.storage.kubernetes.io/is-default-class",
};

/// Of VolumeGroupSnapshotClasses.
pub(super) const GROUPS: Keys = Keys {
    kind: "VolumeGroupSnapshotClass",
    on_claim: "velero.io/csi-volume-group-snapshot-class",
    on_class: "velero.io/csi-volumegroupsnapshot-class",
    is_default: "groupsnapshot.storage.kubernetes.io/is-default-class",
};

/// A VolumeSnapshotClass, or one of groups.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct SnapshotClass {
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    pub(super) driver: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) parameters: BTreeMap<String, String>,
}

impl SnapshotClass {
    pub(super) fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    fn is_labelled(&self, keys: &Keys) -> bool {
        let labels = self.metadata.labels.as_ref();
        labels.is_some_and(|labels| labels.contains_key(keys.on_class))
    }

    fn is_default(&self, keys: &Keys) -> bool {
        let annotations = self.metadata.annotations.as_ref();
        let value = annotations.and_then(|all| all.get(keys.is_default));
        value.is_some_and(|value| value == "true")
    }
}

/// The classes of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    keys: &'static Keys,
    all: Vec<SnapshotClass>,
    /// By driver, as a backup's annotations say.
    asked_for: BTreeMap<String, String>,
}

impl Classes {
    pub(super) fn new(keys: &'static Keys, mut all: Vec<SnapshotClass>) -> Self {
        all.sort_by(|a, b| a.name().cmp(b.name()));
        Self {
            keys,
            all,
            asked_for: BTreeMap::new(),
        }
    }

    pub(super) fn annotated(mut self, annotations: &BTreeMap<String, String>) -> Self {
        let of_driver = |(key, class): (&String, &String)| {
            let driver = key.strip_prefix(self.keys.on_class)?.strip_prefix('_')?;
            Some((driver.to_owned(), class.clone()))
        };
        let asked_for: Vec<_> = annotations.iter().filter_map(of_driver).collect();
        self.asked_for.extend(asked_for);
        self
    }

    fn of<'a>(&'a self, driver: &str) -> impl Iterator<Item = &'a SnapshotClass> {
        self.all.iter().filter(move |class| class.driver == driver)
    }

    /// The first that holds of: what the claim names, what the backup names, the labelled one, the default, the only
    /// one. What is named and cannot be used is no reason to take another: somebody wanted that one.
    pub(super) fn choose(
        &self,
        driver: &str,
        claim: Option<&BTreeMap<String, String>>,
    ) -> Result<&SnapshotClass, String> {
        let Keys { kind, on_claim, .. } = self.keys;
        let named = claim.and_then(|annotations| annotations.get(*on_claim));
        let named = named.or_else(|| self.asked_for.get(driver));
        if let Some(name) = named {
            let class = self.all.iter().find(|class| class.name() == name);
            return match class {
                Some(class) if class.driver == driver => Ok(class),
                Some(class) => Err(format!(
                    "{kind} `{name}`, which it asks for, is of driver `{}` and not of its \
                     driver `{driver}`",
                    class.driver
                )),
                None => Err(format!("there is no {kind} `{name}`, which it asks for")),
            };
        }
        let mut of_driver = self.of(driver);
        let first = of_driver
            .next()
            .ok_or_else(|| format!("there is no {kind} of its driver `{driver}`"))?;
        if of_driver.next().is_none() {
            return Ok(first);
        }
        let labelled = self.of(driver).find(|class| class.is_labelled(self.keys));
        let chosen = labelled.or_else(|| self.of(driver).find(|class| class.is_default(self.keys)));
        chosen.ok_or_else(|| {
            let names: Vec<&str> = self.of(driver).map(SnapshotClass::name).collect();
            format!(
                "its driver `{driver}` has the {kind}es `{}`: label one of them `{}`, or annotate the claim \
                 with `{on_claim}` and a name",
                names.join("`, `"),
                self.keys.on_class
            )
        })
    }

    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// A class of the driver that names a secret for looking at snapshots; static contents need it then.
    pub(super) fn with_list_secret(&self, driver: &str) -> Option<&SnapshotClass> {
        let key = "csi.storage.k8s.io/snapshotter-list-secret-name";
        self.of(driver)
            .find(|class| class.parameters.contains_key(key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CLASS: &str = SNAPSHOTS.on_class;
    const IS_DEFAULT: &str = SNAPSHOTS.is_default;

    fn classes(all: &Value) -> Classes {
        Classes::new(&SNAPSHOTS, serde_json::from_value(all.clone()).unwrap())
    }

    fn class(name: &str, driver: &str) -> Value {
        json!({"metadata": {"name": name}, "driver": driver, "deletionPolicy": "Delete", "parameters": null})
    }

    fn marked(name: &str, marks: &Value) -> Value {
        let mut class = class(name, "a");
        class["metadata"] = json!({"name": name});
        for (key, value) in marks.as_object().unwrap() {
            class["metadata"][key] = value.clone();
        }
        class
    }

    #[test]
    fn a_class_is_chosen_as_velero_chooses() {
        let default = marked("default", &json!({"annotations": {IS_DEFAULT: "true"}}));
        let labelled = marked("labelled", &json!({"labels": {CLASS: "true"}}));
        let (plain, other, foreign) = (class("plain", "a"), class("other", "a"), class("b", "b"));
        let asks = |name: &str| Some(BTreeMap::from([(CLASS.to_owned(), name.to_owned())]));
        let cases = [
            (json!([plain, foreign]), None, "plain"),
            (json!([plain, default]), None, "default"),
            (json!([default, labelled, plain]), None, "labelled"),
            (json!([default, labelled, plain]), asks("plain"), "plain"),
        ];
        for (all, claim, chosen) in cases {
            let classes = classes(&all);
            let class = classes.choose("a", claim.as_ref());
            assert_eq!(class.unwrap().name(), chosen);
        }
        let all = json!([plain, other, foreign]);
        for (driver, claim, why) in [
            ("a", None, "`other`, `plain`"),
            (
                "c",
                None,
                "there is no VolumeSnapshotClass of its driver `c`",
            ),
            ("a", asks("gone"), "there is no VolumeSnapshotClass `gone`"),
            ("a", asks("b"), "is of driver `b`"),
        ] {
            let classes = classes(&all);
            let refused = classes.choose(driver, claim.as_ref()).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        let backup = BTreeMap::from([(format!("{CLASS}_a"), "other".to_owned())]);
        let classes = classes(&all).annotated(&backup);
        assert_eq!(classes.choose("a", None).unwrap().name(), "other");
        let of_claim = classes.choose("a", asks("plain").as_ref());
        assert_eq!(of_claim.unwrap().name(), "plain");
        assert_eq!(classes.choose("b", None).unwrap().name(), "b");
    }
}
