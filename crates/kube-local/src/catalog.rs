//! Which resources are served: the built-in table and what CRDs add to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::error::About;
use crate::schema::{Shape, builtin_kind, shape_of_crd};

static RESOURCES: &str = include_str!("../data/resources.txt");

/// What every stored resource can do, unless its table line says less.
pub(crate) const ALL_VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// A served resource in one version.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    /// The plural name in paths.
    pub(crate) name: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<String>,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
    pub(crate) shape: Shape,
    /// Set for custom resources.
    pub(crate) custom: Option<Arc<Custom>>,
    /// The collection its objects lie in, shared by the versions of a resource.
    pub(crate) collection: String,
}

/// `pods/status` and its like.
#[derive(Debug, Clone)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Group and version of the kind, where they are not the resource's own.
    pub(crate) at: Option<(String, String)>,
    pub(crate) verbs: Vec<String>,
}

/// What a CRD says of one version of a custom resource.
#[derive(Debug)]
pub(crate) struct Custom {
    /// The name of the CRD.
    pub(crate) crd: String,
    pub(crate) schema: Value,
    pub(crate) storage_version: String,
    pub(crate) webhook_conversion: Option<String>,
    pub(crate) printer_columns: Vec<Value>,
    pub(crate) selectable: Vec<String>,
    pub(crate) scale: Option<Value>,
    pub(crate) warning: Option<String>,
}

impl Resource {
    pub(crate) fn group_version(&self) -> String {
        group_version(&self.group, &self.version)
    }

    /// For messages that name the resource.
    pub(crate) fn about(&self) -> About<'_> {
        About {
            group: &self.group,
            what: &self.name,
        }
    }

    /// For messages that name the kind.
    pub(crate) fn about_kind(&self) -> About<'_> {
        About {
            group: &self.group,
            what: &self.kind,
        }
    }

    pub(crate) fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    pub(crate) fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// Is it this built-in resource (in any version)?
    pub(crate) fn is(&self, group: &str, name: &str) -> bool {
        self.custom.is_none() && self.group == group && self.name == name
    }
}

/// `apps/v1`, or `v1` for the core group.
pub(crate) fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// Splits `apps/v1` and `v1`.
pub(crate) fn split_group_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

type ByPath = HashMap<(String, String, String), Arc<Resource>>;

static BUILTIN: LazyLock<Vec<Arc<Resource>>> = LazyLock::new(read_builtin);

/// All served resources.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    by_path: ByPath,
    /// In the order discovery prints them.
    order: Vec<Arc<Resource>>,
    /// Group, then versions as CRDs declare them.
    custom: BTreeMap<String, Vec<Arc<Resource>>>,
}

impl Catalog {
    pub(crate) fn new() -> Self {
        let mut catalog = Self {
            order: BUILTIN.clone(),
            ..Self::default()
        };
        catalog.index();
        catalog
    }

    pub(crate) fn is_builtin_group(&self, group: &str) -> bool {
        self.order.iter().any(|r| r.group == group)
    }

    /// The resource whose objects lie in a collection, in the version they are stored in.
    pub(crate) fn of_collection(&self, collection: &str) -> Option<&Arc<Resource>> {
        self.all().find(|r| {
            r.collection == collection
                && (r.custom.as_ref()).is_none_or(|custom| custom.storage_version == r.version)
        })
    }

    pub(crate) fn find(&self, group: &str, version: &str, name: &str) -> Option<&Arc<Resource>> {
        self.by_path
            .get(&(group.to_owned(), version.to_owned(), name.to_owned()))
    }

    /// Built-in resources in table order, then custom ones by group.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.order.iter().chain(self.custom.values().flatten())
    }

    /// The collections that hold namespaced objects, each with one resource to speak of it by.
    pub(crate) fn namespaced_collections(&self) -> BTreeMap<String, Arc<Resource>> {
        self.all()
            .filter(|r| r.namespaced && r.allows("delete"))
            .map(|r| (r.collection.clone(), Arc::clone(r)))
            .collect()
    }

    /// Serves what an established CRD defines; replaces what it defined before.
    pub(crate) fn add_crd(&mut self, crd: &Value) {
        let name = crd["metadata"]["name"].as_str().unwrap_or_default();
        self.remove_crd(name);
        let resources = resources_of_crd(crd);
        if let Some(first) = resources.first() {
            let entry = self.custom.entry(first.group.clone()).or_default();
            entry.extend(resources.into_iter().map(Arc::new));
            entry.sort_by(|a, b| {
                version_order(&a.version, &b.version).then_with(|| a.name.cmp(&b.name))
            });
        }
        self.index();
    }

    pub(crate) fn remove_crd(&mut self, name: &str) {
        for resources in self.custom.values_mut() {
            resources.retain(|r| r.custom.as_ref().is_none_or(|c| c.crd != name));
        }
        self.custom.retain(|_, resources| !resources.is_empty());
        self.index();
    }

    fn index(&mut self) {
        let by_path = self
            .all()
            .map(|r| {
                (
                    (r.group.clone(), r.version.clone(), r.name.clone()),
                    Arc::clone(r),
                )
            })
            .collect();
        self.by_path = by_path;
    }
}

/// GA before beta before alpha, then the higher number: `v2 v1 v1beta2 v1beta1 v1alpha1 foo`.
pub(crate) fn version_order(a: &str, b: &str) -> std::cmp::Ordering {
    fn rank(version: &str) -> Option<(u8, u32, u32)> {
        let rest = version.strip_prefix('v')?;
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let major = rest[..digits].parse().ok()?;
        let stage = &rest[digits..];
        if stage.is_empty() {
            Some((3, major, 0))
        } else if let Some(minor) = stage.strip_prefix("beta") {
            Some((2, major, minor.parse().ok()?))
        } else {
            Some((1, major, stage.strip_prefix("alpha")?.parse().ok()?))
        }
    }
    rank(b).cmp(&rank(a)).then_with(|| a.cmp(b))
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}

fn verbs(list: &str) -> Vec<String> {
    if list == "*" {
        ALL_VERBS.iter().map(|v| (*v).to_owned()).collect()
    } else {
        words(list)
    }
}

fn read_builtin() -> Vec<Arc<Resource>> {
    let mut resources: Vec<Resource> = Vec::new();
    for line in RESOURCES.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(' ');
        let mut next = || fields.next().unwrap_or_default();
        let (gv, name, kind, scope, singular) = (next(), next(), next(), next(), next());
        let options: HashMap<&str, &str> = fields.filter_map(|f| f.split_once('=')).collect();
        let option = |key: &str| options.get(key).copied().map(words).unwrap_or_default();
        let allowed = verbs(options.get("verbs").copied().unwrap_or_default());
        if let Some((_, subresource)) = name.split_once('/') {
            if let Some(parent) = resources.last_mut() {
                parent.subresources.push(Subresource {
                    name: subresource.to_owned(),
                    kind: kind.to_owned(),
                    at: options
                        .get("at")
                        .and_then(|at| at.split_once('/'))
                        .map(|(g, v)| (g.to_owned(), v.to_owned())),
                    verbs: allowed,
                });
            }
            continue;
        }
        let (group, version) = gv.split_once('/').unwrap_or(("", gv));
        // Both groups of Event are views of the same objects.
        let collection = match (group, name) {
            ("events.k8s.io", "events") | ("", _) => name.to_owned(),
            _ => format!("{name}.{group}"),
        };
        resources.push(Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            name: name.to_owned(),
            singular: singular.to_owned(),
            kind: kind.to_owned(),
            list_kind: format!("{kind}List"),
            namespaced: scope == "N",
            verbs: allowed,
            short_names: option("short"),
            categories: option("in"),
            subresources: Vec::new(),
            shape: builtin_kind(format!("{gv}/{kind}").trim_start_matches('/'))
                .or_else(|| builtin_kind(&format!("/{version}/{kind}")))
                .unwrap_or(Shape::Any),
            custom: None,
            collection,
        });
    }
    resources.into_iter().map(Arc::new).collect()
}

fn resources_of_crd(crd: &Value) -> Vec<Resource> {
    let spec = &crd["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(text).collect()
    };
    let versions = || spec["versions"].as_array().into_iter().flatten();
    let storage_version = versions()
        .find(|v| v["storage"] == true)
        .map(|v| text(&v["name"]))
        .unwrap_or_default();
    let webhook_conversion =
        (spec["conversion"]["strategy"] == "Webhook").then(|| webhook_address(&spec["conversion"]));
    let mut current: Vec<String> = versions()
        .filter(|v| v["served"] == true && v["deprecated"] != true)
        .map(|v| text(&v["name"]))
        .collect();
    current.sort_by(|a, b| version_order(a, b));
    let newest = current.first().cloned();
    let (group, names) = (text(&spec["group"]), &spec["names"]);
    let plural = text(&names["plural"]);
    versions()
        .filter(|version| version["served"] == true)
        .map(|version| {
            let schema = version["schema"]["openAPIV3Schema"].clone();
            let subresource = |name: &str, kind: &str, at: Option<(&str, &str)>| Subresource {
                name: name.to_owned(),
                kind: kind.to_owned(),
                at: at.map(|(g, v)| (g.to_owned(), v.to_owned())),
                verbs: vec!["get".into(), "patch".into(), "update".into()],
            };
            let mut subresources = Vec::new();
            if version["subresources"]["status"].is_object() {
                subresources.push(subresource("status", &text(&names["kind"]), None));
            }
            if version["subresources"]["scale"].is_object() {
                subresources.push(subresource("scale", "Scale", Some(("autoscaling", "v1"))));
            }
            let deprecated = version["deprecated"] == true;
            Resource {
                group: group.clone(),
                version: text(&version["name"]),
                name: plural.clone(),
                singular: text(&names["singular"]),
                kind: text(&names["kind"]),
                list_kind: text(&names["listKind"]),
                namespaced: spec["scope"] == "Namespaced",
                // The order the server prints for custom resources.
                verbs: [
                    "delete",
                    "deletecollection",
                    "get",
                    "list",
                    "patch",
                    "create",
                    "update",
                    "watch",
                ]
                .map(str::to_owned)
                .to_vec(),
                short_names: list(&names["shortNames"]),
                categories: list(&names["categories"]),
                subresources,
                shape: shape_of_crd(&schema),
                custom: Some(Arc::new(Custom {
                    crd: text(&crd["metadata"]["name"]),
                    schema,
                    storage_version: storage_version.clone(),
                    webhook_conversion: webhook_conversion.clone(),
                    printer_columns: version["additionalPrinterColumns"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default(),
                    selectable: version["selectableFields"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|field| text(&field["jsonPath"]))
                        .collect(),
                    scale: version["subresources"].get("scale").cloned(),
                    warning: deprecated.then(|| {
                        version["deprecationWarning"].as_str().map_or_else(
                            || {
                                let kind = text(&names["kind"]);
                                let old = text(&version["name"]);
                                let mut warning = format!("{group}/{old} {kind} is deprecated");
                                if let Some(newer) = &newest {
                                    warning.push_str(&format!("; use {group}/{newer} {kind}"));
                                }
                                warning
                            },
                            str::to_owned,
                        )
                    }),
                })),
                collection: format!("{plural}.{group}"),
            }
        })
        .collect()
}

fn webhook_address(conversion: &Value) -> String {
    let client = &conversion["webhook"]["clientConfig"];
    let text = |value: &Value, or: &str| value.as_str().unwrap_or(or).to_owned();
    if let Some(url) = client["url"].as_str() {
        return url.to_owned();
    }
    let service = &client["service"];
    format!(
        "https://{}.{}.svc:{}{}",
        text(&service["name"], ""),
        text(&service["namespace"], ""),
        service["port"].as_u64().unwrap_or(443),
        text(&service["path"], "/"),
    )
}
