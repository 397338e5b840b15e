//! Images that all restores of a cluster take from elsewhere: the ConfigMap of Velero's action `change-image-name`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::ObjectId;
use kube_backup_engine::restore::{Restore, Transformed};
use serde_json::Value;

use crate::chain::chain;
use crate::controller::context::Context;

/// By what the ConfigMap is found (Velero, pkg/restore/actions/change_image_name_action.go; ACK's "FAQ about the backup
/// center" gives the same labels).
const SELECTOR: &str = "velero.io/plugin-config,velero.io/change-image-name=RestoreItemAction";

/// Where the specification of Pods is, in the kinds that the action is for.
const POD_SPECS: [(&str, &str, &str); 8] = [
    ("", "pods", "/spec"),
    ("", "replicationcontrollers", "/spec/template/spec"),
    ("apps", "daemonsets", "/spec/template/spec"),
    ("apps", "deployments", "/spec/template/spec"),
    ("apps", "replicasets", "/spec/template/spec"),
    ("apps", "statefulsets", "/spec/template/spec"),
    ("batch", "cronjobs", "/spec/jobTemplate/spec/template/spec"),
    ("batch", "jobs", "/spec/template/spec"),
];

/// Why there are no rules.
#[derive(Debug)]
pub(super) enum Refused {
    /// The cluster cannot be asked now.
    Cluster(String),
    /// What is there cannot be meant.
    Invalid(String),
}

/// What a part of an image's name becomes.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    from: String,
    to: String,
}

/// The rules of a ConfigMap, those that match the most first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rules(Vec<Rule>);

/// The same restore, with the images that the cluster's ConfigMap changes.
pub(super) async fn changed(restore: Restore, context: &Context) -> Result<Restore, Refused> {
    let maps = Api::<ConfigMap>::namespaced(context.client.clone(), &context.namespace);
    let found = maps.list(&ListParams::default().labels(SELECTOR)).await;
    let found = found.map_err(|error| {
        Refused::Cluster(format!(
            "look for a ConfigMap that changes images: {}",
            chain(&error)
        ))
    })?;
    let rules = Rules::of(&found.items).map_err(Refused::Invalid)?;
    if rules.0.is_empty() {
        return Ok(restore);
    }
    Ok(
        restore.with_transform("change-image-name", move |id, mut object| {
            rules.apply(id, &mut object);
            Ok::<_, Infallible>(Transformed::Object(object))
        }),
    )
}

impl Rules {
    fn of(maps: &[ConfigMap]) -> Result<Self, String> {
        match maps {
            [] => Ok(Self::default()),
            [map] => Self::read(&map.name_any(), map.data.as_ref()),
            several => {
                let names: Vec<String> = several.iter().map(kube::ResourceExt::name_any).collect();
                Err(format!(
                    "more than one ConfigMap changes images: `{}`: take the labels off all but one",
                    names.join("`, `")
                ))
            }
        }
    }

    /// Velero takes any row that matches, and passes over those that it cannot read; here the longest one counts, and a row
    /// that cannot be read is said.
    fn read(name: &str, data: Option<&BTreeMap<String, String>>) -> Result<Self, String> {
        let mut rules = Vec::new();
        for (key, row) in data.into_iter().flatten() {
            let parts = row.split_once(',');
            let parts = parts.map(|(from, to)| (from.trim(), to.trim()));
            let Some((from, to)) = parts.filter(|(from, to)| !from.is_empty() && !to.is_empty())
            else {
                return Err(format!(
                    "ConfigMap `{name}`: `{key}` is `{row}`: write what is replaced, a comma, and what by, as in `v1,v2`"
                ));
            };
            rules.push(Rule {
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
        rules.sort_by(|a, b| b.from.len().cmp(&a.from.len()).then(a.from.cmp(&b.from)));
        Ok(Self(rules))
    }

    fn apply(&self, id: &ObjectId, object: &mut Value) {
        let place = POD_SPECS
            .iter()
            .find(|(group, resource, _)| id.resource.is(group, resource));
        let Some(pods) = place.and_then(|(_, _, pointer)| object.pointer_mut(pointer)) else {
            return;
        };
        for containers in ["containers", "initContainers"] {
            let containers = pods.get_mut(containers).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                if let Some(Value::String(image)) = container.get_mut("image") {
                    self.change(image);
                }
            }
        }
    }

    fn change(&self, image: &mut String) {
        if let Some(rule) = self.0.iter().find(|rule| image.contains(&rule.from)) {
            *image = image.replace(&rule.from, &rule.to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[(&str, &str)]) -> Result<Rules, String> {
        let data = rows
            .iter()
            .map(|(key, row)| ((*key).to_owned(), (*row).to_owned()));
        Rules::read("images", Some(&data.collect()))
    }

    /// The examples of Velero's source and of ACK's page: a registry, its port, a name with its tag, all of it, and a tag.
    #[test]
    fn parts_of_an_image_are_replaced_as_velero_does() {
        for (row, wanted) in [
            ("1.1.1.1:5000,2.2.2.2:3000", "2.2.2.2:3000/abc:test"),
            ("5000,3000", "1.1.1.1:3000/abc:test"),
            ("abc:test, edf:test ", "1.1.1.1:5000/edf:test"),
            (
                "1.1.1.1:5000/abc:test,2.2.2.2:3000/edf:test",
                "2.2.2.2:3000/edf:test",
            ),
            ("test,latest", "1.1.1.1:5000/abc:latest"),
            ("other,none", "1.1.1.1:5000/abc:test"),
        ] {
            let mut image = "1.1.1.1:5000/abc:test".to_owned();
            read(&[("case1", row)]).unwrap().change(&mut image);
            assert_eq!(image, wanted, "{row}");
        }
    }

    #[test]
    fn of_several_rows_the_longest_that_matches_counts_and_it_alone() {
        let rules = read(&[
            ("case1", "a,b"),
            ("case2", "shop/a,a/shop"),
            ("case3", "zzz,y"),
        ])
        .unwrap();
        let mut image = "r/shop/a:1".to_owned();
        rules.change(&mut image);
        assert_eq!(image, "r/a/shop:1");
    }

    #[test]
    fn a_row_that_says_nothing_is_named() {
        for row in ["v1:v2", "", ",new", "old,", " , "] {
            let why = read(&[("case1", "a,b"), ("case2", row)]).unwrap_err();
            assert!(why.contains("`images`") && why.contains("`case2`"), "{why}");
        }
        let two = [ConfigMap::default(), ConfigMap::default()];
        assert!(Rules::of(&two).unwrap_err().contains("more than one"));
        assert_eq!(Rules::of(&[]), Ok(Rules::default()));
    }
}
