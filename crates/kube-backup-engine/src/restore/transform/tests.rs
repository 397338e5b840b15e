//! Golden cases: an object of a backup, what is created of it, and why. One file a kind, in `cases`;
//! `rule` names the rule or action of Velero 1.18 (pkg/restore/restore.go, pkg/restore/actions) that
//! the case follows, or what is known to be wrong there. Everywhere `shop` is mapped to `copy`,
//! volume `kept` is there, volume `lost` is not, and node `here` is the cluster's.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::format::labels;
use crate::restore::RestoreSpec;
use crate::restore::owners;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    why: String,
    kind: GroupResource,
    #[serde(default)]
    images: BTreeMap<String, String>,
    #[serde(default)]
    classes: BTreeMap<String, String>,
    #[serde(default)]
    preserve_node_ports: bool,
    /// Services of the backup.
    #[serde(default)]
    services: Vec<Value>,
    given: Value,
    /// What is created, but for the two labels that are on everything.
    becomes: Option<Value>,
    /// Owners that are put back afterwards.
    #[serde(default)]
    put_back: Vec<String>,
    /// What the report tells of it.
    said: Option<String>,
    /// Why it is not.
    skipped: Option<String>,
}

impl Case {
    fn check(&self, file: &str) {
        let what = format!("{file}: {} ({})", self.rule, self.why);
        let spec = RestoreSpec {
            namespace_mapping: [("shop".to_owned(), "copy".to_owned())].into(),
            image_mapping: self.images.clone(),
            storage_class_mapping: self.classes.clone(),
            preserve_node_ports: self.preserve_node_ports,
            ..RestoreSpec::named("r")
        };
        let names = |name: &str| HashSet::from([name.to_owned()]);
        let volumes = Volumes {
            free: names("kept"),
            lost: names("lost"),
        };
        let mut services = Services::default();
        for service in &self.services {
            services.note(service);
        }
        let context = TransformContext {
            spec: &spec,
            backup: "b",
            volumes: &volumes,
            services: &services,
            nodes: &names("here"),
        };
        let mut object = self.given.clone();
        match transform(&self.kind, &mut object, &context) {
            Verdict::Skip(reason) => {
                assert_eq!(self.skipped.as_deref(), Some(reason), "{what}");
                assert_eq!(self.becomes, None, "{what}");
            }
            verdict => {
                let said = match verdict {
                    Verdict::RestoreWith(said) => Some(said),
                    _ => None,
                };
                assert_eq!(self.said, said, "{what}");
                let found = &object["metadata"]["labels"];
                assert_eq!(found[labels::BACKUP_NAME], "b", "{what}");
                assert_eq!(found[labels::RESTORE_NAME], "r", "{what}");
                let put_back = owners::strip(&self.kind, &mut object);
                let put_back: Vec<_> = put_back.iter().map(|owner| text(owner, "/name")).collect();
                assert_eq!(put_back, self.put_back, "{what}");
                for label in [labels::BACKUP_NAME, labels::RESTORE_NAME] {
                    remove(&mut object, "/metadata/labels", label);
                }
                if object["metadata"]["labels"] == serde_json::json!({}) {
                    remove(&mut object, "/metadata", "labels");
                }
                assert_eq!(Some(&object), self.becomes.as_ref(), "{what}");
                assert_eq!(self.skipped, None, "{what}");
            }
        }
    }
}

#[test]
fn every_golden_case_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/restore/transform/cases");
    let mut rows = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for document in serde_norway::Deserializer::from_str(&text) {
            let case =
                Case::deserialize(document).unwrap_or_else(|error| panic!("{name}: {error}"));
            case.check(&name);
            rows += 1;
        }
    }
    assert!(rows >= 50, "only {rows} cases were found");
}

#[test]
fn every_kind_with_a_rule_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/restore/transform/cases");
    let mut seen = HashSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for document in serde_norway::Deserializer::from_str(&text) {
            seen.insert(Case::deserialize(document).unwrap().kind);
        }
    }
    for (group, plural, _) in RULES {
        let kind = GroupResource::new(group, plural);
        assert!(seen.contains(&kind), "{kind} has a rule and no case");
    }
}

#[test]
fn long_names_are_cut_for_labels_as_velero_cuts_them() {
    assert_eq!(labels::value("short"), "short");
    let long = labels::value(&"a".repeat(64));
    assert_eq!(long.len(), 63);
    // printf 'a%.0s' {1..64} | sha256sum
    assert!(long.ends_with("ffe054"), "{long}");
}
