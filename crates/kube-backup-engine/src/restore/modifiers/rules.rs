//! All rules of a document.

use serde::Deserialize;
use serde_json::Value;

use super::rule::{Rule, WrittenRule};
use crate::restore::Transformed;
use crate::{Error, ObjectId, Result};

/// Rules that change objects as they are restored, in the format of Velero's resource modifiers.
///
/// ```no_run
/// # fn example(restore: kube_backup_engine::restore::Restore) -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::restore::ResourceModifiers;
///
/// let rules = ResourceModifiers::read(
///     "version: v1
/// resourceModifierRules:
/// - conditions: {groupResource: deployments.apps, namespaces: [shop]}
///   patches: [{operation: replace, path: /spec/replicas, value: '1'}]",
/// )?;
/// let restore = restore.with_transform("resource modifiers", move |id, object| rules.apply(id, object));
/// # let _ = restore;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ResourceModifiers(Vec<Rule>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    version: String,
    resource_modifier_rules: Vec<Value>,
}

impl ResourceModifiers {
    /// Reads them from YAML or JSON: what the one key of Velero's ConfigMap holds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with the number of the rule and what is wrong with it.
    pub fn read(text: &str) -> Result<Self> {
        let invalid =
            |why: String| Error::invalid(format!("read rules that change objects: {why}"));
        let document: Document =
            serde_norway::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if document.version != "v1" {
            return Err(invalid(format!(
                "version `{}` is not known: it is v1",
                document.version
            )));
        }
        let rules = document.resource_modifier_rules.into_iter().zip(1..);
        let rules = rules.map(|(rule, number)| {
            let written: Result<WrittenRule, _> = serde_json::from_value(rule);
            let checked = written
                .map_err(|error| error.to_string())
                .and_then(WrittenRule::checked);
            checked.map_err(|why| invalid(format!("rule {number}: {why}")))
        });
        Ok(Self(rules.collect::<Result<_>>()?))
    }

    /// Changes an object by the rules that are about it, one after the other: a step for
    /// [`Restore::with_transform`](crate::restore::Restore::with_transform).
    ///
    /// # Errors
    ///
    /// The number of the rule that cannot be applied to it, and why.
    pub fn apply(&self, id: &ObjectId, object: Value) -> Result<Transformed> {
        // Conditions are about the object before any rule changed it.
        let about = self
            .0
            .iter()
            .zip(1..)
            .filter(|(rule, _)| rule.is_about(id, &object));
        let about: Vec<_> = about.collect();
        let mut changed = object;
        for (rule, number) in about {
            let done = rule.change(id, &mut changed);
            done.map_err(|why| Error::invalid(format!("apply rule {number}: {why}")))?;
        }
        Ok(Transformed::Object(changed))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(kind: &str, namespace: &str, name: &str) -> ObjectId {
        ObjectId {
            resource: kind.parse().unwrap(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        }
    }

    fn changed(rules: &str, id: &ObjectId, object: &Value) -> Result<Value> {
        match ResourceModifiers::read(rules)?.apply(id, object.clone())? {
            Transformed::Object(object) | Transformed::ObjectWith(object, _) => Ok(object),
            Transformed::Skip(why) => panic!("{why}"),
        }
    }

    fn deployment() -> Value {
        json!({
            "metadata": {"name": "web-1", "labels": {"tier": "web"}, "annotations": {"old": "x"}},
            "spec": {"replicas": 3, "template": {"spec": {
                "containers": [{"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}]}, {"name": "log", "image": "l:1"}],
                "tolerations": [{"key": "a"}],
            }}},
        })
    }

    #[test]
    fn all_conditions_must_hold() {
        let of = |conditions: &str| {
            let rules = format!(
                "version: v1\nresourceModifierRules:\n- conditions: {{{conditions}}}\n  patches: [{{operation: replace, path: /spec/replicas, value: \"1\"}}]"
            );
            let id = id("deployments.apps", "shop", "web-1");
            changed(&rules, &id, &deployment()).unwrap()["spec"]["replicas"] == 1
        };
        for (conditions, holds) in [
            ("groupResource: deployments.apps", true),
            ("groupResource: '*.apps'", true),
            ("groupResource: deployments", false),
            (
                "groupResource: deployments.apps, resourceNameRegex: '^web-.*$'",
                true,
            ),
            (
                "groupResource: deployments.apps, resourceNameRegex: '^api'",
                false,
            ),
            (
                "groupResource: deployments.apps, namespaces: [shop, bank]",
                true,
            ),
            (
                "groupResource: deployments.apps, namespaces: [shop-copy]",
                false,
            ),
            (
                "groupResource: deployments.apps, labelSelector: {matchLabels: {tier: web}}",
                true,
            ),
            (
                "groupResource: deployments.apps, labelSelector: {matchLabels: {tier: db}}",
                false,
            ),
            (
                "groupResource: deployments.apps, matches: [{path: /spec/replicas, value: '3'}]",
                true,
            ),
            (
                "groupResource: deployments.apps, matches: [{path: /spec/replicas, value: '\"3\"'}]",
                false,
            ),
            (
                "groupResource: deployments.apps, matches: [{path: /spec/none, value: 'null'}]",
                false,
            ),
        ] {
            assert_eq!(of(conditions), holds, "{conditions}");
        }
    }

    #[test]
    fn each_kind_of_patch_changes_as_it_does_elsewhere() {
        let of = |patch: &str| {
            let rules = format!(
                "version: v1\nresourceModifierRules:\n- conditions: {{groupResource: deployments.apps}}\n  {patch}"
            );
            changed(
                &rules,
                &id("deployments.apps", "shop", "web-1"),
                &deployment(),
            )
        };
        // A failing test leaves everything as it is, also what came before it.
        let tested = "patches: [{operation: replace, path: /spec/replicas, value: '9'}, {operation: test, path: /spec/replicas, value: '3'}]";
        assert_eq!(of(tested).unwrap(), deployment());
        let copied = of(
            "patches: [{operation: copy, from: /metadata/name, path: /metadata/annotations/name}]",
        )
        .unwrap();
        assert_eq!(copied["metadata"]["annotations"]["name"], "web-1");
        assert!(of("patches: [{operation: replace, path: /spec/none/deep, value: a}]").is_err());
        let merged = of("mergePatches: [{patchData: '{\"metadata\": {\"annotations\": {\"old\": null, \"new\": \"y\"}}}'}]").unwrap();
        assert_eq!(merged["metadata"]["annotations"], json!({"new": "y"}));
        let strategic = "strategicPatches:\n  - patchData: |\n      spec:\n        template:\n          spec:\n            containers:\n            - name: app\n              image: b:2\n              env: [{name: B, value: '2'}]\n            - name: log\n              $patch: delete\n            tolerations: []";
        let pod = &of(strategic).unwrap()["spec"]["template"]["spec"];
        assert_eq!(
            pod["containers"],
            json!([{"name": "app", "image": "b:2", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}])
        );
        assert_eq!(pod["tolerations"], json!([]));
    }

    #[test]
    fn rules_see_the_object_as_it_was_before_all_of_them() {
        let rules = "version: v1\nresourceModifierRules:\n- conditions: {groupResource: deployments.apps}\n  patches: [{operation: replace, path: /spec/replicas, value: '5'}]\n- conditions: {groupResource: deployments.apps, matches: [{path: /spec/replicas, value: '5'}]}\n  patches: [{operation: add, path: /spec/paused, value: 'true'}]";
        let object = changed(
            rules,
            &id("deployments.apps", "shop", "web-1"),
            &deployment(),
        )
        .unwrap();
        assert_eq!(
            (
                object["spec"]["replicas"].as_i64(),
                object["spec"].get("paused")
            ),
            (Some(5), None)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_the_number_of_its_rule() {
        for rules in [
            "version: v2\nresourceModifierRules: []",
            "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}",
            "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches: [{operation: paint, path: /a}]",
            "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods, resourceNameRegex: '('}\n  patches: [{operation: remove, path: /a}]",
            "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods, colour: red}\n  patches: [{operation: remove, path: /a}]",
            "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  mergePatches: [{patchData: '[1]'}]",
            "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches: [{operation: remove, path: /a}]\n  mergePatches: [{patchData: '{}'}]",
        ] {
            let error = ResourceModifiers::read(rules).unwrap_err().to_string();
            assert!(
                error.contains("rule 1") || error.contains("version `v2`"),
                "{error}"
            );
        }
    }
}
