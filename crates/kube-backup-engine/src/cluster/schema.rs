//! What a server keeps of an object, told by its own description of the kind: for when it cannot be asked by
//! a dry run.
//!
//! Of custom resources that is the schema in the definition, by the server's own rules of pruning
//! (apiextensions-apiserver, pkg/apiserver/schema/pruning); of all other kinds the OpenAPI document of their
//! group, which lists every field the server knows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::StreamExt as _;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::path::{path, path_of_definition};
use super::reader::ClusterReader;
use crate::pointer::push_step;
use crate::{ApiResource, GroupResource};

const JSON: &str = "application/json";
/// Documents asked for at once.
const PARALLEL: usize = 4;

/// What a server keeps of the objects of some kinds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schemas(HashMap<(GroupResource, String), KindSchema>);

/// What is kept of one kind in one version.
#[derive(Debug, Clone)]
enum KindSchema {
    /// All of it.
    Everything,
    Structural(Arc<Node>),
    OpenApi {
        document: Arc<BTreeMap<String, Node>>,
        name: String,
    },
}

/// As much of a schema as says which fields there are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "allOf")]
    all_of: Vec<Node>,
    properties: BTreeMap<String, Node>,
    #[serde(rename = "additionalProperties")]
    additional: Option<Additional>,
    items: Option<Box<Node>>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    preserves_unknown: Option<bool>,
    #[serde(rename = "x-kubernetes-embedded-resource")]
    is_resource: Option<bool>,
    #[serde(rename = "x-kubernetes-group-version-kind")]
    kinds: Vec<NodeKind>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Additional {
    Any(bool),
    Of(Box<Node>),
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct NodeKind {
    group: String,
    version: String,
    kind: String,
}

#[derive(Deserialize)]
struct Definition {
    spec: DefinitionSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionSpec {
    group: String,
    names: DefinitionNames,
    #[serde(default)]
    preserve_unknown_fields: bool,
    versions: Vec<DefinitionVersion>,
}

#[derive(Deserialize)]
struct DefinitionNames {
    plural: String,
}

#[derive(Deserialize)]
struct DefinitionVersion {
    name: String,
    #[serde(default)]
    schema: VersionSchema,
}

#[derive(Default, Deserialize)]
struct VersionSchema {
    #[serde(default, rename = "openAPIV3Schema")]
    root: Option<Node>,
}

#[derive(Deserialize)]
struct OpenApi {
    #[serde(default)]
    components: Components,
}

#[derive(Default, Deserialize)]
struct Components {
    #[serde(default)]
    schemas: BTreeMap<String, Node>,
}

impl Schemas {
    /// Asks the server for its definitions and documents of these kinds; returns what could not be read,
    /// too. Nothing is known of such a kind.
    pub(crate) async fn load(api: &ClusterReader, kinds: &[ApiResource]) -> (Self, Vec<String>) {
        let mut schemas = Self::default();
        let mut unread = Vec::new();
        // The group of a definition is a domain.
        let of_definitions: BTreeSet<GroupResource> = kinds
            .iter()
            .filter(|kind| kind.group.contains('.'))
            .map(ApiResource::group_resource)
            .collect();
        let mut undefined = BTreeSet::new();
        let mut found = futures::stream::iter(of_definitions)
            .map(|kind| async move {
                let definition = definition_of(api, &kind).await;
                (kind, definition)
            })
            .buffer_unordered(PARALLEL);
        while let Some((kind, definition)) = found.next().await {
            match definition {
                Ok(Some(definition)) => schemas.add(definition),
                Ok(None) => drop(undefined.insert(kind)),
                Err(failure) => unread.push(failure.to_string()),
            }
        }
        drop(found);
        let is_undefined = |kind: &&ApiResource| {
            !kind.group.contains('.') || undefined.contains(&kind.group_resource())
        };
        let of_documents: Vec<&ApiResource> = kinds.iter().filter(is_undefined).collect();
        let versions: BTreeSet<String> =
            of_documents.iter().map(|kind| kind.api_version()).collect();
        let mut found = futures::stream::iter(versions)
            .map(|version| async move {
                let document = document_of(api, &version).await;
                (version, document)
            })
            .buffer_unordered(PARALLEL);
        while let Some((version, document)) = found.next().await {
            match document {
                Ok(document) => {
                    let document = Arc::new(document);
                    for kind in of_documents
                        .iter()
                        .filter(|kind| kind.api_version() == version)
                    {
                        schemas.add_document(&document, kind);
                    }
                }
                Err(failure) => unread.push(failure.to_string()),
            }
        }
        drop(found);
        (schemas, unread)
    }

    /// Takes in what others say of other kinds.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Takes in what a definition keeps that is about to be in the cluster.
    pub(crate) fn add_definition(&mut self, definition: &Value) {
        if let Ok(definition) = Definition::deserialize(definition) {
            self.add(definition);
        }
    }

    fn add(&mut self, definition: Definition) {
        let DefinitionSpec {
            group,
            names,
            preserve_unknown_fields,
            versions,
        } = definition.spec;
        let kind = GroupResource::new(&group, names.plural);
        for version in versions {
            let schema = match version.schema.root {
                Some(root) if !preserve_unknown_fields => KindSchema::Structural(Arc::new(root)),
                _ => KindSchema::Everything,
            };
            let key = (kind.clone(), format!("{group}/{}", version.name));
            self.0.insert(key, schema);
        }
    }

    fn add_document(&mut self, document: &Arc<BTreeMap<String, Node>>, resource: &ApiResource) {
        let kind = NodeKind {
            group: resource.group.clone(),
            version: resource.version.clone(),
            kind: resource.kind.clone(),
        };
        let named = document.iter().find(|(_, node)| node.kinds.contains(&kind));
        if let Some((name, _)) = named {
            let schema = KindSchema::OpenApi {
                document: Arc::clone(document),
                name: name.clone(),
            };
            let key = (resource.group_resource(), resource.api_version());
            self.0.insert(key, schema);
        }
    }

    /// Calls `found` with the place of every field of `object` that the server would not keep.
    pub(crate) fn unknown(
        &self,
        kind: &GroupResource,
        object: &Value,
        found: &mut impl FnMut(&str),
    ) {
        if self.0.is_empty() {
            return;
        }
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let key = (kind.clone(), version.to_owned());
        let at = &mut String::new();
        match self.0.get(&key) {
            None | Some(KindSchema::Everything) => {}
            Some(KindSchema::Structural(root)) => Walk(None).fields(root, object, true, at, found),
            Some(KindSchema::OpenApi { document, name }) => {
                if let Some(root) = document.get(name) {
                    Walk(Some(document)).fields(root, object, true, at, found);
                }
            }
        }
    }
}

/// A walk over an object and its schema, with the document whose other schemas it may name.
struct Walk<'a>(Option<&'a BTreeMap<String, Node>>);

impl<'a> Walk<'a> {
    fn fields(
        &self,
        node: &'a Node,
        value: &Value,
        is_root: bool,
        at: &mut String,
        found: &mut impl FnMut(&str),
    ) {
        let Some(node) = self.resolved(node) else {
            return;
        };
        let length = at.len();
        match value {
            Value::Object(fields) => {
                let is_resource = is_root || node.is_resource == Some(true);
                for (key, value) in fields {
                    // The server keeps these of every object.
                    if is_resource && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
                        continue;
                    }
                    push_step(at, key);
                    let child = node.properties.get(key).or(match &node.additional {
                        Some(Additional::Of(values)) => Some(values),
                        _ => None,
                    });
                    match child {
                        Some(child) => self.fields(child, value, false, at, found),
                        None if value.is_null() || self.keeps_unknown(node) => {}
                        None => found(at),
                    }
                    at.truncate(length);
                }
            }
            Value::Array(elements) => {
                for (n, element) in elements.iter().enumerate() {
                    if let Some(items) = &node.items {
                        push_step(at, &n.to_string());
                        self.fields(items, element, false, at, found);
                        at.truncate(length);
                    }
                }
            }
            _ => {}
        }
    }

    /// The schema that a node names, if it names one. `None` when that is not in the document, so that
    /// nothing is known.
    fn resolved(&self, mut node: &'a Node) -> Option<&'a Node> {
        let Some(document) = self.0 else {
            return Some(node);
        };
        // A name leads to what is no name; a document in which it does not is no description.
        for _ in 0..8 {
            let of_all = node.all_of.iter().find_map(|node| node.reference.as_ref());
            let Some(reference) = node.reference.as_ref().or(of_all) else {
                return Some(node);
            };
            let (_, name) = reference.rsplit_once('/')?;
            node = document.get(name)?;
        }
        None
    }

    fn keeps_unknown(&self, node: &Node) -> bool {
        node.preserves_unknown == Some(true)
            || matches!(node.additional, Some(Additional::Any(true)))
            // What OpenAPI says nothing of is free in form, such as a template's parameters.
            || self.0.is_some() && node.properties.is_empty()
    }
}

async fn definition_of(
    api: &ClusterReader,
    kind: &GroupResource,
) -> Result<Option<Definition>, Failure> {
    let at = path_of_definition(&kind.to_string());
    let bytes = match api.get(&at, JSON).await {
        Ok((_, bytes)) => bytes,
        Err(failure) if failure.is(StatusCode::NOT_FOUND) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let read = serde_json::from_slice(&bytes).map(Some);
    read.map_err(|error| Failure::unreadable(&at, &error))
}

async fn document_of(
    api: &ClusterReader,
    version: &str,
) -> Result<BTreeMap<String, Node>, Failure> {
    let at = match version.split_once('/') {
        None => path(["openapi", "v3", "api", version]),
        Some((group, version)) => path(["openapi", "v3", "apis", group, version]),
    };
    let (_, bytes) = api.get(&at, JSON).await?;
    let document: OpenApi =
        serde_json::from_slice(&bytes).map_err(|error| Failure::unreadable(&at, &error))?;
    Ok(document.components.schemas)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unknown(schemas: &Schemas, kind: &str, object: &Value) -> Vec<String> {
        let mut places = Vec::new();
        let kind = kind.parse().unwrap();
        schemas.unknown(&kind, object, &mut |at| places.push(at.to_owned()));
        places
    }

    fn of_definition(schema: &Value, preserve: bool) -> Schemas {
        let mut schemas = Schemas::default();
        schemas.add_definition(
            &json!({"spec": {"group": "example.com", "names": {"plural": "carts"},
            "preserveUnknownFields": preserve,
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}),
        );
        schemas
    }

    #[test]
    fn a_definition_keeps_what_it_has_and_what_it_is_told_to() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "known": {"type": "integer"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"strict": {"type": "object"}}},
            "values": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {}}}},
            "any": {"type": "object", "additionalProperties": true},
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
            "resource": {"type": "object", "x-kubernetes-embedded-resource": true}}}}});
        let object = json!({"apiVersion": "example.com/v1", "kind": "Cart", "metadata": {"x": 1},
            "status": {"gone": 1}, "spec": {"known": 1, "gone": 1, "nothing": null,
                "free": {"kept": {"deep": 1}, "strict": {"gone": 1}},
                "values": {"k": {"a": 1, "gone": 1}}, "any": {"kept": 1},
                "list": [{"a": 1}, {"a/b": 1}],
                "resource": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "gone": 1}}});
        let expected = [
            "/spec/free/strict/gone",
            "/spec/gone",
            "/spec/list/1/a~1b",
            "/spec/resource/gone",
            "/spec/values/k/gone",
            "/status",
        ];
        let mut found = unknown(&of_definition(&schema, false), "carts.example.com", &object);
        found.sort();
        assert_eq!(found, expected);
        assert!(unknown(&of_definition(&schema, true), "carts.example.com", &object).is_empty());
        assert!(
            unknown(
                &of_definition(&schema, false),
                "others.example.com",
                &object
            )
            .is_empty()
        );
    }

    #[test]
    fn openapi_names_every_field_of_a_kind() {
        let document: OpenApi = serde_json::from_value(json!({"components": {"schemas": {
            "Pod": {"properties": {"spec": {"allOf": [{"$ref": "#/components/schemas/Spec"}], "default": {}}},
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}]},
            "Spec": {"properties": {"name": {"type": "string"}, "raw": {"$ref": "#/components/schemas/Raw"},
                "lost": {"$ref": "#/components/schemas/Nowhere"},
                "round": {"$ref": "#/components/schemas/Round"}}},
            "Round": {"$ref": "#/components/schemas/Round"},
            "Raw": {"type": "object"}}}}))
        .unwrap();
        let mut schemas = Schemas::default();
        let pods = ApiResource {
            group: String::new(),
            version: "v1".into(),
            kind: "Pod".into(),
            plural: "pods".into(),
            singular: String::new(),
            short_names: Vec::new(),
            namespaced: true,
            verbs: Vec::new(),
            subresources: Vec::new(),
        };
        schemas.add_document(&Arc::new(document.components.schemas), &pods);
        let object = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"name": "a", "gone": 1,
            "raw": {"kept": 1}, "lost": {"x": 1}, "round": {"x": 1}}});
        assert_eq!(unknown(&schemas, "pods", &object), ["/spec/gone"]);
    }
}
