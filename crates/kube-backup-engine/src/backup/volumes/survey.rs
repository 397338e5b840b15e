//! The claims that a backup is about, with their volumes and the Pods that use them, at the point in time of
//! the objects.

use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim};
use serde::de::DeserializeOwned;

use super::pods::{Use, Uses, uses_of};
use crate::backup::plan::jobs_of;
use crate::backup::scope::Scope;
use crate::cluster::list::{Item, ListReader};
use crate::cluster::reader::ClusterReader;
use crate::format::labels;
use crate::kinds::names::{CLAIMS, Kind, PODS, VOLUMES};
use crate::resource::{ApiResource, full_name};
use crate::volumes::{Mount, Volume};
use crate::{Error, Results};

/// A claim, its volume, and who uses it.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    /// With a volume without a name where the claim is bound to none.
    pub(crate) volume: Volume,
    /// Why there is no volume whose data could be kept.
    pub(crate) unusable: Option<String>,
    /// The Pods that name the claim.
    pub(crate) uses: Vec<Use>,
}

/// All claims in the scope of a backup, by namespace and name.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) claims: Vec<Claimed>,
    /// What could not be read.
    pub(crate) results: Results,
}

/// What Pods say, and the claims of those that are chosen.
#[derive(Default)]
struct OfPods {
    uses: HashMap<String, Vec<Use>>,
    mounted_by_chosen: HashSet<String>,
    warnings: BTreeMap<String, Vec<String>>,
}

impl Survey {
    pub(crate) async fn of(api: &ClusterReader, scope: &Scope<'_>) -> Self {
        let mut survey = Self::default();
        if !is_about_claims(scope) {
            return survey;
        }
        let takes_pods = scope.kinds.is_chosen(&PODS.group_resource());
        let mut of_pods = OfPods::default();
        let mut volumes: HashMap<String, Result<PersistentVolume, String>> = HashMap::new();
        let mut claims = Vec::new();
        let (pods_read, volumes_read, claims_read) = tokio::join!(
            list(api, scope, PODS, "Pod", |item| {
                of_pods.note(&item, takes_pods && is_wanted(scope, &item));
            }),
            list(api, scope, VOLUMES, "PersistentVolume", |item| {
                volumes.insert(item.head.name.clone(), parsed(&item));
            }),
            list(api, scope, CLAIMS, "PersistentVolumeClaim", |item| claims
                .push(item)),
        );
        let OfPods {
            mut uses,
            mounted_by_chosen,
            warnings,
        } = of_pods;
        survey.results.warnings.namespaces = warnings;
        for (kind, messages) in [
            (PODS, pods_read),
            (VOLUMES, volumes_read),
            (CLAIMS, claims_read),
        ] {
            let then = match kind == PODS {
                true => "which of them use which volumes is not known",
                false => "without them the data of volumes is not kept",
            };
            let messages = messages.into_iter();
            let messages = messages.map(|why| format!("{} {why}; {then}", kind.resource));
            survey.results.errors.cluster.extend(messages);
        }
        let takes_claims = scope.kinds.is_chosen(&CLAIMS.group_resource());
        let mut by_name = BTreeMap::new();
        for item in claims {
            let head = &item.head;
            let name = full_name(head.namespace.as_deref(), &head.name);
            if head.terminating || scope.filter.excludes_labels(&head.labels) {
                continue;
            }
            if takes_claims && is_wanted(scope, &item) || mounted_by_chosen.contains(&name) {
                let claimed = claimed(&item, &volumes, uses.remove(&name).unwrap_or_default());
                by_name.insert(name, claimed);
            }
        }
        survey.claims = by_name.into_values().collect();
        survey
    }
}

impl OfPods {
    fn note(&mut self, item: &Item, is_chosen: bool) {
        let namespace = item.head.namespace.clone().unwrap_or_default();
        let found = uses_of(item.raw()).unwrap_or_else(|why| Uses {
            claims: Vec::new(),
            messages: vec![format!(
                "pods {namespace}/{}: which volumes it uses cannot be read: {why}",
                item.head.name
            )],
        });
        for (claim, it) in found.claims {
            if is_chosen {
                self.mounted_by_chosen.insert(claim.clone());
            }
            self.uses.entry(claim).or_default().push(it);
        }
        if !found.messages.is_empty() {
            let warnings = self.warnings.entry(namespace).or_default();
            warnings.extend(found.messages);
        }
    }
}

/// Whether an object of a chosen kind and namespace is in the archive.
fn is_wanted(scope: &Scope<'_>, item: &Item) -> bool {
    let head = &item.head;
    !head.terminating && scope.filter.wants_object(&head.name, &head.labels)
}

/// Whether the archive can hold claims at all.
fn is_about_claims(scope: &Scope<'_>) -> bool {
    let claims = CLAIMS.group_resource();
    scope.kinds.is_chosen(&claims) || scope.kinds.comes_along(&claims)
}

/// Hands out the objects of a kind in the chosen namespaces, or of the cluster. Returns what could not be read.
async fn list(
    api: &ClusterReader,
    scope: &Scope<'_>,
    kind: Kind,
    name: &str,
    mut each: impl FnMut(Item),
) -> Vec<String> {
    let resource = ApiResource::core(kind.resource, name, kind.namespaced);
    let jobs = jobs_of(
        std::slice::from_ref(&resource),
        &scope.chosen,
        scope.namespaces.len(),
    );
    let mut messages = Vec::new();
    for job in jobs {
        let namespace = job.namespace.as_deref();
        let version = Some(scope.resource_version.as_str());
        let mut list = ListReader::new(api, &resource, namespace, None, version);
        loop {
            match list.next().await {
                Ok(Some(items)) => {
                    let is_chosen = |item: &Item| {
                        let namespace = item.head.namespace.as_ref();
                        namespace.is_none_or(|it| scope.chosen.contains(it))
                    };
                    items.into_iter().filter(is_chosen).for_each(&mut each);
                }
                Ok(None) => break,
                Err(failure) => {
                    messages.push(format!("could not be listed: {failure}"));
                    break;
                }
            }
        }
        messages.extend(list.unreadable.iter().map(ToString::to_string));
    }
    messages
}

fn parsed<T: DeserializeOwned>(item: &Item) -> Result<T, String> {
    serde_json::from_slice(item.raw()).map_err(|error| {
        let error = Error::corrupt("it cannot be read").with_source(error);
        error.chain()
    })
}

/// A claim with the volume that it is bound to.
fn claimed(
    item: &Item,
    volumes: &HashMap<String, Result<PersistentVolume, String>>,
    uses: Vec<Use>,
) -> Claimed {
    let mut unusable = None;
    let claim = parsed(item).unwrap_or_else(|why| {
        unusable = Some(why);
        let mut claim = PersistentVolumeClaim::default();
        claim.metadata.namespace.clone_from(&item.head.namespace);
        claim.metadata.name = Some(item.head.name.clone());
        claim
    });
    let bound_to = claim
        .spec
        .as_ref()
        .and_then(|spec| spec.volume_name.as_ref());
    let phase = claim
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let mut volume = PersistentVolume::default();
    match (bound_to, bound_to.and_then(|name| volumes.get(name))) {
        _ if unusable.is_some() => {}
        (None, _) => {
            let phase = phase.unwrap_or("unknown");
            unusable = Some(format!("it is bound to no volume; its phase is `{phase}`"));
        }
        (Some(name), None) => {
            unusable = Some(format!("its volume `{name}` is not in the cluster"));
        }
        (Some(name), Some(Err(why))) => unusable = Some(format!("its volume `{name}`: {why}")),
        (Some(name), Some(Ok(found))) => {
            let claim_ref = found.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
            match claim_ref {
                Some(reference) if !is_of(reference, &claim) => {
                    let (namespace, other) = (&reference.namespace, &reference.name);
                    unusable = Some(format!(
                        "its volume `{name}` is bound to another claim, `{}`",
                        full_name(namespace.as_deref(), other.as_deref().unwrap_or_default())
                    ));
                }
                // One that is not bound yet has never been mounted.
                Some(_) if phase == Some("Bound") => volume.clone_from(found),
                _ => unusable = Some(format!("it is not bound to its volume `{name}` yet")),
            }
        }
    }
    let mounts = uses.iter().filter_map(Use::mount).collect::<Vec<Mount>>();
    Claimed {
        volume: Volume::new(volume, claim).mounted_by(mounts),
        unusable,
        uses,
    }
}

/// Whether a volume's reference is to this claim, and not to one of its name that there was before.
fn is_of(reference: &ObjectReference, claim: &PersistentVolumeClaim) -> bool {
    let metadata = &claim.metadata;
    reference.namespace == metadata.namespace
        && reference.name == metadata.name
        && (reference.uid.is_none() || reference.uid == metadata.uid)
}

/// Whether the data of a claim's volume is to be left alone, by the label for that.
pub(super) fn opts_out(claim: &PersistentVolumeClaim) -> bool {
    let labels = claim.metadata.labels.as_ref();
    labels.is_some_and(|labels| {
        labels
            .get(labels::SKIP_VOLUME_DATA)
            .is_some_and(|it| it == "true")
    })
}
